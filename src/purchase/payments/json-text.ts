/** JSON that somebody else wrote: undefined when it is none, for a schema to refuse. */
export function parseJsonText(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
