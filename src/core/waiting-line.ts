/**
 * Those who wait, in order, and which of them are present.
 *
 * Present means an open stream, or a poll within twice the delay that the line handed out. The absent keep their
 * place for the grace period and are passed over meanwhile, so an absent head never holds the line (INV-2, D11).
 */
import { assert } from './assert.ts'
import { DeadlineWheel } from './deadline-wheel.ts'
import { POLL_AFTER_MS_FAR, POLL_AFTER_MS_NEAR, POLL_NEAR_POSITIONS } from './limits.ts'
import { RankIndex } from './rank-index.ts'
import type { PlaceRecord } from './records.ts'
import type { EpochMs } from './time.ts'

/** A visitor who waits. Kept small: there may be a hundred thousand of them. */
export type Waiting = {
  readonly userId: string
  readonly joinNumber: number
  /** Null before a lottery's draw. */
  number: number | null
  readonly joinedAtMs: EpochMs
  hasStream: boolean
  /** A poll counts as presence until then. */
  presentUntilMs: EpochMs
  /** Null while present. */
  absentSinceMs: EpochMs | null
  wheelSecond: number
}

export class WaitingLine {
  readonly #byUser = new Map<string, Waiting>()
  readonly #byNumber = new Map<number, Waiting>()
  readonly #ranks = new RankIndex()
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

  /** How long a visitor at this position may stay silent between polls. */
  pollAfterMs(position: number | null): number {
    return position !== null && position <= POLL_NEAR_POSITIONS ? POLL_AFTER_MS_NEAR : POLL_AFTER_MS_FAR
  }

  /** A visitor who is in the rows. One who was not absent counts as having been heard from `nowMs`. */
  restore(place: PlaceRecord, nowMs: EpochMs, graceMs: number): void {
    const visitor = this.#insert(place)
    if (place.absentSinceMs === null) {
      this.#present += 1
      this.heard(visitor, nowMs)
    } else {
      visitor.absentSinceMs = place.absentSinceMs
      this.#wheel.schedule(visitor, place.absentSinceMs + graceMs)
    }
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
    if (visitor.number !== null) {
      this.#ranks.remove(visitor.number)
      this.#byNumber.delete(visitor.number)
    }
    // A stale reference in the wheel is recognised by this.
    visitor.wheelSecond = -1
  }

  /** Gives a drawn number to somebody who has none yet. */
  assignNumber(visitor: Waiting, number: number): void {
    assert(visitor.number === null, 'a number is drawn once')
    visitor.number = number
    this.#ranks.add(number)
    this.#byNumber.set(number, visitor)
  }

  /** A join or a poll. Returns true when the visitor had been absent. */
  heard(visitor: Waiting, nowMs: EpochMs): boolean {
    const wasAbsent = this.#markPresent(visitor)
    visitor.presentUntilMs = nowMs + 2 * this.pollAfterMs(this.position(visitor))
    this.#wheel.schedule(visitor, visitor.presentUntilMs)
    return wasAbsent
  }

  /** Returns true when the visitor had been absent. */
  streamOpened(visitor: Waiting): boolean {
    visitor.hasStream = true
    return this.#markPresent(visitor)
  }

  /** The line itself ended the stream, and the visitor is on the way back: as good as a poll. */
  streamRetired(visitor: Waiting, nowMs: EpochMs): void {
    visitor.hasStream = false
    this.heard(visitor, nowMs)
  }

  /** The stream was the sign of life; with it goes whatever an earlier poll had promised. */
  streamClosed(visitor: Waiting, nowMs: EpochMs, graceMs: number): void {
    visitor.hasStream = false
    visitor.presentUntilMs = nowMs
    this.#markAbsent(visitor, nowMs, graceMs)
  }

  /** Present visitors from the head on, at most `count`; with `everybody` the absent too. */
  head(count: number, everybody: boolean): Waiting[] {
    const chosen: Waiting[] = []
    let number = this.#ranks.first()
    while (number !== null && chosen.length < count) {
      const visitor = this.#byNumber.get(number)
      if (visitor !== undefined && (everybody || visitor.absentSinceMs === null)) chosen.push(visitor)
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
      if (visitor.hasStream) continue
      if (visitor.absentSinceMs === null) {
        if (visitor.presentUntilMs > nowMs) this.#wheel.schedule(visitor, visitor.presentUntilMs)
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
      hasStream: false,
      presentUntilMs: 0,
      absentSinceMs: null,
      wheelSecond: Infinity,
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
