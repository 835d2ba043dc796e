/** Latencies in an HDR histogram: three significant digits from a microsecond to ten minutes, in constant memory. */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'

const US_PER_MS = 1_000
const LONGEST_US = 600 * 1_000 * US_PER_MS

export type LatencySummary = {
  readonly count: number
  readonly p50Ms: number
  readonly p95Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

export class Latencies {
  readonly #histogram: RecordableHistogram = createHistogram({ lowest: 1, highest: LONGEST_US, figures: 3 })

  /** Measured from the moment the request was meant to be sent, not from when it could be. */
  record(ms: number): void {
    this.#histogram.record(Math.max(1, Math.min(LONGEST_US, Math.round(ms * US_PER_MS))))
  }

  add(other: Latencies): void {
    this.#histogram.add(other.#histogram)
  }

  /** Null when nothing was recorded. */
  summary(): LatencySummary | null {
    const { count, max } = this.#histogram
    if (count === 0) return null
    const at = (percentile: number): number => this.#histogram.percentile(percentile) / US_PER_MS
    return { count, p50Ms: at(50), p95Ms: at(95), p99Ms: at(99), maxMs: max / US_PER_MS }
  }
}
