import type { EpochMs } from '../core/time.ts'

/**
 * A wall clock that never goes back: a lease or a grace that has ended once stays ended. When the platform's clock has
 * jumped back, this one goes on at half speed until the other has caught up, so that nothing stands still meanwhile.
 */
export class LineClock {
  readonly #rawNowMs: () => EpochMs
  #rawMs: EpochMs
  #nowMs: EpochMs

  constructor(rawNowMs: () => EpochMs = Date.now) {
    this.#rawNowMs = rawNowMs
    this.#rawMs = rawNowMs()
    this.#nowMs = this.#rawMs
  }

  nowMs(): EpochMs {
    const rawMs = this.#rawNowMs()
    const passedMs = Math.max(0, rawMs - this.#rawMs)
    this.#rawMs = rawMs
    this.#nowMs = Math.max(rawMs, this.#nowMs + passedMs / 2)
    return Math.floor(this.#nowMs)
  }

  /** When the platform's clock will show what this one shows at `atMs`: how an alarm is set. */
  toRaw(atMs: EpochMs): EpochMs {
    const nowMs = this.nowMs()
    return this.#rawMs + (atMs - nowMs)
  }

  fromRaw(rawMs: EpochMs): EpochMs {
    const nowMs = this.nowMs()
    return nowMs + (rawMs - this.#rawMs)
  }
}
