import type { EpochMs } from '../core/time.ts'

/** The line's clock as a shard knows it: it goes on by the shard's own clock between two answers, and never back. */
export class LineTime {
  readonly #ownNowMs: () => EpochMs
  /** Null before the first answer. */
  #aheadMs: number | null = null
  #latestMs = 0

  constructor(ownNowMs: () => EpochMs) {
    this.#ownNowMs = ownNowMs
  }

  /** The line's clock showed this a moment ago. */
  heard(lineNowMs: EpochMs): void {
    this.#aheadMs = lineNowMs - this.#ownNowMs()
  }

  nowMs(): EpochMs {
    if (this.#aheadMs === null) return this.#ownNowMs()
    this.#latestMs = Math.max(this.#latestMs, this.#ownNowMs() + this.#aheadMs)
    return this.#latestMs
  }
}
