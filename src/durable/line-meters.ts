/** Counters and histograms of one line since its object woke. */
import {
  LINE_COUNTERS,
  LINE_HISTOGRAMS,
  type HistogramSnapshot,
  type LineCounter,
  type LineGauge,
  type LineHistogram,
  type LineMetrics,
} from '../ports/lines.ts'

const BOUNDS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

class Histogram {
  readonly #buckets = BOUNDS_SECONDS.map(() => 0)
  #count = 0
  #sumSeconds = 0

  observe(seconds: number): void {
    this.#count += 1
    this.#sumSeconds += seconds
    const bucket = BOUNDS_SECONDS.findIndex((bound) => seconds <= bound)
    if (bucket !== -1) this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1
  }

  snapshot(): HistogramSnapshot {
    let sum = 0
    const cumulative = this.#buckets.map((count) => (sum += count))
    return { boundsSeconds: BOUNDS_SECONDS, cumulative, count: this.#count, sumSeconds: this.#sumSeconds }
  }
}

export class LineMeters {
  readonly #counters = new Map<LineCounter, number>()
  readonly #histograms = new Map<LineHistogram, Histogram>(
    LINE_HISTOGRAMS.map((name) => [name, new Histogram()]),
  )
  #second = 0
  #promotedThisSecond = 0
  #promotedLastSecond = 0

  count(name: LineCounter, by = 1): void {
    this.#counters.set(name, (this.#counters.get(name) ?? 0) + by)
  }

  /** Since the object woke. */
  total(name: LineCounter): number {
    return this.#counters.get(name) ?? 0
  }

  observeMs(name: LineHistogram, ms: number): void {
    this.#histograms.get(name)?.observe(ms / 1_000)
  }

  promoted(count: number, nowMs: number): void {
    this.#turn(nowMs)
    this.#promotedThisSecond += count
    this.count('promotions_total', count)
  }

  /** Admissions of the last whole second: the throughput figure. */
  promotionsPerSecond(nowMs: number): number {
    this.#turn(nowMs)
    return this.#promotedLastSecond
  }

  snapshot(eventId: string, gauges: Readonly<Record<LineGauge, number>>): LineMetrics {
    const counters = Object.fromEntries(LINE_COUNTERS.map((name) => [name, this.total(name)]))
    const histograms = Object.fromEntries(
      [...this.#histograms].map(([name, histogram]) => [name, histogram.snapshot()]),
    )
    return {
      eventId,
      counters: counters as Record<LineCounter, number>,
      gauges,
      histograms: histograms as Record<LineHistogram, HistogramSnapshot>,
    }
  }

  #turn(nowMs: number): void {
    const second = Math.floor(nowMs / 1_000)
    if (second === this.#second) return
    this.#promotedLastSecond = second === this.#second + 1 ? this.#promotedThisSecond : 0
    this.#second = second
    this.#promotedThisSecond = 0
  }
}
