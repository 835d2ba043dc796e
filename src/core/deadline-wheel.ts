import type { EpochMs } from './time.ts'

/** Something that a wheel may hold: it remembers the one bucket in which it counts. */
export type Timed = { wheelSecond: number }

/**
 * Deadlines by the second. An item is examined when its second comes; whoever examines it decides whether the
 * deadline has really passed and schedules it again if it moved. So a deadline that moves on with every poll costs
 * nothing until its old second comes.
 */
export class DeadlineWheel<T extends Timed> {
  readonly #buckets = new Map<number, T[]>()

  /** An item that is to be examined earlier anyway stays where it is. */
  schedule(item: T, atMs: EpochMs): void {
    const second = Math.ceil(atMs / 1_000)
    if (item.wheelSecond <= second) return
    item.wheelSecond = second
    const bucket = this.#buckets.get(second)
    if (bucket === undefined) this.#buckets.set(second, [item])
    else bucket.push(item)
  }

  /** Takes out every item whose second has come. O(seconds held), not O(items), when none has. */
  due(nowMs: EpochMs): T[] {
    const nowSecond = Math.floor(nowMs / 1_000)
    const items: T[] = []
    for (const [second, bucket] of this.#buckets) {
      if (second > nowSecond) continue
      this.#buckets.delete(second)
      for (const item of bucket) {
        // An item that was moved to an earlier second has left a stale reference in this one.
        if (item.wheelSecond !== second) continue
        item.wheelSecond = Infinity
        items.push(item)
      }
    }
    return items
  }

  nextAtMs(): EpochMs | null {
    let next = Infinity
    for (const second of this.#buckets.keys()) next = Math.min(next, second)
    return next === Infinity ? null : next * 1_000
  }
}
