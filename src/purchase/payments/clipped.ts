/** The beginning of a text, in whole characters: half of a pair is no text, and providers refuse it. */
export function clipped(text: string, charsMax: number): string {
  return Array.from(text).slice(0, charsMax).join('')
}
