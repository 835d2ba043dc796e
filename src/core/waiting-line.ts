/**
 * Those who wait, in order, and which of them are present.
 *
 * Present means an open stream, or a poll within twice the delay that the line handed out. The absent keep their
 * place for the grace period and are passed over meanwhile, so an absent head never holds the line (INV-2, D11).
 */
import { assert } from './assert.ts'
import { DeadlineWheel, NO_SECOND, secondEndMs, secondOf } from './deadline-wheel.ts'
import { POLL_AFTER_MS_FAR, POLL_AFTER_MS_UNDRAWN, POLL_RATES } from './limits.ts'
import { RankIndex } from './rank-index.ts'
import type { PlaceRecord } from './records.ts'
import type { EpochMs } from './time.ts'

/** In place of a second: a stream is the sign of life. */
const WHILE_STREAM = NO_SECOND

/**
 * A visitor who waits. Kept small: there may be a hundred thousand of them, and a number that is no small integer takes
 * as much again.
 */
export type Waiting = {
  readonly userId: string
  readonly joinNumber: number
  /** Null before a lottery's draw. */
  number: number | null
  readonly joinedAtMs: EpochMs
  /** A poll counts as presence until then; WHILE_STREAM until the stream closes. As DeadlineWheel counts seconds. */
  presentUntilSecond: number
  /** Null while present. */
  absentSinceMs: EpochMs | null
  wheelSecond: number
}

function hasStream({ presentUntilSecond }: Waiting): boolean {
  return presentUntilSecond === WHILE_STREAM
}

export class WaitingLine {
  readonly #byUser = new Map<string, Waiting>()
  readonly #ranks = new RankIndex<Waiting>()
  readonly #wheel = new DeadlineWheel<Waiting>()
  #present = 0

  get size(): number {
    return this.#byUser.size
  }

  get presentCount(): number {
    return this.#present
  }

  get(userId: string): Waiting | undefined {
    return this.#byUser.get(userId)
  }

  all(): IterableIterator<Waiting> {
    return this.#byUser.values()
  }

  /** 1-based and exact, or null before a lottery's draw. */
  position(visitor: Waiting): number | null {
    return visitor.number === null ? null : this.#ranks.rank(visitor.number)
  }

  /** The number of who is at this position, or null when there is nobody: the other way round. */
  numberAt(position: number): number | null {
    return this.#ranks.numberAt(position)
  }

  /** How long a visitor at this position may stay silent between polls. */
  pollAfterMs(position: number | null): number {
    if (position === null) return POLL_AFTER_MS_UNDRAWN
    return POLL_RATES.find(({ upTo }) => position <= upTo)?.afterMs ?? POLL_AFTER_MS_FAR
  }

  /** A visitor who is in the rows. One who was not absent counts as having been heard from `nowMs`. */
  restore(place: PlaceRecord, nowMs: EpochMs, graceMs: number): void {
    const visitor = this.#insert(place)
    if (place.absentSinceMs === null) {
      this.#present += 1
      this.#presentFor(visitor, this.#positionRestored(visitor), nowMs)
    } else {
      visitor.absentSinceMs = place.absentSinceMs
      this.#wheel.schedule(visitor, place.absentSinceMs + graceMs)
    }
  }

  /**
   * About where a visitor is while not all are back, so that no rank is asked for. Places come in the order of joining, so
   * it is how many have come. A drawn number may be far behind that; whoever had it was told to come back as late as
   * anybody behind so many.
   */
  #positionRestored({ number, joinNumber }: Waiting): number | null {
    if (number === null) return null
    return number === joinNumber ? this.size : Math.max(this.size, number)
  }

  join(place: PlaceRecord, nowMs: EpochMs): Waiting {
    const visitor = this.#insert(place)
    this.#present += 1
    this.heard(visitor, nowMs)
    return visitor
  }

  remove(visitor: Waiting): void {
    if (!this.#byUser.delete(visitor.userId)) return
    if (visitor.absentSinceMs === null) this.#present -= 1
    if (visitor.number !== null) this.#ranks.remove(visitor.number)
    // A stale reference in the wheel is recognised by this.
    visitor.wheelSecond = -1
  }

  /** Gives a drawn number to somebody who has none yet. */
  assignNumber(visitor: Waiting, number: number): void {
    assert(visitor.number === null, 'a number is drawn once')
    visitor.number = number
    this.#ranks.add(number, visitor)
  }

  /** A join or a poll. Returns true when the visitor had been absent. */
  heard(visitor: Waiting, nowMs: EpochMs): boolean {
    const wasAbsent = this.#markPresent(visitor)
    // As long as there is a stream, a poll beside it says nothing new.
    if (!hasStream(visitor)) this.#presentFor(visitor, this.position(visitor), nowMs)
    return wasAbsent
  }

  /** A sign of life counts for twice the delay that is handed out. */
  #presentFor(visitor: Waiting, position: number | null, nowMs: EpochMs): void {
    const untilMs = nowMs + 2 * this.pollAfterMs(position)
    visitor.presentUntilSecond = secondOf(untilMs)
    this.#wheel.schedule(visitor, untilMs)
  }

  /** Returns true when the visitor had been absent. */
  streamOpened(visitor: Waiting): boolean {
    visitor.presentUntilSecond = WHILE_STREAM
    return this.#markPresent(visitor)
  }

  /**
   * The line itself ended the stream, and the visitor is on the way back: as good as a poll. Returns true when the
   * visitor had been absent.
   */
  streamRetired(visitor: Waiting, nowMs: EpochMs): boolean {
    visitor.presentUntilSecond = 0
    return this.heard(visitor, nowMs)
  }

  /** The stream was the sign of life; with it goes whatever an earlier poll had promised. */
  streamClosed(visitor: Waiting, nowMs: EpochMs, graceMs: number): void {
    visitor.presentUntilSecond = 0
    this.#markAbsent(visitor, nowMs, graceMs)
  }

  /** Present visitors from the head on, at most `count`; with `everybody` the absent too. */
  head(count: number, everybody: boolean): Waiting[] {
    const chosen: Waiting[] = []
    let number = this.#ranks.first()
    while (number !== null && chosen.length < count) {
      const visitor = this.#ranks.get(number)
      if (visitor !== null && (everybody || visitor.absentSinceMs === null)) chosen.push(visitor)
      number = this.#ranks.nextAfter(number)
    }
    return chosen
  }

  /**
   * Who fell silent, and whose grace is over. While absence does not count (a paused sale) nobody's grace runs.
   */
  silence(nowMs: EpochMs, graceMs: number, counts: boolean): { absent: Waiting[]; over: Waiting[] } {
    const absent: Waiting[] = []
    const over: Waiting[] = []
    for (const visitor of this.#wheel.due(nowMs)) {
      if (hasStream(visitor)) continue
      if (visitor.absentSinceMs === null) {
        const untilMs = secondEndMs(visitor.presentUntilSecond)
        if (untilMs > nowMs) this.#wheel.schedule(visitor, untilMs)
        else {
          this.#markAbsent(visitor, nowMs, graceMs)
          absent.push(visitor)
        }
      } else if (counts) {
        const endsAtMs = visitor.absentSinceMs + graceMs
        if (endsAtMs > nowMs) this.#wheel.schedule(visitor, endsAtMs)
        else over.push(visitor)
      }
    }
    return { absent, over }
  }

  /** The sale goes on after standing still, or the grace was changed: the absent start their grace anew. */
  restartGrace(nowMs: EpochMs, graceMs: number): Waiting[] {
    const absent = [...this.#byUser.values()].filter((visitor) => visitor.absentSinceMs !== null)
    for (const visitor of absent) {
      visitor.absentSinceMs = nowMs
      this.#wheel.schedule(visitor, nowMs + graceMs)
    }
    return absent
  }

  nextDeadlineMs(): EpochMs | null {
    return this.#wheel.nextAtMs()
  }

  #insert(place: PlaceRecord): Waiting {
    assert(!this.#byUser.has(place.userId), 'INV-4: one place per visitor and event')
    const visitor: Waiting = {
      userId: place.userId,
      joinNumber: place.joinNumber,
      number: null,
      joinedAtMs: place.joinedAtMs,
      presentUntilSecond: 0,
      absentSinceMs: null,
      wheelSecond: NO_SECOND,
    }
    this.#byUser.set(place.userId, visitor)
    if (place.number !== null) this.assignNumber(visitor, place.number)
    return visitor
  }

  #markPresent(visitor: Waiting): boolean {
    if (visitor.absentSinceMs === null) return false
    visitor.absentSinceMs = null
    this.#present += 1
    return true
  }

  #markAbsent(visitor: Waiting, nowMs: EpochMs, graceMs: number): void {
    if (visitor.absentSinceMs === null) {
      visitor.absentSinceMs = nowMs
      this.#present -= 1
    }
    this.#wheel.schedule(visitor, visitor.absentSinceMs + graceMs)
  }
}
