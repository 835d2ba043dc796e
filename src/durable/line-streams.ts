/** Between the line and its open streams: who may listen, what each sees, and who has gone. */
import type { LineFailure } from '../core/failures.ts'
import { STREAMS_MAX } from '../core/limits.ts'
import type { LineState } from '../core/line-state.ts'
import * as visitors from '../core/line-visitors.ts'
import type { EndReason, Notice, PlaceRecord } from '../core/records.ts'
import { err, ok, type Result } from '../core/result.ts'
import type { EpochMs } from '../core/time.ts'
import type { LineLink, LineRows, Streams } from '../ports/line-host.ts'
import type { LineMeters } from './line-meters.ts'
import { StreamHub, type HubEvents } from './stream-hub.ts'
import type { StreamView } from './stream-news.ts'

export type LineStreamsDeps = LineLink & {
  readonly rows: Pick<LineRows, 'latestPlace'>
  readonly meters: LineMeters
  /** How long the next stream may live; see StreamHub. */
  readonly streamLifeMs?: () => number
  /** Default STREAMS_MAX. */
  readonly streamsMax?: number
}

/** A reconnecting client waits at least this long, and up to the spread more. */
const RETRY_MS_MIN = 1_000
const RETRY_SPREAD_MS_MIN = 2_000
/** Reconnects that one object takes in a second without anybody noticing. */
const RECONNECTS_PER_SECOND = 200

/** A client without a stream polls; it need not try again soon. */
const REFUSED_RETRY_SECONDS_MIN = 5
const REFUSED_RETRY_SECONDS_SPREAD = 10

export class LineStreams implements Streams {
  readonly #deps: LineStreamsDeps
  readonly #hub: StreamHub
  #sweep = 0

  constructor(deps: LineStreamsDeps) {
    this.#deps = deps
    const events: HubEvents = {
      closed: (userId) => this.#changed(userId, false),
      retired: (userId) => this.#retired(userId),
      wrote: (frames) => deps.meters.count('stream_frames_total', frames),
      skipped: () => deps.meters.count('stream_frames_skipped_total'),
    }
    this.#hub = new StreamHub(events, deps.streamLifeMs)
  }

  get size(): number {
    return this.#hub.size
  }

  /**
   * The body of a visitor's stream. With `joins` a visitor without a place takes one first, unless this is a
   * reconnect (`resumed`) of a stream whose place has ended: then the stream says so, and nobody joins by accident.
   */
  open(userId: string, joins: boolean, resumed: boolean): Result<ReadableStream<Uint8Array>, LineFailure> {
    const line = this.#deps.line()
    if (line === null) return err({ reason: 'event-not-found' })
    const streamsMax = this.#deps.streamsMax ?? STREAMS_MAX
    if (this.#hub.size >= streamsMax && !this.#hub.has(userId)) return err(tooMany())
    const nowMs = this.#deps.nowMs()
    const isLive = line.waiting.get(userId) !== undefined || line.ledger.ofUser(userId) !== undefined
    const ended = isLive ? null : this.#deps.rows.latestPlace(userId)
    if (!isLive && joins && !(resumed && ended !== null)) {
      const joined = visitors.join(line, userId, nowMs)
      this.#deps.commit(joined)
      if (!joined.value.ok) return joined.value
      this.#deps.meters.count('joins_total')
    } else if (!isLive && ended === null) {
      return err({ reason: 'not-in-queue' })
    }
    const body = this.#hub.open(userId, {
      eventId: line.event.eventId,
      view: this.#viewOf(line, userId),
      status: line.event.status,
      retryMs: this.#retryMs(),
      nowMs,
    })
    if (this.#hub.has(userId)) this.#changed(userId, true)
    return ok(body)
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
      const view = this.#viewOf(line, userId)
      // A visitor who is live again has joined anew meanwhile: that stream is about the new place.
      if (notice.kind === 'admitted' || view.kind !== 'ended')
        this.#hub.refresh(userId, view, line.event.status, nowMs)
      else this.#hub.end(userId, notice.reason, nowMs, line.event.status)
    }
    if (notices.some((notice) => notice.kind === 'status_changed')) void this.tick(nowMs)
  }

  /** Shows everybody what has changed since they were shown something last. */
  async tick(nowMs: EpochMs): Promise<void> {
    const line = this.#deps.line()
    if (line === null) return
    this.#sweep += 1
    const sweep = this.#sweep
    await this.#hub.tick(
      (userId) => this.#viewOf(line, userId),
      () => line.event.status,
      nowMs,
      () => this.#sweep !== sweep,
    )
  }

  endAll(reason: EndReason): void {
    for (const userId of this.#hub.userIds()) this.#hub.end(userId, reason, this.#deps.nowMs())
  }

  #viewOf(line: LineState, userId: string): StreamView {
    const visitor = line.waiting.get(userId)
    if (visitor !== undefined) {
      const position = line.waiting.position(visitor)
      const etaSeconds = visitors.eta(line, position, this.#deps.nowMs())
      return { kind: 'waiting', position, totalWaiting: line.waiting.size, etaSeconds }
    }
    const admission = line.ledger.ofUser(userId)
    if (admission !== undefined) return { kind: 'admitted', admission }
    return { kind: 'ended', reason: endReason(this.#deps.rows.latestPlace(userId), line) }
  }

  #changed(userId: string, isOpen: boolean): void {
    const line = this.#deps.line()
    if (line !== null) this.#deps.commit(visitors.streamChanged(line, userId, isOpen, this.#deps.nowMs()))
  }

  #retired(userId: string): void {
    const line = this.#deps.line()
    if (line !== null) visitors.streamRetired(line, userId, this.#deps.nowMs())
  }

  /** The more streams there are, the further their reconnects are spread. */
  #retryMs(): number {
    const spreadMs = Math.max(RETRY_SPREAD_MS_MIN, (this.#hub.size / RECONNECTS_PER_SECOND) * 1_000)
    return RETRY_MS_MIN + Math.random() * spreadMs
  }
}

/** Spread over as long as polling does as well. */
function tooMany(): LineFailure {
  return {
    reason: 'overloaded',
    retryAfterSeconds: REFUSED_RETRY_SECONDS_MIN + Math.floor(Math.random() * REFUSED_RETRY_SECONDS_SPREAD),
  }
}

function endReason(place: PlaceRecord | null, line: LineState): EndReason {
  if (place?.state === 'COMPLETED') return 'completed'
  if (place?.state === 'LEFT') return 'left'
  const { status } = line.event
  return status === 'closed' || status === 'sold_out' ? status : 'expired'
}
