import type { EpochMs } from './time.ts'

/** Something that a wheel may hold: it remembers the one bucket in which it counts, or NO_SECOND. */
export type Timed = { wheelSecond: number }

/** Of an item that no bucket holds. A small integer, like any second: others take a heap object of their own. */
export const NO_SECOND = 2 ** 30 - 1

/** Seconds are counted from 2020, which keeps them small integers until 2054. */
const ORIGIN_SECOND = 1_577_836_800

/** The second at which whatever ends at `atMs` is over. */
export function secondOf(atMs: EpochMs): number {
  // Without the last operation it may be kept as a fraction that happens to be whole, which takes four times as much.
  return (Math.ceil(atMs / 1_000) - ORIGIN_SECOND) | 0
}

/** When a second of `secondOf` is over. */
export function secondEndMs(second: number): EpochMs {
  return (second + ORIGIN_SECOND) * 1_000
}

/**
 * Deadlines by the second. An item is examined when its second comes; whoever examines it decides whether the
 * deadline has really passed and schedules it again if it moved. So a deadline that moves on with every poll costs
 * nothing until its old second comes.
 */
export class DeadlineWheel<T extends Timed> {
  readonly #buckets = new Map<number, T[]>()

  /** An item that is to be examined earlier anyway stays where it is. */
  schedule(item: T, atMs: EpochMs): void {
    const second = secondOf(atMs)
    if (item.wheelSecond <= second) return
    item.wheelSecond = second
    const bucket = this.#buckets.get(second)
    if (bucket === undefined) this.#buckets.set(second, [item])
    else bucket.push(item)
  }

  /** Takes out every item whose second has come. O(seconds held), not O(items), when none has. */
  due(nowMs: EpochMs): T[] {
    const nowSecond = Math.floor(nowMs / 1_000) - ORIGIN_SECOND
    const items: T[] = []
    for (const [second, bucket] of this.#buckets) {
      if (second > nowSecond) continue
      this.#buckets.delete(second)
      for (const item of bucket) {
        // An item that was moved to an earlier second has left a stale reference in this one.
        if (item.wheelSecond !== second) continue
        item.wheelSecond = NO_SECOND
        items.push(item)
      }
    }
    return items
  }

  nextAtMs(): EpochMs | null {
    let next = Infinity
    for (const second of this.#buckets.keys()) next = Math.min(next, second)
    return next === Infinity ? null : secondEndMs(next)
  }
}
