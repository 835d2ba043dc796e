/**
 * Follows one place until it ends. Streams while they work; polls where they are blocked, and tries a stream again now
 * and then. Everything that a crowd would do together is spread by chance.
 */
import { UsherError, type Calls } from './calls.ts'
import type { EtaSeconds, EventStatusName, Frame, Place } from './contract.ts'
import { etaSeconds, positionBound, type Progress } from './position-bound.ts'
import { admitted, smaller, standingOf, type Connection, type Standing } from './standing.ts'
import { TokenStream, type Stream } from './token-stream.ts'

export type StreamConstructor = new (url: string, init: { withCredentials: boolean }) => Stream

export type Clock = {
  nowMs(): number
  /** Calls `act` once, in `ms`. @returns what prevents it */
  after(ms: number, act: () => void): () => void
}

export type Visit = {
  readonly standing: Standing
  readonly connection: Connection
  /** Null until it was heard. */
  readonly eventStatus: EventStatusName | null
  /** Usher's clock less this one's, in milliseconds; null until it was heard. */
  readonly skewMs: number | null
}

export type Following = {
  /** Tries again at once, as it does by itself when the page is seen again or the network is back. */
  wake(): void
  close(): void
}

/** Three heartbeats of the server: a connection can die without an error. */
const SILENCE_MS_MAX = 15_000
const WATCH_MS = 2_500
/** Failures in a row after which streams count as blocked. */
const STREAM_FAILURES_MAX = 3
const STREAM_AGAIN_MS = 60_000
/** The public document costs Usher next to nothing. */
const DOCUMENT_MS = 3_000
/** Longer than a server spreads the reconnects of an event's streams. */
const RECONNECT_MS_MAX = 60_000
const WAKE_MS_MAX = 500
const BACKOFF_MS_MIN = 1_000
const BACKOFF_MS_MAX = 30_000
const STREAM_CLOSED = 2

const CLOCK: Clock = {
  nowMs: () => Date.now(),
  after: (ms, act) => {
    const timer = setTimeout(act, ms)
    return () => clearTimeout(timer)
  },
}

type Tools = {
  readonly EventSource?: StreamConstructor
  readonly clock?: Clock
  readonly random?: () => number
}

export class Follower implements Following {
  readonly #calls: Calls
  readonly #onChange: (visit: Visit) => void
  readonly #clock: Clock
  readonly #random: () => number
  readonly #newStream: () => Stream
  #visit: Visit
  #place: Place
  #stream: Stream | null = null
  #isClosed = false
  #failures = 0
  /** A stream tells changes of the status; those that it was not there for, the public document tells. */
  #mayHaveMissed: boolean
  #heardAtMs = 0
  /** Until then streams count as blocked. */
  #pollUntilMs = 0
  #placeDueMs = 0
  #forget = (): void => {}
  #forgetWatch = (): void => {}

  constructor(
    calls: Calls,
    place: Place,
    onChange: (visit: Visit) => void,
    tools: Tools,
    eventStatus: EventStatusName | null,
  ) {
    this.#calls = calls
    this.#place = place
    this.#onChange = onChange
    this.#clock = tools.clock ?? CLOCK
    this.#random = tools.random ?? Math.random
    const url = `${calls.event}/queue/stream`
    const Source = tools.EventSource ?? globalThis.EventSource
    // A bearer cannot be given to an EventSource, and a server may have none.
    this.#newStream =
      Source === undefined || (calls.token !== undefined && tools.EventSource === undefined)
        ? () => new TokenStream((signal) => calls.request(url, 'GET', signal))
        : () => new Source(url, { withCredentials: true })
    this.#visit = {
      standing: standingOf(place, null),
      connection: 'connecting',
      eventStatus,
      skewMs: null,
    }
    this.#mayHaveMissed = eventStatus !== null && eventStatus !== 'open'
    // Not before the caller has what it may want to close.
    queueMicrotask(() => this.#start())
  }

  wake(): void {
    const isWell = this.#stream !== null && this.#failures === 0 && !this.#isSilent
    if (this.#isClosed || isWell) return
    this.#disconnect()
    this.#placeDueMs = 0
    this.#later(() => void this.#ask(), this.#random() * WAKE_MS_MAX)
  }

  close(): void {
    this.#isClosed = true
    this.#disconnect()
    this.#forgetWatch()
    listen('remove', this.#onSignal)
  }

  #start(): void {
    if (this.#isClosed) return
    listen('add', this.#onSignal)
    this.#show({})
    if (this.#isClosed) return
    this.#open()
    this.#watch()
  }

  readonly #onSignal = ({ type }: Event): void => {
    if (type === 'offline') return this.#show({ connection: 'offline' })
    // Another network may let streams through.
    if (type === 'online') this.#pollUntilMs = 0
    else if (globalThis.document?.visibilityState === 'hidden') return
    this.wake()
  }

  get #isSilent(): boolean {
    return this.#clock.nowMs() - this.#heardAtMs > SILENCE_MS_MAX
  }

  // --- The stream ---------------------------------------------------------------------------------------------------

  #open(): void {
    this.#disconnect()
    this.#heardAtMs = this.#clock.nowMs()
    const stream = this.#newStream()
    this.#stream = stream
    const on = (type: string, change: (frame: Frame) => Partial<Visit>): void =>
      stream.addEventListener(type, ({ data }) => {
        if (stream === this.#stream) this.#hear(JSON.parse(String(data)) as Frame, change)
      })
    on('heartbeat', () => ({}))
    on('position', (frame) => ({
      standing: this.#waiting(frame.position, frame.totalWaiting, frame.etaSeconds),
    }))
    on('promotion', (frame) => ({ standing: admitted(frame.admissionId, frame.entryToken, frame.expiresAt) }))
    on('status', ({ status }) => ({ eventStatus: status }))
    on('end', ({ reason }) => ({ standing: { state: 'ended', reason } }))
    stream.addEventListener('error', () => {
      if (stream === this.#stream) this.#streamFailed(stream.readyState === STREAM_CLOSED)
    })
  }

  #hear(frame: Frame, change: (frame: Frame) => Partial<Visit>): void {
    this.#failures = 0
    this.#heardAtMs = this.#clock.nowMs()
    this.#show({ connection: 'live', skewMs: frame.timestamp - this.#heardAtMs, ...change(frame) })
    if (this.#isClosed || !this.#mayHaveMissed) return
    this.#mayHaveMissed = false
    // Not heard, it is looked at with the next connection.
    this.#askDocument().catch(() => (this.#mayHaveMissed = true))
  }

  /** @param isOver false: broken, and the EventSource restores it itself, at the pace that the server has given it */
  #streamFailed(isOver: boolean): void {
    const nowMs = this.#clock.nowMs()
    const retryMs = this.#stream?.retryMs ?? 0
    this.#failures += 1
    this.#mayHaveMissed = true
    this.#away()
    if (this.#failures >= STREAM_FAILURES_MAX) {
      this.#pollUntilMs = nowMs + STREAM_AGAIN_MS * (1 + this.#random())
    } else if (!isOver) {
      this.#heardAtMs = nowMs + RECONNECT_MS_MAX
      return
    }
    this.#disconnect()
    this.#later(() => void this.#ask(), Math.max(this.#backoffMs(), retryMs))
  }

  // --- Polls --------------------------------------------------------------------------------------------------------

  /** The visitor's own place when it is due, the public document in between. */
  async #ask(): Promise<void> {
    let delayMs = DOCUMENT_MS
    try {
      if (this.#clock.nowMs() >= this.#placeDueMs) await this.#askPlace()
      else await this.#askDocument()
      if (this.#isClosed) return
      if (this.#clock.nowMs() >= this.#pollUntilMs) return this.#open()
      // That there were failures of streams stays known: the next one that fails is the last for a while.
      this.#failures = STREAM_FAILURES_MAX - 1
      this.#show({ connection: 'polling' })
      delayMs = this.#untilNextMs()
    } catch (error) {
      if (this.#isClosed || this.#isOver(error)) return
      this.#failures += 1
      this.#away()
      delayMs = Math.max(this.#backoffMs(), error instanceof UsherError ? error.retryAfterMs : 0)
    }
    this.#later(() => void this.#ask(), delayMs)
  }

  #untilNextMs(): number {
    const dueMs = this.#placeDueMs - this.#clock.nowMs()
    const isWaiting = this.#visit.standing.state === 'waiting' && this.#place.number !== null
    return isWaiting && dueMs > DOCUMENT_MS ? this.#spread(DOCUMENT_MS) : Math.max(dueMs, 0)
  }

  /** Over the last fifth: the delays that visitors are given are all alike. */
  #spread(ms: number): number {
    return ms * (0.8 + 0.2 * this.#random())
  }

  async #askPlace(): Promise<void> {
    const place = await this.#calls.place('GET')
    if (this.#isClosed) return
    const isSame = place.joinNumber === this.#place.joinNumber
    this.#place = place
    this.#placeDueMs = this.#clock.nowMs() + this.#spread(place.pollAfterMs)
    this.#show({ standing: standingOf(place, isSame ? this.#shown : null) })
  }

  async #askDocument(): Promise<void> {
    const { status, steps, waiting, nowServing, pacePerMinute } =
      await this.#calls.document<Progress>('/progress')
    if (this.#isClosed) return
    const { number } = this.#place
    const { standing } = this.#visit
    if (standing.state !== 'waiting' || number === null) return this.#show({ eventStatus: status })
    const position = positionBound(steps, number, this.#shown)
    const eta = position === null ? null : etaSeconds(pacePerMinute, position)
    this.#show({ eventStatus: status, standing: this.#waiting(position, waiting, eta) })
    // It may be this visitor's turn; their place says.
    if (number <= nowServing || status === 'closed' || status === 'sold_out') this.#placeDueMs = 0
  }

  /** Whether the refusal is the end, which it then has told. */
  #isOver(error: unknown): boolean {
    if (!(error instanceof UsherError)) return false
    const isGone = error.code === 'event-not-found'
    if (!isGone && error.code !== 'not-in-queue' && error.status !== 401) return false
    this.#show({ standing: { state: 'ended', reason: isGone ? 'closed' : 'lost' } })
    return true
  }

  // --- What is shown, and when --------------------------------------------------------------------------------------

  get #shown(): number | null {
    const { standing } = this.#visit
    return standing.state === 'waiting' ? standing.position : null
  }

  #waiting(position: number | null, totalWaiting: number, eta: EtaSeconds | null): Standing {
    return { state: 'waiting', position: smaller(position, this.#shown), totalWaiting, etaSeconds: eta }
  }

  #away(): void {
    // Outside of browsers there may be a navigator that does not know.
    const navigator = globalThis.navigator as { readonly onLine?: boolean } | undefined
    this.#show({ connection: navigator?.onLine === false ? 'offline' : 'away' })
  }

  #show(change: Partial<Visit>): void {
    this.#visit = { ...this.#visit, ...change }
    if (this.#visit.standing.state === 'ended') this.close()
    this.#onChange(this.#visit)
  }

  #watch(): void {
    this.#forgetWatch = this.#clock.after(WATCH_MS, () => {
      if (this.#stream !== null && this.#isSilent) this.#streamFailed(true)
      this.#watch()
    })
  }

  /** Full jitter: those who were cut off together do not come back together. */
  #backoffMs(): number {
    return this.#random() * Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** this.#failures)
  }

  #disconnect(): void {
    this.#forget()
    this.#mayHaveMissed ||= this.#stream !== null
    this.#stream?.close()
    this.#stream = null
  }

  #later(act: () => void, ms: number): void {
    this.#forget()
    this.#forget = this.#clock.after(ms, act)
  }
}

function listen(act: 'add' | 'remove', listener: (event: Event) => void): void {
  for (const type of ['visibilitychange', 'resume'])
    globalThis.document?.[`${act}EventListener`](type, listener)
  // Where there is no window, there are no such events.
  for (const type of ['pageshow', 'online', 'offline']) globalThis[`${act}EventListener`]?.(type, listener)
}
