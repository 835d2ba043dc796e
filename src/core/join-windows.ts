/**
 * Joins that shards took on behalf of the line, brought into one order.
 *
 * A shard reports who arrived in each window of JOIN_WINDOW_MS, and with that promises a report of the next window,
 * which may be empty and then promises nothing. A window is sealed when everybody who promised has reported it, at the
 * latest JOIN_LATENESS_MS after its end, windows one after the other; it is then in the order of arrival. What comes
 * for a window that is sealed goes into the next one. So nobody waits for a shard that has nothing to say, and one that
 * has died is waited for once.
 *
 * Nothing here is kept: until a window is joined, its shards have no answer, and ask again.
 */
import { JOIN_LATENESS_MS, JOIN_WINDOW_MS } from './limits.ts'
import type { EpochMs } from './time.ts'

export type Joiner = { readonly userId: string; readonly arrivedAtMs: EpochMs }

/** What one shard says of one window. */
export type JoinReport = {
  readonly shard: number
  /** By the shard's clock; see windowAt. */
  readonly window: number
  /** In the order of their arrival. Empty: do not wait for this shard until it reports somebody again. */
  readonly joiners: readonly Joiner[]
}

/** One joiner of a sealed window: the `index`th of the report that came with `block`. */
export type Arrival<Block> = {
  readonly userId: string
  readonly block: Block
  readonly index: number
  readonly shard: number
  readonly atMs: EpochMs
}

/** The window in which a moment lies; windows are counted from 1970. */
export function windowAt(atMs: EpochMs): number {
  return Math.floor(atMs / JOIN_WINDOW_MS)
}

export function windowEndMs(window: number): EpochMs {
  return (window + 1) * JOIN_WINDOW_MS
}

class OpenWindow<Block> {
  readonly arrivals: Arrival<Block>[] = []
  readonly #promised = new Set<number>()
  readonly #reported = new Set<number>()

  promise(shard: number): void {
    // Of two reports the later one may arrive first.
    if (!this.#reported.has(shard)) this.#promised.add(shard)
  }

  reported(shard: number): void {
    this.#reported.add(shard)
    this.#promised.delete(shard)
  }

  get isComplete(): boolean {
    return this.#promised.size === 0
  }
}

/** `Block`: what the caller wants back with each arrival of a report. */
export class JoinWindows<Block> {
  readonly #open = new Map<number, OpenWindow<Block>>()
  #sealed = -Infinity
  #held = 0

  /** Joiners in windows that are not sealed. */
  get held(): number {
    return this.#held
  }

  /** The same report may be added again: the line knows its visitors (INV-4). */
  add({ shard, window, joiners }: JoinReport, block: Block, nowMs: EpochMs): void {
    // A clock that is ahead reports a window that has not been yet.
    const present = Math.min(window, windowAt(nowMs))
    const isLate = present <= this.#sealed
    if (!isLate) this.#windowOf(present).reported(shard)
    if (joiners.length === 0) return
    if (present + 1 > this.#sealed) this.#windowOf(present + 1).promise(shard)
    const { arrivals } = this.#windowOf(isLate ? this.#sealed + 1 : present)
    for (const [index, { userId, arrivedAtMs }] of joiners.entries()) {
      arrivals.push({ userId, block, index, shard, atMs: believable(arrivedAtMs, nowMs) })
    }
    this.#held += joiners.length
  }

  /** Takes out the windows that are complete or overdue. Each is in its order, the earliest first; none is empty. */
  seal(nowMs: EpochMs): Arrival<Block>[][] {
    const sealed: Arrival<Block>[][] = []
    for (let first = this.#first(); first !== null; first = this.#first()) {
      const [number, window] = first
      if (!window.isComplete && nowMs < deadlineMs(number)) break
      this.#open.delete(number)
      this.#sealed = number
      this.#held -= window.arrivals.length
      if (window.arrivals.length > 0) sealed.push(window.arrivals.toSorted(byArrival))
    }
    return sealed
  }

  /** When a window has to be sealed, whoever is missing; null when none is open. */
  nextDeadlineMs(): EpochMs | null {
    const first = this.#first()
    return first === null ? null : deadlineMs(first[0])
  }

  #windowOf(number: number): OpenWindow<Block> {
    const known = this.#open.get(number)
    if (known !== undefined) return known
    const window = new OpenWindow<Block>()
    this.#open.set(number, window)
    return window
  }

  #first(): [number, OpenWindow<Block>] | null {
    let first: [number, OpenWindow<Block>] | null = null
    for (const entry of this.#open) if (first === null || entry[0] < first[0]) first = entry
    return first
  }
}

function deadlineMs(window: number): EpochMs {
  return windowEndMs(window) + JOIN_LATENESS_MS
}

/** An arrival that no window could still be waiting for, or that is yet to come, is a clock's error. */
function believable(arrivedAtMs: EpochMs, nowMs: EpochMs): EpochMs {
  const isBelievable = arrivedAtMs <= nowMs && arrivedAtMs >= nowMs - JOIN_LATENESS_MS - JOIN_WINDOW_MS
  return isBelievable ? arrivedAtMs : nowMs
}

function byArrival(a: Arrival<unknown>, b: Arrival<unknown>): number {
  return a.atMs - b.atMs || a.shard - b.shard || a.index - b.index
}
