/**
 * The line's side of the streams at shards: where each visitor's stream is, and what its shard has not heard yet.
 * Nothing here outlives the object; a shard whose line started again tells of all its streams once more.
 */
import type { LineFailure } from '../core/failures.ts'
import { FOLLOWERS_MAX, SHARD_SILENT_MS } from '../core/limits.ts'
import type { LineState } from '../core/line-state.ts'
import * as visitors from '../core/line-visitors.ts'
import { decision, type Change, type EndReason, type Notice } from '../core/records.ts'
import { err, ok, type Result } from '../core/result.ts'
import type { StreamView } from '../core/stream-view.ts'
import type { EpochMs } from '../core/time.ts'
import type {
  FollowAnswer,
  FollowRequest,
  RemoteOpened,
  RemoteOpening,
  RemoteStream,
} from '../ports/stream-shards.ts'
import { Follower, type PlacedStream } from './follower.ts'
import { noFeeds, type Feeds } from './stream-news.ts'
import { enter, tooManyStreams, viewOf, type ListenerDeps } from './listeners.ts'

export class RemoteStreams {
  readonly #deps: ListenerDeps
  readonly #isHere: (userId: string) => boolean
  readonly #followers = new Map<string, Follower>()
  readonly #streams = new Map<string, PlacedStream>()
  readonly #feeds: Feeds
  #tick = 0

  /** `isHere`: whether the line itself holds a stream of the visitor. `feeds`: what there is to tell of seats and drops. */
  constructor(deps: ListenerDeps, isHere: (userId: string) => boolean, feeds: Feeds = noFeeds()) {
    this.#deps = deps
    this.#isHere = isHere
    this.#feeds = feeds
  }

  get size(): number {
    return this.#streams.size
  }

  has(userId: string): boolean {
    return this.#streams.has(userId)
  }

  /** See LineStreamsApi.openRemote. An older stream of the same visitor is told that it was replaced. */
  open(request: RemoteOpening): Result<RemoteOpened, LineFailure> {
    const line = this.#deps.line()
    if (line === null) return err({ reason: 'event-not-found' })
    const nowMs = this.#deps.nowMs()
    const follower = this.#followers.get(request.follower) ?? this.#meet(request.follower, nowMs)
    if (follower === null) return err(tooManyStreams())
    const entered = enter(this.#deps, line, request)
    if (!entered.ok) return entered
    const { userId, stream } = request
    const view = viewOf(this.#deps, line, userId)
    if (view.kind !== 'ended') {
      this.#place(follower, { userId, stream, openedAtMs: nowMs })
      follower.fresh.set(stream, { userId, stream, openedAtMs: nowMs })
      this.#deps.commit(visitors.streamChanged(line, userId, true, nowMs))
    }
    return ok({ eventId: line.event.eventId, view, status: line.event.status, nowMs })
  }

  /** See LineStreamsApi.follow. */
  follow(request: FollowRequest): Promise<FollowAnswer> {
    const line = this.#deps.line()
    if (line === null) return Promise.resolve({ kind: 'over' })
    const nowMs = this.#deps.nowMs()
    const follower = this.#known(request, nowMs)
    if (follower === null) return Promise.resolve({ kind: 'unknown' })
    follower.heardAtMs = nowMs
    follower.acknowledge(request.heard)
    this.#note(line, follower, request, nowMs)
    this.#deps.meters.count('stream_frames_total', request.framesWritten)
    this.#deps.meters.count('stream_frames_skipped_total', request.framesSkipped)
    return new Promise((resolve) => {
      follower.hold(request.due, resolve)
      // The tick came between two calls: its positions are owed already.
      if (follower.tick !== this.#tick) this.#answer(line, follower, true)
      else this.#wake(line, follower)
    })
  }

  /** What a decision changed for single visitors or for all, told at once. */
  announce(notices: readonly Notice[]): void {
    for (const notice of notices) {
      if (notice.kind === 'status_changed') continue
      const placed = this.#streams.get(notice.userId)
      placed?.follower.tell(placed, notice.kind === 'place_ended' ? notice.reason : null)
    }
    const line = this.#deps.line()
    if (line === null) return
    for (const follower of this.#followers.values()) this.#wake(line, follower)
  }

  /** Every shard that asks is shown the positions that are due, and one that has stopped asking is given up. */
  tick(): void {
    const line = this.#deps.line()
    if (line === null) return
    this.#tick += 1
    this.#dropSilent(line, this.#deps.nowMs())
    for (const follower of this.#followers.values()) this.#answer(line, follower, true)
  }

  /** The visitor has joined anew while a stream for the former place is open: it is about the new one from now on. */
  joined(line: LineState, userId: string): void {
    const placed = this.#streams.get(userId)
    if (placed === undefined) return
    this.#deps.commit(visitors.streamChanged(line, userId, true, this.#deps.nowMs()))
    placed.follower.tell(placed, null)
    this.#wake(line, placed.follower)
  }

  /** The visitor has a newer stream, which is not at a shard. */
  replace(userId: string): void {
    const placed = this.#streams.get(userId)
    if (placed !== undefined) this.#replace(placed)
  }

  /** The event is gone. */
  endAll(): void {
    for (const follower of this.#followers.values()) follower.answer({ kind: 'over' })
    this.#followers.clear()
    this.#streams.clear()
  }

  /** Null for a shard that has to tell of all its streams first. */
  #known({ follower: id, isAll }: FollowRequest, nowMs: EpochMs): Follower | null {
    const known = this.#followers.get(id)
    if (known?.isComplete === true) return known
    if (!isAll) return null
    const follower = known ?? this.#meet(id, nowMs)
    if (follower !== null) follower.isComplete = true
    return follower
  }

  #meet(id: string, nowMs: EpochMs): Follower | null {
    if (this.#followers.size >= FOLLOWERS_MAX) return null
    const follower = new Follower(nowMs, this.#tick)
    this.#followers.set(id, follower)
    return follower
  }

  /** Streams that closed, ended their life or were opened without the line's knowing. One decision. */
  #note(line: LineState, follower: Follower, request: FollowRequest, nowMs: EpochMs): void {
    const changes: Change[] = []
    for (const stream of request.closed) {
      const userId = this.#remove(follower, stream)
      if (userId !== null) changes.push(...visitors.streamChanged(line, userId, false, nowMs).changes)
    }
    for (const stream of request.retired) {
      const userId = this.#remove(follower, stream)
      if (userId !== null) changes.push(...visitors.streamRetired(line, userId, nowMs).changes)
    }
    for (const open of request.opened) {
      if (!this.#adopt(follower, open)) continue
      changes.push(...visitors.streamChanged(line, open.userId, true, nowMs).changes)
    }
    this.#deps.commit(decision(null, changes))
  }

  /** Whether the stream is the visitor's newest; an older one is told that it was replaced. */
  #adopt(follower: Follower, open: RemoteStream): boolean {
    const placed = this.#streams.get(open.userId)
    if (placed?.follower === follower && placed.stream >= open.stream) return false
    if (this.#isHere(open.userId) || (placed !== undefined && placed.openedAtMs > open.openedAtMs)) {
      follower.tell(open, 'replaced')
      return false
    }
    this.#place(follower, open)
    return true
  }

  #place(follower: Follower, open: RemoteStream): void {
    const older = this.#streams.get(open.userId)
    // The same opening, asked for again.
    if (older?.follower === follower && older.stream === open.stream) return
    // A shard ends an older stream of its own when the newer one begins; if that never comes, it keeps the older one.
    if (older?.follower === follower) follower.streams.delete(older.stream)
    else if (older !== undefined) this.#replace(older)
    const placed: PlacedStream = { ...open, follower }
    this.#streams.set(open.userId, placed)
    follower.streams.set(open.stream, placed)
  }

  #replace(placed: PlacedStream): void {
    const { follower, userId, stream } = placed
    this.#streams.delete(userId)
    follower.streams.delete(stream)
    follower.tell(placed, 'replaced')
    const line = this.#deps.line()
    if (line !== null) this.#wake(line, follower)
  }

  /** The visitor whose only stream it was; null when the visitor has another by now. */
  #remove(follower: Follower, stream: number): string | null {
    follower.forget(stream)
    const placed = follower.streams.get(stream)
    if (placed === undefined) return null
    follower.streams.delete(stream)
    this.#streams.delete(placed.userId)
    return placed.userId
  }

  #dropSilent(line: LineState, nowMs: EpochMs): void {
    const changes: Change[] = []
    for (const [id, follower] of this.#followers) {
      if (follower.isHeld || nowMs - follower.heardAtMs < SHARD_SILENT_MS) continue
      this.#followers.delete(id)
      for (const { userId } of follower.streams.values()) {
        this.#streams.delete(userId)
        changes.push(...visitors.streamChanged(line, userId, false, nowMs).changes)
      }
    }
    this.#deps.commit(decision(null, changes))
  }

  #wake(line: LineState, follower: Follower): void {
    if (follower.hasNews(line.event.status)) this.#answer(line, follower, false)
  }

  #answer(line: LineState, follower: Follower, isTick: boolean): void {
    if (!follower.isHeld) return
    if (isTick) follower.tick = this.#tick
    follower.heardAtMs = this.#deps.nowMs()
    const { status } = line.event
    // First, since what has happened to a visitor is the last word.
    const fresh = isTick ? [...follower.fresh.values()].map((open) => ({ ...open, reason: null })) : []
    if (isTick) follower.fresh.clear()
    const news = [...fresh, ...follower.takeNews(status)].map(({ userId, stream, reason }) => ({
      userId,
      stream,
      view: this.#newsView(line, userId, reason),
    }))
    const views = isTick ? follower.due.map((stream) => this.#dueView(line, follower, stream)) : null
    follower.answer({
      kind: 'news',
      number: follower.answers,
      nowMs: follower.heardAtMs,
      status,
      news,
      views,
      seats: isTick ? follower.takeSeats(this.#feeds.seats) : null,
      drops: isTick ? follower.takeDrops(this.#feeds.drops) : [],
    })
  }

  #dueView(line: LineState, follower: Follower, stream: number): StreamView | null {
    const placed = follower.streams.get(stream)
    return placed === undefined ? null : viewOf(this.#deps, line, placed.userId)
  }

  /** A visitor who is live again has joined anew meanwhile: that stream is about the new place. */
  #newsView(line: LineState, userId: string, reason: EndReason | null): StreamView {
    if (reason === 'replaced') return { kind: 'ended', reason }
    const view = viewOf(this.#deps, line, userId)
    return view.kind === 'ended' && reason !== null ? { kind: 'ended', reason } : view
  }
}
