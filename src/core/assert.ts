/** Throws when a state that must never exist does: a bug, never an answer to a caller's input. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`)
}

/** The compiler's proof that a switch is exhaustive, and the runtime's if a value arrives from outside. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`)
}
