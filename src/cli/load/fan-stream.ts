/** One fan's live connection to the line: follows it, comes back when it breaks, and notes when it was open. */
import { request } from 'node:http'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { SseParser } from './sse-parser.ts'
import type { Interval } from './statistics.ts'
import { frameSchema } from './wire.ts'
import type { Frame } from './wire.ts'

const RETRY_MS_DEFAULT = 1_000
/** So many refused or broken connections in a row are a failure. */
const FAILURES_MAX = 10

type StreamHandlers = {
  readonly onFrame: (frame: Frame, receivedAtMs: number) => void
  /** The stream is over for good: refused as the contract does not allow, or broken too often. */
  readonly onLost: (reason: string) => void
}

export class FanStream {
  /** When the stream was open and talking, up to now. */
  readonly present: Interval[] = []

  readonly #url: URL
  readonly #bearer: string
  readonly #handlers: StreamHandlers
  #parser = new SseParser()
  #connection: ClientRequest | null = null
  #retryTimer: NodeJS.Timeout | undefined
  #openSinceMs: number | null = null
  #failures = 0

  constructor(url: URL, bearer: string, handlers: StreamHandlers) {
    this.#url = url
    this.#bearer = bearer
    this.#handlers = handlers
  }

  /** Connects, after the first time with the `Last-Event-ID` of the stream before. */
  open(): void {
    const lastEventId = this.#parser.lastEventId
    const headers: Record<string, string> = {
      Accept: 'text/event-stream',
      Authorization: `Bearer ${this.#bearer}`,
    }
    if (lastEventId !== '') headers['Last-Event-ID'] = lastEventId
    this.#parser = new SseParser()
    this.#parser.lastEventId = lastEventId
    const connection = request(this.#url, { agent: false, headers })
    this.#connection = connection
    connection.on('response', (response) => this.#follow(connection, response))
    connection.on('error', () => this.#reconnect(connection, RETRY_MS_DEFAULT))
    connection.end()
  }

  /** Goes away, as a closed tab does; `open` comes back. */
  drop(): void {
    clearTimeout(this.#retryTimer)
    this.#noteClosed()
    const connection = this.#connection
    this.#connection = null
    connection?.destroy()
  }

  #follow(connection: ClientRequest, response: IncomingMessage): void {
    if (response.statusCode !== 200) {
      response.resume()
      if (response.statusCode === 503 || response.statusCode === 429) {
        return this.#reconnect(connection, Number(response.headers['retry-after'] ?? 1) * 1_000)
      }
      if (connection === this.#connection) this.#lose(`the stream answered ${response.statusCode}`)
      return
    }
    response.setEncoding('utf8')
    response.on('data', (piece: string) => {
      if (connection === this.#connection) this.#read(connection, piece)
    })
    response.on('error', () => this.#reconnect(connection, this.#parser.retryMs ?? RETRY_MS_DEFAULT))
    response.on('end', () => this.#reconnect(connection, this.#parser.retryMs ?? RETRY_MS_DEFAULT))
  }

  #read(connection: ClientRequest, piece: string): void {
    const receivedAtMs = Date.now()
    try {
      for (const message of this.#parser.push(piece)) {
        this.#openSinceMs ??= receivedAtMs
        this.#failures = 0
        this.#handlers.onFrame(frameSchema.parse(JSON.parse(message.data)), receivedAtMs)
        // The fan went away because of this frame, so it does not see the next one.
        if (connection !== this.#connection) return
      }
    } catch {
      // A line without end, data that is not JSON, or a frame that the schema refuses.
      this.#lose('a frame of the stream is not as the contract says')
    }
  }

  /** Only the connection in use may ask for the next one; `error` and `end` of a dropped one come late. */
  #reconnect(connection: ClientRequest, afterMs: number): void {
    if (connection !== this.#connection) return
    this.drop()
    this.#failures += 1
    if (this.#failures >= FAILURES_MAX) return this.#lose('the stream broke again and again')
    this.#retryTimer = setTimeout(() => this.open(), afterMs * (0.5 + Math.random()))
  }

  #lose(reason: string): void {
    this.drop()
    this.#handlers.onLost(reason)
  }

  #noteClosed(): void {
    if (this.#openSinceMs !== null) this.present.push({ fromMs: this.#openSinceMs, toMs: Date.now() })
    this.#openSinceMs = null
  }
}
