/** What can be made to go wrong between the Worker and Redis, on purpose, in tests. */

export type FaultSettings = {
  /** Added before each request is executed. */
  readonly delayMs: number
  /** So many requests that succeed are executed and never answered: the connection breaks instead. */
  readonly dropAfterExecute: number
  /** So many requests are not executed: the connection breaks. */
  readonly dropBefore: number
  /** So many requests are not executed and answered with 503. */
  readonly failBefore: number
  /** While true, no request is executed or answered: every connection breaks. */
  readonly outage: boolean
}

export type Verdict = 'execute' | 'drop' | 'fail'

const NO_FAULTS: FaultSettings = {
  delayMs: 0,
  dropAfterExecute: 0,
  dropBefore: 0,
  failBefore: 0,
  outage: false,
}

export class Faults {
  #settings = NO_FAULTS

  /** What is still to happen: the counts fall as it does. */
  get settings(): FaultSettings {
    return this.#settings
  }

  /** Changes the named settings and leaves the others. */
  set(change: Partial<FaultSettings>): void {
    this.#settings = { ...this.#settings, ...change }
  }

  clear(): void {
    this.#settings = NO_FAULTS
  }

  /** Called once for each request before it is executed. */
  judge(): Verdict {
    if (this.#settings.outage || this.#take('dropBefore')) return 'drop'
    return this.#take('failBefore') ? 'fail' : 'execute'
  }

  /** Called once for each request that was executed without an error. */
  losesAnswer(): boolean {
    return this.#take('dropAfterExecute')
  }

  #take(name: 'dropBefore' | 'failBefore' | 'dropAfterExecute'): boolean {
    const left = this.#settings[name]
    if (left === 0) return false
    this.set({ [name]: left - 1 })
    return true
  }
}

/** Reads settings that came as JSON; null when a name or a type is wrong. */
export function parseFaults(json: unknown): Partial<FaultSettings> | null {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return null
  const isKnown = Object.entries(json).every(
    ([name, value]) => name in NO_FAULTS && typeof value === typeof NO_FAULTS[name as keyof FaultSettings],
  )
  return isKnown ? json : null
}
