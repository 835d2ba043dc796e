/** An event stream that comes back by itself after the server's own `retry`, as a browser's EventSource does. */
import { request, type ClientRequest, type IncomingMessage } from 'node:http'
import { SseParser } from '../../src/cli/load/sse-parser.ts'
import type { Interval } from '../../src/cli/load/statistics.ts'

const RETRY_MS_DEFAULT = 1_000
/** Heartbeats come every 5 s: an open stream that says nothing for three of them is dead. */
const SILENCE_MS = 15_000

export type StreamFrame = {
  readonly type: 'QUEUE_POSITION' | 'PROMOTED' | 'HEARTBEAT' | 'EVENT_STATUS' | 'END'
  readonly position?: number | null
  readonly admissionId?: string
  readonly entryToken?: string
  readonly expiresAt?: string
  readonly reason?: string
  /** When the server made it. */
  readonly timestamp: number
}

export type StreamHandlers = {
  readonly frame: (frame: StreamFrame) => void
  /** Heard again, so long after it broke. */
  readonly resumed: (afterMs: number) => void
  /** An answer that no reconnect can mend. */
  readonly refused: (status: number) => void
  /** Open, and dead. */
  readonly silent: () => void
}

export class StreamClient {
  /** When it was open and talking, up to now. */
  readonly present: Interval[] = []
  readonly #url: string
  readonly #bearer: string
  readonly #handlers: StreamHandlers
  #connection: ClientRequest | null = null
  #timer: NodeJS.Timeout | undefined
  #lastEventId = ''
  #retryMs = RETRY_MS_DEFAULT
  #brokenAtMs: number | null = null
  #openSinceMs: number | null = null

  constructor(url: string, bearer: string, handlers: StreamHandlers) {
    this.#url = url
    this.#bearer = bearer
    this.#handlers = handlers
  }

  open(): void {
    const headers: Record<string, string> = {
      Accept: 'text/event-stream',
      Authorization: `Bearer ${this.#bearer}`,
    }
    if (this.#lastEventId !== '') headers['Last-Event-ID'] = this.#lastEventId
    const connection = request(this.#url, { agent: false, headers })
    this.#connection = connection
    connection.setTimeout(SILENCE_MS, () => {
      if (connection === this.#connection) this.#handlers.silent()
      connection.destroy(new Error('silent'))
    })
    connection.on('response', (response) => this.#follow(connection, response))
    connection.on('error', () => this.#comeBack(connection))
    connection.end()
  }

  close(): void {
    clearTimeout(this.#timer)
    if (this.#openSinceMs !== null) this.present.push({ fromMs: this.#openSinceMs, toMs: Date.now() })
    this.#openSinceMs = null
    const connection = this.#connection
    this.#connection = null
    connection?.destroy()
  }

  #follow(connection: ClientRequest, response: IncomingMessage): void {
    const status = response.statusCode ?? 0
    if (status !== 200) {
      response.resume()
      if (status === 503 || status === 429) this.#comeBack(connection)
      else if (connection === this.#connection) this.#handlers.refused(status)
      return
    }
    const parser = new SseParser()
    response.setEncoding('utf8')
    response.on('data', (piece: string) => this.#read(connection, parser, piece))
    response.on('error', () => this.#comeBack(connection))
    response.on('end', () => this.#comeBack(connection))
  }

  #read(connection: ClientRequest, parser: SseParser, piece: string): void {
    for (const { data } of parser.push(piece)) {
      if (connection !== this.#connection) return
      if (this.#brokenAtMs !== null) this.#handlers.resumed(Date.now() - this.#brokenAtMs)
      this.#brokenAtMs = null
      this.#openSinceMs ??= Date.now()
      this.#handlers.frame(JSON.parse(data) as StreamFrame)
    }
    this.#retryMs = parser.retryMs ?? this.#retryMs
    if (parser.lastEventId !== '') this.#lastEventId = parser.lastEventId
  }

  #comeBack(connection: ClientRequest): void {
    if (connection !== this.#connection) return
    this.close()
    this.#brokenAtMs ??= Date.now()
    this.#timer = setTimeout(() => this.open(), this.#retryMs)
  }
}
