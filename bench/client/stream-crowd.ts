/**
 * Many streams over plain sockets. Nothing is parsed beyond what is counted: a generator that costs as much as the
 * server would measure itself.
 */
import { connect, type Socket } from 'node:net'
import { requestBytes } from './http-lane.ts'

/** Connections made at once; how fast a listener accepts is not what is measured. */
const OPENING_MAX = 100
const OPEN_WITHIN_MS = 60_000
const SHARED_BUFFER_BYTES = 64 * 1024
const PROMOTION = Buffer.from('event: promotion')

/** `text`: the chunk, as bytes spell it. */
type Promoted = (stream: number, atMs: number, text: string) => void

export class StreamCrowd {
  readonly #sockets: Socket[] = []
  /** One for all: each chunk is looked at before the next is read. */
  readonly #buffer = Buffer.alloc(SHARED_BUFFER_BYTES)
  #chunks = 0
  #bytes = 0
  #promotions = 0
  #promoted: Promoted | null = null
  #lastAtMs = 0
  #wake: (() => void) | null = null
  readonly #opened = new Set<number>()
  #lastBytes = 0

  /** `promoted` is told of every chunk that holds a promotion. One stream for each request; resolves when all have had their first chunk. @throws Error when they do not. */
  static async open(
    url: string,
    requests: readonly Buffer[],
    promoted: Promoted | null = null,
  ): Promise<StreamCrowd> {
    const crowd = new StreamCrowd()
    crowd.#promoted = promoted
    for (let from = 0; from < requests.length; from += OPENING_MAX) {
      const some = requests.slice(from, from + OPENING_MAX)
      await Promise.all(some.map((request, index) => crowd.#connect(url, request, from + index)))
      await crowd.until(() => crowd.#opened.size >= from + some.length, OPEN_WITHIN_MS)
    }
    return crowd
  }

  get size(): number {
    return this.#sockets.length
  }

  /** Writes of the server that arrived, since the start. Two that arrive together count as one. */
  get chunks(): number {
    return this.#chunks
  }

  /** All of them, the framing of the transfer included. */
  get bytes(): number {
    return this.#bytes
  }

  /** Streams that were told that it is their turn, since the start. */
  get promotions(): number {
    return this.#promotions
  }

  /** Of the latest chunk. */
  get lastAtMs(): number {
    return this.#lastAtMs
  }

  /** Bytes of the latest chunk, the framing of the transfer included. */
  get lastBytes(): number {
    return this.#lastBytes
  }

  /** @throws Error when it does not come true in time. */
  async until(isSo: () => boolean, withinMs: number): Promise<void> {
    const deadlineMs = performance.now() + withinMs
    while (!isSo()) {
      if (performance.now() > deadlineMs) throw new Error(`the streams did not hear it within ${withinMs} ms`)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 20)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  #connect(url: string, request: Buffer, stream: number): Promise<void> {
    const { hostname, port } = new URL(url)
    return new Promise((resolve, reject) => {
      const socket = connect({
        host: hostname,
        port: Number(port),
        onread: {
          buffer: this.#buffer,
          callback: (length) => {
            this.#take(stream, length)
            return true
          },
        },
      })
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject).on('error', () => {})
        this.#sockets.push(socket)
        socket.write(request)
        resolve()
      })
    })
  }

  #take(stream: number, length: number): void {
    this.#chunks += 1
    this.#bytes += length
    this.#lastBytes = length
    this.#lastAtMs = performance.now()
    if (!this.#opened.has(stream)) this.#firstChunk(stream, length)
    const chunk = this.#buffer.subarray(0, length)
    if (chunk.includes(PROMOTION)) {
      this.#promotions += 1
      this.#promoted?.(stream, this.#lastAtMs, chunk.toString('latin1'))
    }
    this.#wake?.()
    this.#wake = null
  }

  /** The head may come apart from the first event; both belong to the opening. */
  #firstChunk(stream: number, length: number): void {
    const text = this.#buffer.subarray(0, length).toString('latin1')
    if (text.startsWith('HTTP/1.1 ') && !text.startsWith('HTTP/1.1 200')) throw new Error(text.slice(0, 300))
    if (text.includes('data: ')) this.#opened.add(stream)
  }
}

export function streamRequest(path: string, token?: string): Buffer {
  return requestBytes('GET', path, token === undefined ? {} : { token })
}
