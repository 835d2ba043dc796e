/** Between the line and its streams, its own and those at shards: who listens where, and who has gone. */
import type { LineFailure } from '../core/failures.ts'
import { STREAMS_MAX } from '../core/limits.ts'
import * as visitors from '../core/line-visitors.ts'
import type { EndReason, Notice } from '../core/records.ts'
import { err, ok, type Result } from '../core/result.ts'
import { DropsFeed, type DropNews } from '../core/drop-news.ts'
import { SeatsFeed, type SeatsNews } from '../core/seats-feed.ts'
import type { EpochMs } from '../core/time.ts'
import type { Streams } from '../ports/line-host.ts'
import type { FollowAnswer, FollowRequest, RemoteOpened, RemoteOpening } from '../ports/stream-shards.ts'
import { enter, tooManyStreams, viewOf, type ListenerDeps } from './listeners.ts'
import { RemoteStreams } from './remote-streams.ts'
import { StreamHub, type HubEvents } from './stream-hub.ts'
import { retryMs } from './stream-retry.ts'

export type LineStreamsDeps = ListenerDeps & {
  /** How long the next stream may live; see StreamHub. */
  readonly streamLifeMs?: () => number
  /** Default STREAMS_MAX. */
  readonly streamsMax?: number
}

export class LineStreams implements Streams {
  readonly #deps: LineStreamsDeps
  readonly #hub: StreamHub
  readonly #remote: RemoteStreams
  readonly #seats = new SeatsFeed()
  readonly #drops = new DropsFeed()
  #sweep = 0

  constructor(deps: LineStreamsDeps) {
    this.#deps = deps
    const events: HubEvents = {
      closed: (userId) => this.#changed(userId, false),
      retired: (userId) => this.#retired(userId),
      wrote: (frames) => deps.meters.count('stream_frames_total', frames),
      skipped: () => deps.meters.count('stream_frames_skipped_total'),
    }
    const feeds = { seats: this.#seats, drops: this.#drops }
    this.#hub = new StreamHub(events, deps.streamLifeMs, feeds)
    this.#remote = new RemoteStreams(deps, (userId) => this.#hub.has(userId), feeds)
  }

  /** All of the event's, wherever they are held. */
  get size(): number {
    return this.#hub.size + this.#remote.size
  }

  has(userId: string): boolean {
    return this.#hub.has(userId) || this.#remote.has(userId)
  }

  open(userId: string, joins: boolean, resumed: boolean): Result<ReadableStream<Uint8Array>, LineFailure> {
    const line = this.#deps.line()
    if (line === null) return err({ reason: 'event-not-found' })
    if (this.#isFull(userId)) return err(tooManyStreams())
    const entered = enter(this.#deps, line, { userId, joins, resumed })
    if (!entered.ok) return entered
    this.#remote.replace(userId)
    const body = this.#hub.open(userId, {
      eventId: line.event.eventId,
      view: viewOf(this.#deps, line, userId),
      status: line.event.status,
      retryMs: retryMs(this.#hub.size),
      nowMs: this.#deps.nowMs(),
    })
    if (this.#hub.has(userId)) this.#changed(userId, true)
    return ok(body)
  }

  openRemote(request: RemoteOpening): Result<RemoteOpened, LineFailure> {
    if (this.#isFull(request.userId)) return err(tooManyStreams())
    const opened = this.#remote.open(request)
    if (opened.ok) this.#hub.end(request.userId, 'replaced', opened.value.nowMs)
    return opened
  }

  follow(request: FollowRequest): Promise<FollowAnswer> {
    return this.#remote.follow(request)
  }

  joined(userId: string): void {
    const line = this.#deps.line()
    // A stream at the line itself ends in the turn in which its place does.
    if (line !== null) this.#remote.joined(line, userId)
  }

  /** What a decision changed for single visitors, told at once. */
  announce(notices: readonly Notice[]): void {
    const line = this.#deps.line()
    if (line === null) return
    const nowMs = this.#deps.nowMs()
    for (const notice of notices) {
      if (notice.kind === 'status_changed') continue
      const { userId } = notice
      if (!this.#hub.has(userId)) continue
      const view = viewOf(this.#deps, line, userId)
      // A visitor who is live again has joined anew meanwhile: that stream is about the new place.
      if (notice.kind !== 'admitted' && view.kind !== 'ended') this.#changed(userId, true)
      if (notice.kind === 'admitted' || view.kind !== 'ended')
        this.#hub.refresh(userId, view, line.event.status, nowMs)
      else this.#hub.end(userId, notice.reason, nowMs, line.event.status)
    }
    this.#remote.announce(notices)
    if (notices.some((notice) => notice.kind === 'status_changed')) void this.#showAll(nowMs)
  }

  /** Shows everybody what has changed since they were shown something last. */
  async tick(nowMs: EpochMs): Promise<void> {
    this.#remote.tick()
    await this.#showAll(nowMs)
  }

  seatsChanged(news: SeatsNews): void {
    this.#seats.add(news)
  }

  dropChanged(news: DropNews): void {
    this.#drops.add(news)
  }

  endAll(reason: EndReason): void {
    for (const userId of this.#hub.userIds()) this.#hub.end(userId, reason, this.#deps.nowMs())
    this.#remote.endAll()
  }

  /** The streams at the line itself. */
  async #showAll(nowMs: EpochMs): Promise<void> {
    const line = this.#deps.line()
    if (line === null) return
    this.#sweep += 1
    const sweep = this.#sweep
    await this.#hub.tick(
      (userId) => viewOf(this.#deps, line, userId),
      () => line.event.status,
      nowMs,
      () => this.#sweep !== sweep,
    )
  }

  #isFull(userId: string): boolean {
    const streamsMax = this.#deps.streamsMax ?? STREAMS_MAX
    return this.size >= streamsMax && !this.has(userId)
  }

  #changed(userId: string, isOpen: boolean): void {
    const line = this.#deps.line()
    if (line !== null) this.#deps.commit(visitors.streamChanged(line, userId, isOpen, this.#deps.nowMs()))
  }

  #retired(userId: string): void {
    const line = this.#deps.line()
    if (line !== null) this.#deps.commit(visitors.streamRetired(line, userId, this.#deps.nowMs()))
  }
}
