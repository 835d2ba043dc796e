import type { EpochMs } from '../core/time.ts'

/** A wall clock that never goes back: a lease or a grace that has ended once stays ended. */
export class LineClock {
  #latestMs = 0

  nowMs(): EpochMs {
    this.#latestMs = Math.max(this.#latestMs, Date.now())
    return this.#latestMs
  }
}
