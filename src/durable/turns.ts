/**
 * Decisions that come in quick succession are made in one turn of the object, and are written in one transaction: each
 * commit is a write to a disk, or to its replicas, and in a rush the commits are what an object waits for. The first
 * decision after a pause waits for nobody.
 */
export type TurnsTools = {
  readonly nowMs: () => number
  /** Resolves all that wait in one turn: a timer of the platform, whose callback runs their continuations. */
  readonly wait: (ms: number) => Promise<void>
  /** How far turns are apart, and so how long a decision waits at most. */
  readonly everyMs: number
}

export class Turns {
  readonly #tools: TurnsTools
  #lastAtMs = 0
  #next: Promise<void> | null = null

  constructor(tools: TurnsTools) {
    this.#tools = tools
  }

  /** Resolves when it is time to decide; with whoever waits too. */
  turn(): Promise<void> {
    if (this.#next !== null) return this.#next
    const { nowMs, everyMs } = this.#tools
    const pauseMs = this.#lastAtMs + everyMs - nowMs()
    // A clock that was set back makes nobody wait longer.
    if (pauseMs <= 0 || pauseMs > everyMs) {
      this.#lastAtMs = nowMs()
      return Promise.resolve()
    }
    this.#next = this.#after(pauseMs)
    return this.#next
  }

  async #after(pauseMs: number): Promise<void> {
    await this.#tools.wait(pauseMs)
    this.#next = null
    this.#lastAtMs = this.#tools.nowMs()
  }
}
