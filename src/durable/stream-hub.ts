/**
 * The open streams of one line. A stream is level-triggered: each write is made of what the visitor should see now
 * and has not been shown, so a frame that a slow reader could not take is not lost but superseded.
 */
import {
  endFrame,
  heartbeatFrame,
  positionFrame,
  PROBE_FRAME,
  promotionFrame,
  retryLine,
  statusFrame,
} from '../core/frames.ts'
import type { EventStatusName } from '../core/event-config.ts'
import {
  HEARTBEAT_MS,
  NEAR_HEAD_POSITIONS,
  STREAM_BUFFER_BYTES,
  STREAM_SLICE,
  STREAM_STALLED_TICKS_MAX,
  TICK_MS,
} from '../core/limits.ts'
import type { AdmissionRecord, EndReason } from '../core/records.ts'
import type { EpochMs } from '../core/time.ts'
import type { EtaSeconds } from '../core/views.ts'

/** What a visitor should see at this moment. */
export type StreamView =
  | {
      readonly kind: 'waiting'
      readonly position: number | null
      readonly totalWaiting: number
      readonly etaSeconds: EtaSeconds | null
    }
  | { readonly kind: 'admitted'; readonly admission: AdmissionRecord }
  | { readonly kind: 'ended'; readonly reason: EndReason }

type Connection = {
  readonly userId: string
  readonly controller: ReadableStreamDefaultController<Uint8Array>
  /** Undefined: nothing shown yet. */
  shownPosition: number | null | undefined
  positionAtMs: EpochMs
  shownAdmissionId: string | null
  shownStatus: EventStatusName
  heartbeatAtMs: EpochMs
  stalledTicks: number
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
  readonly wrote: (frames: number) => void
  readonly skipped: () => void
}

/** A second, less what the alarm's lateness may vary by. */
const POSITION_GAP_MS = 900

const encoder = new TextEncoder()

export class StreamHub {
  readonly #connections = new Map<string, Connection>()
  readonly #events: HubEvents
  #eventId = ''

  constructor(events: HubEvents) {
    this.#events = events
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
            shownPosition: undefined,
            positionAtMs: 0,
            shownAdmissionId: null,
            shownStatus: show.status,
            heartbeatAtMs: show.nowMs,
            stalledTicks: 0,
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
    else this.#write(connection, this.#news(connection, view, status, nowMs))
  }

  /** The last event of a stream; the visitor's client does not reconnect after it. */
  end(userId: string, reason: EndReason, nowMs: EpochMs, status?: EventStatusName): void {
    const connection = this.#connections.get(userId)
    if (connection === undefined) return
    this.#connections.delete(userId)
    const isNews = status !== undefined && status !== connection.shownStatus
    const text = (isNews ? statusFrame(status, nowMs) : '') + endFrame(reason, nowMs)
    try {
      connection.controller.enqueue(encoder.encode(text))
      connection.controller.close()
    } catch {
      // The reader had gone, or the stream had errored: there is nobody left to tell.
    }
    this.#events.wrote(1)
  }

  /**
   * One pass over all streams, in slices so that joins and polls get their turn. Stops when `isStale` says that a
   * later pass has begun.
   */
  async tick(
    viewOf: (userId: string) => StreamView,
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
      await scheduler.wait(0)
      if (isStale()) return
    }
  }

  #tickOne(
    connection: Connection,
    viewOf: (userId: string) => StreamView,
    status: EventStatusName,
    nowMs: EpochMs,
  ): void {
    const view = viewOf(connection.userId)
    if (view.kind === 'ended') {
      this.end(connection.userId, view.reason, nowMs, status)
      return
    }
    let text = this.#news(connection, view, status, nowMs)
    // Half a tick of slack: an alarm that comes a few milliseconds early must not cost the beat a whole second.
    const isBeat = nowMs - connection.heartbeatAtMs >= HEARTBEAT_MS - TICK_MS / 2
    if (isBeat) text += heartbeatFrame(nowMs)
    const isNear = view.kind === 'waiting' && view.position !== null && view.position <= NEAR_HEAD_POSITIONS
    if (text === '' && isNear) text = PROBE_FRAME
    if (this.#write(connection, text) && isBeat) connection.heartbeatAtMs = nowMs
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
    this.#write(connection, retryLine(show.retryMs) + news)
  }

  /** What the visitor should see and has not been shown. A reader without room is shown nothing, and told later. */
  #news(connection: Connection, view: StreamView, status: EventStatusName, nowMs: EpochMs): string {
    let text = ''
    if (connection.shownStatus !== status) text += statusFrame(status, nowMs)
    // At most one position a second, whatever else is told in between.
    const isNewPosition =
      view.kind === 'waiting' &&
      view.position !== connection.shownPosition &&
      nowMs - connection.positionAtMs >= POSITION_GAP_MS
    if (isNewPosition) {
      text += positionFrame(this.#eventId, view, nowMs)
    }
    if (view.kind === 'admitted' && view.admission.admissionId !== connection.shownAdmissionId) {
      text += promotionFrame(this.#eventId, view.admission, nowMs)
    }
    if (text === '' || !this.#hasRoom(connection)) return ''
    connection.shownStatus = status
    if (isNewPosition) {
      connection.shownPosition = view.position
      connection.positionAtMs = nowMs
    }
    if (view.kind === 'admitted') connection.shownAdmissionId = view.admission.admissionId
    return text
  }

  /** Whether the reader took it. */
  #write(connection: Connection, text: string): boolean {
    if (text === '') return false
    if (!this.#hasRoom(connection)) {
      this.#stall(connection)
      return false
    }
    try {
      connection.controller.enqueue(encoder.encode(text))
    } catch {
      // Closed or errored between two writes: the runtime told the controller, not yet us.
      this.#drop(connection)
      return false
    }
    connection.stalledTicks = 0
    this.#events.wrote(1)
    return true
  }

  #hasRoom(connection: Connection): boolean {
    return (connection.controller.desiredSize ?? 0) > 0
  }

  /** A reader that takes nothing costs memory, not correctness; after a while it is somebody who is not there. */
  #stall(connection: Connection): void {
    connection.stalledTicks += 1
    this.#events.skipped()
    if (connection.stalledTicks < STREAM_STALLED_TICKS_MAX) return
    connection.controller.error(new Error('stream stalled'))
    this.#drop(connection)
  }

  #drop(connection: Connection): void {
    if (this.#connections.get(connection.userId) !== connection) return
    this.#connections.delete(connection.userId)
    this.#events.closed(connection.userId)
  }
}
