/** The parsed text, or null when it is no JSON: a schema then tells what is wrong with it. */
export function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
