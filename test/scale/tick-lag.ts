/** How late the line's own ticks were, by its metric: from when an alarm was due to when it ran. */
import { ADMIN_KEY, type TestUsher } from '../support/usher.ts'

type Buckets = ReadonlyMap<string, number>

/** Cumulative counts by upper bound in seconds. */
export async function tickLagBuckets(usher: TestUsher, eventId: string): Promise<Buckets> {
  const response = await fetch(`${usher.url}/metrics`, { headers: { Authorization: `Bearer ${ADMIN_KEY}` } })
  const buckets = new Map<string, number>()
  for (const line of (await response.text()).split('\n')) {
    if (!line.startsWith('usher_tick_lag_seconds_bucket{') || !line.includes(`"${eventId}"`)) continue
    const [, bound, count] = /le="([^"]+)".*\} (\d+)$/.exec(line) ?? []
    if (bound !== undefined) buckets.set(bound, Number(count))
  }
  return buckets
}

/** The smallest bound, in ms, that so many of the ticks between two readings have kept; Infinity beyond the last. */
export function lagWithinMs(before: Buckets, after: Buckets, share: number): number {
  const total = (after.get('+Inf') ?? 0) - (before.get('+Inf') ?? 0)
  for (const [bound, count] of after) {
    if (count - (before.get(bound) ?? 0) >= share * total)
      return Number(bound.replace('+Inf', 'Infinity')) * 1_000
  }
  return Infinity
}
