/** A stretch of time in epoch milliseconds, the end excluded. */
export type Interval = { readonly fromMs: number; readonly toMs: number }

/** The nearest-rank percentile of exact samples, or null without any. `share`: 0.5 for the median. */
export function percentile(samples: readonly number[], share: number): number | null {
  const sorted = samples.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null
}

type Occupancy = {
  /** The most intervals that ever overlapped. */
  readonly peak: number
  /** At how many arrivals more than `capacity` were inside. */
  readonly overCapacityInstants: number
}

/** Who ends in the same millisecond in which another begins makes room for it. Empty intervals count for nothing. */
export function occupancyOf(intervals: readonly Interval[], capacity: number): Occupancy {
  const edges = intervals
    .filter(({ fromMs, toMs }) => fromMs < toMs)
    .flatMap(({ fromMs, toMs }) => [
      { atMs: fromMs, change: 1 },
      { atMs: toMs, change: -1 },
    ])
    .toSorted((a, b) => a.atMs - b.atMs || a.change - b.change)
  let inside = 0
  let peak = 0
  let overCapacityInstants = 0
  for (const { change } of edges) {
    inside += change
    peak = Math.max(peak, inside)
    if (change > 0 && inside > capacity) overCapacityInstants += 1
  }
  return { peak, overCapacityInstants }
}
