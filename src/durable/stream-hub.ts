/**
 * The open streams of one line. A stream is level-triggered: each write is made of what the visitor should see now
 * and has not been shown, so a frame that a slow reader could not take is not lost but superseded.
 */
import { endFrame, heartbeatFrame, PROBE_FRAME, retryLine, statusFrame } from '../core/frames.ts'
import type { EventStatusName } from '../core/event-config.ts'
import {
  HEARTBEAT_MS,
  NEAR_HEAD_POSITIONS,
  STREAM_BUFFER_BYTES,
  STREAM_LIFE_MS_MIN,
  STREAM_LIFE_MS_SPREAD,
  STREAM_SLICE,
  STREAM_STALLED_MS_MAX,
  TICK_MS,
} from '../core/limits.ts'
import type { EndReason } from '../core/records.ts'
import type { StreamView } from '../core/stream-view.ts'
import type { EpochMs } from '../core/time.ts'
import { newsOf, noFeeds, type Feeds, type Shown } from './stream-news.ts'

type Connection = {
  readonly userId: string
  readonly controller: ReadableStreamDefaultController<Uint8Array>
  shown: Shown
  heartbeatAtMs: EpochMs
  /** Null while the reader takes what is written. */
  stalledSinceMs: EpochMs | null
  readonly retiresAtMs: EpochMs
}

export type Opening = {
  readonly eventId: string
  readonly view: StreamView
  readonly status: EventStatusName
  /** How long the client waits before it reconnects: jittered, so that a herd comes back spread out. */
  readonly retryMs: number
  readonly nowMs: EpochMs
}

export type HubEvents = {
  /** The visitor's only stream is gone. */
  readonly closed: (userId: string) => void
  /** The visitor's only stream has lived long enough, and the client was told to come back at once. */
  readonly retired: (userId: string) => void
  readonly wrote: (frames: number) => void
  readonly skipped: () => void
}

/** A retired stream is opened again this soon: well within the presence that a poll gives. */
const RETIRED_RETRY_MS_MIN = 500
const RETIRED_RETRY_MS_SPREAD = 1_500

const NOTHING_SHOWN = {
  position: undefined,
  positionAtMs: 0,
  admissionId: null,
  seatsVersion: 0,
  seatsAtMs: 0,
  dropsVersion: 0,
} as const

const encoder = new TextEncoder()

export class StreamHub {
  readonly #connections = new Map<string, Connection>()
  readonly #events: HubEvents
  readonly #lifeMs: () => number
  readonly #feeds: Feeds
  #eventId = ''

  /** `lifeMs`: how long the next stream may live. `feeds`: what there is to tell of the event's seats and drops. */
  constructor(events: HubEvents, lifeMs: () => number = jitteredLifeMs, feeds: Feeds = noFeeds()) {
    this.#events = events
    this.#lifeMs = lifeMs
    this.#feeds = feeds
  }

  get size(): number {
    return this.#connections.size
  }

  has(userId: string): boolean {
    return this.#connections.has(userId)
  }

  userIds(): string[] {
    return [...this.#connections.keys()]
  }

  /**
   * Opens a stream; its first event is in the body already. An older stream of the same visitor is told that it was
   * replaced, and ends: the place is the visitor's, not the connection's.
   */
  open(userId: string, show: Opening): ReadableStream<Uint8Array> {
    this.#eventId = show.eventId
    this.end(userId, 'replaced', show.nowMs)
    let connection: Connection | null = null
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          connection = {
            userId,
            controller,
            shown: { ...NOTHING_SHOWN, status: show.status },
            heartbeatAtMs: show.nowMs,
            stalledSinceMs: null,
            retiresAtMs: show.nowMs + this.#lifeMs(),
          }
          this.#start(connection, show)
        },
        cancel: () => {
          if (connection !== null) this.#drop(connection)
        },
      },
      new ByteLengthQueuingStrategy({ highWaterMark: STREAM_BUFFER_BYTES }),
    )
  }

  /** Tells one visitor at once what has changed, without waiting for the tick. */
  refresh(userId: string, view: StreamView, status: EventStatusName, nowMs: EpochMs): void {
    const connection = this.#connections.get(userId)
    if (connection === undefined) return
    if (view.kind === 'ended') this.end(userId, view.reason, nowMs, status)
    else this.#write(connection, this.#news(connection, view, status, nowMs), nowMs)
  }

  /** The last event of a stream; the visitor's client does not reconnect after it. */
  end(userId: string, reason: EndReason, nowMs: EpochMs, status?: EventStatusName): void {
    const connection = this.#connections.get(userId)
    if (connection === undefined) return
    this.#connections.delete(userId)
    const isNews = status !== undefined && status !== connection.shown.status
    const text = (isNews ? statusFrame(status, nowMs) : '') + endFrame(reason, nowMs)
    if (this.#hasRoom(connection)) this.#finish(connection, text)
    else this.#breakOff(connection)
  }

  /**
   * One pass over all streams, in slices so that joins and polls get their turn. Stops when `isStale` says that a
   * later pass has begun. `viewOf`: null for who is not to be told a position now.
   */
  async tick(
    viewOf: (userId: string) => StreamView | null,
    statusNow: () => EventStatusName,
    nowMs: EpochMs,
    isStale: () => boolean,
  ): Promise<void> {
    let inSlice = 0
    for (const connection of this.#connections.values()) {
      this.#tickOne(connection, viewOf, statusNow(), nowMs)
      inSlice += 1
      if (inSlice < STREAM_SLICE) continue
      inSlice = 0
      await nextTurn()
      if (isStale()) return
    }
  }

  #tickOne(
    connection: Connection,
    viewOf: (userId: string) => StreamView | null,
    status: EventStatusName,
    nowMs: EpochMs,
  ): void {
    const view = viewOf(connection.userId)
    if (view?.kind === 'ended') {
      this.end(connection.userId, view.reason, nowMs, status)
      return
    }
    let text = this.#news(connection, view, status, nowMs)
    // Half a tick of slack: an alarm that comes a few milliseconds early must not cost the beat a whole second.
    const isBeat = nowMs - connection.heartbeatAtMs >= HEARTBEAT_MS - TICK_MS / 2
    if (isBeat) text += heartbeatFrame(nowMs)
    const isNear = view?.kind === 'waiting' && view.position !== null && view.position <= NEAR_HEAD_POSITIONS
    if (text === '' && isNear) text = PROBE_FRAME
    if (this.#write(connection, text, nowMs) && isBeat) connection.heartbeatAtMs = nowMs
    if (nowMs >= connection.retiresAtMs) this.#retire(connection)
  }

  #start(connection: Connection, show: Opening): void {
    const { controller } = connection
    if (show.view.kind === 'ended') {
      controller.enqueue(encoder.encode(retryLine(show.retryMs) + endFrame(show.view.reason, show.nowMs)))
      controller.close()
      return
    }
    this.#connections.set(connection.userId, connection)
    const news = this.#news(connection, show.view, show.status, show.nowMs)
    this.#write(connection, retryLine(show.retryMs) + news, show.nowMs)
  }

  /** What the visitor should see and has not been shown. A reader without room is shown nothing, and told later. */
  #news(connection: Connection, view: StreamView | null, status: EventStatusName, nowMs: EpochMs): string {
    const { text, shown } = newsOf(this.#eventId, connection.shown, {
      view,
      status,
      feeds: this.#feeds,
      nowMs,
    })
    if (text === '' || !this.#hasRoom(connection)) return ''
    connection.shown = shown
    return text
  }

  /** Whether the reader took it. */
  #write(connection: Connection, text: string, nowMs: EpochMs): boolean {
    if (text === '') return false
    if (!this.#hasRoom(connection)) {
      this.#stall(connection, nowMs)
      return false
    }
    try {
      connection.controller.enqueue(encoder.encode(text))
    } catch {
      // Closed or errored between two writes: the runtime told the controller, not yet us.
      this.#drop(connection)
      return false
    }
    connection.stalledSinceMs = null
    this.#events.wrote(1)
    return true
  }

  #hasRoom(connection: Connection): boolean {
    return (connection.controller.desiredSize ?? 0) > 0
  }

  /** A reader that takes nothing costs memory, not correctness; after a while it is somebody who is not there. */
  #stall(connection: Connection, nowMs: EpochMs): void {
    connection.stalledSinceMs ??= nowMs
    this.#events.skipped()
    if (nowMs - connection.stalledSinceMs < STREAM_STALLED_MS_MAX) return
    this.#breakOff(connection)
    this.#drop(connection)
  }

  /** The end of a stream's life, without an `end` event: the client is to come back. */
  #retire(connection: Connection): void {
    const { userId } = connection
    if (this.#connections.get(userId) !== connection) return
    this.#connections.delete(userId)
    if (!this.#hasRoom(connection)) {
      this.#breakOff(connection)
      this.#events.closed(userId)
      return
    }
    this.#finish(connection, retryLine(RETIRED_RETRY_MS_MIN + Math.random() * RETIRED_RETRY_MS_SPREAD))
    this.#events.retired(userId)
  }

  #finish(connection: Connection, lastWords: string): void {
    try {
      connection.controller.enqueue(encoder.encode(lastWords))
      connection.controller.close()
    } catch {
      // The reader had gone, or the stream had errored: there is nobody left to tell.
    }
    this.#events.wrote(1)
  }

  /** What still waits in the buffers is thrown away: nobody reads it. */
  #breakOff({ controller }: Connection): void {
    controller.error(new Error('stream stalled'))
  }

  #drop(connection: Connection): void {
    if (this.#connections.get(connection.userId) !== connection) return
    this.#connections.delete(connection.userId)
    this.#events.closed(connection.userId)
  }
}

function jitteredLifeMs(): number {
  return STREAM_LIFE_MS_MIN + Math.random() * STREAM_LIFE_MS_SPREAD
}

/** Lets whatever else is due have its turn. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0))
}
