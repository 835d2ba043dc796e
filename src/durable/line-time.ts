import type { EpochMs } from '../core/time.ts'

/**
 * The line's clock as a shard knows it: it goes on by the shard's own clock between two answers, and never back. After a
 * line that was ahead has started again it goes at half speed until the line has caught up, as LineClock does.
 */
export class LineTime {
  readonly #ownNowMs: () => EpochMs
  /** Null before the first answer. */
  #aheadMs: number | null = null
  #latestMs = 0
  /** By its own clock. */
  #askedAtMs = 0

  constructor(ownNowMs: () => EpochMs) {
    this.#ownNowMs = ownNowMs
  }

  /** The line's clock showed this a moment ago. */
  heard(lineNowMs: EpochMs): void {
    this.#aheadMs = lineNowMs - this.#ownNowMs()
  }

  nowMs(): EpochMs {
    const ownMs = this.#ownNowMs()
    if (this.#aheadMs === null) return ownMs
    const passedMs = Math.max(0, ownMs - this.#askedAtMs)
    this.#askedAtMs = ownMs
    this.#latestMs = Math.max(this.#latestMs + passedMs / 2, ownMs + this.#aheadMs)
    return Math.floor(this.#latestMs)
  }
}
