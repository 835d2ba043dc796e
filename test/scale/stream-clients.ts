/**
 * Thousands of clients of streams over plain sockets, as a browser behaves: each reconnects after the time that its
 * stream told it. Every message is read: what it says, when the server wrote it and when it came.
 */
import { connect, type Socket } from 'node:net'
import { requestText } from '../overload/raw-http.ts'
import { countLag, countsOf } from './stream-tables.ts'

/** Openings under way at once. */
const OPENING_MAX = 400
const BUFFER_BYTES = 64 * 1024

type Stream = {
  readonly token: string
  socket: Socket | null
  retryMs: number
  /** The last position that was shown; 0 before the first. */
  position: number
  /** Told a position since the connection was made. */
  isOpen: boolean
  opened: (() => void) | null
  /** Positions told since `beginMeasure`. */
  told: number
}

export type StreamFigures = {
  /** Messages since the measurement began, by their names. */
  readonly messages: Readonly<Record<string, number>>
  /** How many positions came so many whole milliseconds after the second in which they were due. */
  readonly tickLags: readonly number[]
  /** Likewise after the time that is written in them. */
  readonly deliveryLags: readonly number[]
  /** For each stream: its last position, and how many it was told. */
  readonly told: readonly { readonly position: number; readonly count: number }[]
  /** Positions that were larger than one shown before. */
  readonly grown: number
  readonly refused: number
  /** That any client was told to wait before it comes back. */
  readonly longestRetryMs: number
}

export class StreamClients {
  readonly #url: URL
  readonly #path: string
  readonly #streams: Stream[] = []
  /** One for all: each chunk is looked at before the next is read. */
  readonly #buffer = Buffer.alloc(BUFFER_BYTES)
  #messages: Record<string, number> = {}
  #tickLags: number[] = []
  #deliveryLags: number[] = []
  #grown = 0
  #refused = 0

  constructor(url: string, eventId: string) {
    this.#url = new URL(url)
    this.#path = `/api/v1/events/${eventId}/queue/stream`
    this.beginMeasure()
  }

  /** Opens one stream for each token; resolves when each has been told its position. */
  async open(tokens: readonly string[]): Promise<void> {
    const streams = tokens.map((token) => newStream(token))
    this.#streams.push(...streams)
    const remaining = streams.values()
    const lane = async (): Promise<void> => {
      for (const stream of remaining) {
        const opened = this.#untilOpen(stream)
        this.#connect(stream)
        await opened
      }
    }
    await Promise.all(Array.from({ length: OPENING_MAX }, lane))
  }

  /**
   * Breaks off the first `count` connections at once; each client comes back after its time. Resolves when all have
   * been told a position again, with the milliseconds until each had.
   */
  async reconnect(count: number): Promise<number[]> {
    const startedAtMs = performance.now()
    const streams = this.#streams.slice(0, count)
    for (const stream of streams) {
      stream.socket?.destroy()
      stream.isOpen = false
    }
    return await Promise.all(
      streams.map(async (stream) => {
        setTimeout(() => this.#connect(stream), stream.retryMs)
        await this.#untilOpen(stream)
        return performance.now() - startedAtMs
      }),
    )
  }

  beginMeasure(): void {
    this.#messages = {}
    this.#tickLags = countsOf([])
    this.#deliveryLags = countsOf([])
    for (const stream of this.#streams) stream.told = 0
  }

  figures(): StreamFigures {
    return {
      messages: this.#messages,
      tickLags: this.#tickLags,
      deliveryLags: this.#deliveryLags,
      told: this.#streams.map(({ position, told }) => ({ position, count: told })),
      grown: this.#grown,
      refused: this.#refused,
      longestRetryMs: Math.max(0, ...this.#streams.map(({ retryMs }) => retryMs)),
    }
  }

  close(): void {
    for (const { socket } of this.#streams) socket?.destroy()
  }

  #connect(stream: Stream): void {
    const socket = connect({
      host: this.#url.hostname,
      port: Number(this.#url.port),
      onread: {
        buffer: this.#buffer,
        callback: (length) => {
          this.#take(stream, socket, this.#buffer.toString('latin1', 0, length))
          return true
        },
      },
    })
    stream.socket = socket
    socket.on('error', () => {})
    socket.once('connect', () => socket.write(requestText('GET', this.#path, stream.token)))
    // The end of a stream's life, or of its server.
    socket.once('close', () => {
      if (stream.socket !== socket || !stream.isOpen) return
      stream.isOpen = false
      setTimeout(() => this.#connect(stream), stream.retryMs)
    })
  }

  #take(stream: Stream, socket: Socket, text: string): void {
    const nowMs = Date.now()
    const status = /^HTTP\/1\.1 (\d+)/.exec(text)?.[1]
    if (status !== undefined && status !== '200') {
      this.#comeBackLater(stream, socket, text)
      return
    }
    const retry = /retry: (\d+)/.exec(text)?.[1]
    if (retry !== undefined) stream.retryMs = Number(retry)
    for (const [, writtenAtMs, name = '', data = ''] of text.matchAll(
      /id: (\d+)\nevent: (\w+)\ndata: (.*)\n/g,
    )) {
      this.#messages[name] = (this.#messages[name] ?? 0) + 1
      if (name === 'position') this.#position(stream, data, Number(writtenAtMs), nowMs)
    }
  }

  #position(stream: Stream, data: string, writtenAtMs: number, nowMs: number): void {
    const position = Number(/"position":(\d+)/.exec(data)?.[1])
    if (stream.position !== 0 && position > stream.position) this.#grown += 1
    stream.position = position
    if (!stream.isOpen) {
      stream.isOpen = true
      stream.opened?.()
      return
    }
    stream.told += 1
    countLag(this.#tickLags, nowMs - Math.floor(writtenAtMs / 1_000) * 1_000)
    countLag(this.#deliveryLags, nowMs - writtenAtMs)
  }

  #comeBackLater(stream: Stream, socket: Socket, text: string): void {
    this.#refused += 1
    socket.destroy()
    const seconds = Number(/^retry-after: *(\d+)/im.exec(text)?.[1] ?? 1)
    setTimeout(() => this.#connect(stream), seconds * 1_000)
  }

  #untilOpen(stream: Stream): Promise<void> {
    return new Promise((resolve) => {
      stream.opened = resolve
    })
  }
}

function newStream(token: string): Stream {
  return { token, socket: null, retryMs: 1_000, position: 0, isOpen: false, opened: null, told: 0 }
}
