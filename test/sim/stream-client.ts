/** A visitor's side of one stream at a shard: what has been read from it, and whether it goes on. */

/** What the line said of a waiting visitor. The stream carries its index in `words` as `totalWaiting`. */
export type Word = {
  readonly joinNumber: number
  readonly position: number | null
  /** The line said it between these two moments of the world. */
  readonly since: number
  readonly moment: number
}

export type StreamEvents = {
  readonly position: (word: number, position: number | null) => void
  readonly promotion: (admissionId: string, token: string) => void
  /** Nothing more comes. `reason`: null without an `end` event, after which a client comes back. */
  readonly over: (reason: string | null) => void
}

type Frame =
  | { readonly type: 'QUEUE_POSITION'; readonly totalWaiting: number; readonly position: number | null }
  | { readonly type: 'PROMOTED'; readonly admissionId: string; readonly entryToken: string }
  | { readonly type: 'END'; readonly reason: string }
  | { readonly type: 'HEARTBEAT' | 'EVENT_STATUS' }

const decoder = new TextDecoder()

export class StreamClient {
  readonly userId: string
  readonly #events: StreamEvents
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  /** Admissions that it has heard of. */
  readonly admissionIds = new Set<string>()
  isOver = false
  /** Since when it was not as it should be whenever it was looked at. */
  wrongSinceMs: number | null = null
  #reason: string | null = null

  constructor(userId: string, body: ReadableStream<Uint8Array>, events: StreamEvents) {
    this.userId = userId
    this.#events = events
    this.#reader = body.getReader()
  }

  /** Reads until the stream is over. */
  async read(): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await this.#reader.read()
        if (done || this.isOver) break
        for (const frame of decoder.decode(value).split('\n\n')) this.#hear(frame)
      }
    } catch {
      // Broken off: nothing more comes.
    }
    this.breakOff()
  }

  /** The visitor closes it; the shard is told by its runtime. */
  async hangUp(): Promise<void> {
    this.isOver = true
    await this.#reader.cancel()
  }

  /** The connection is gone. */
  breakOff(): void {
    if (this.isOver) return
    this.isOver = true
    this.#events.over(this.#reason)
  }

  #hear(frame: string): void {
    const data = /^data: (.*)$/m.exec(frame)?.[1]
    if (data === undefined) return
    const told = JSON.parse(data) as Frame
    if (told.type === 'QUEUE_POSITION') this.#events.position(told.totalWaiting, told.position)
    else if (told.type === 'END') this.#reason = told.reason
    else if (told.type === 'PROMOTED') {
      this.admissionIds.add(told.admissionId)
      this.#events.promotion(told.admissionId, told.entryToken)
    }
  }
}
