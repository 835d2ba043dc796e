/**
 * Virtual time. Whatever takes time in the simulated world is an entry here, and everything that the code under test
 * awaits ends by one: between two entries all microtasks have run, so the world stands at an await of every party.
 */
import type { Random } from './random.ts'

/** Returns false when it did nothing, so that nothing needs to be checked after it. */
export type Action = () => boolean | void

type Entry = { readonly atMs: number; readonly order: number; readonly action: Action }

export class Scheduler {
  nowMs: number
  /** Entries that did something. */
  events = 0
  readonly #random: Random
  readonly #heap: Entry[] = []

  constructor(nowMs: number, random: Random) {
    this.nowMs = nowMs
    this.#random = random
  }

  /** What falls on the same millisecond happens in a seeded order. */
  after(delayMs: number, action: Action): void {
    this.#push({ atMs: this.nowMs + delayMs, order: this.#random.next(), action })
  }

  /** Lets `durationMs` pass; `each` is called after every entry that did something. */
  async run(durationMs: number, each: () => void): Promise<void> {
    const untilMs = this.nowMs + durationMs
    for (let entry = this.#heap[0]; entry !== undefined && entry.atMs <= untilMs; entry = this.#heap[0]) {
      this.#pop()
      this.nowMs = entry.atMs
      if (entry.action() === false) continue
      this.events += 1
      await drained()
      each()
    }
    this.nowMs = untilMs
  }

  #push(entry: Entry): void {
    const heap = this.#heap
    let slot = heap.length
    while (slot > 0) {
      const parent = (slot - 1) >> 1
      const above = heap[parent]
      if (above === undefined || !isBefore(entry, above)) break
      heap[slot] = above
      slot = parent
    }
    heap[slot] = entry
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let slot = 0
    for (;;) {
      let child = 2 * slot + 1
      let below = heap[child]
      if (below === undefined) break
      const right = heap[child + 1]
      if (right !== undefined && isBefore(right, below)) {
        below = right
        child += 1
      }
      if (!isBefore(below, last)) break
      heap[slot] = below
      slot = child
    }
    heap[slot] = last
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
}

/** Resolves when no microtask is left: Node runs the queue of ticks only after the one of microtasks. */
export function drained(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve))
}
