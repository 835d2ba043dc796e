/** A stream of server-sent events over `fetch`, since an EventSource cannot send a bearer. Does not reconnect. */

/** What a follower needs of a stream; EventSource is one. */
export type Stream = {
  /** 0 connecting, 1 open, 2 closed for good. */
  readonly readyState: number
  /** How long the server wants the client to stay away after a break, where the stream does not see to it itself. */
  readonly retryMs?: number
  close(): void
  addEventListener(type: string, listener: (event: { readonly data?: unknown }) => void): void
}

export class TokenStream implements Stream {
  readyState = 0
  retryMs = 0
  readonly #abort = new AbortController()
  readonly #listeners: [type: string, (event: { readonly data?: unknown }) => void][] = []

  /** @param open the request for the stream; rejects when it is refused */
  constructor(open: (signal: AbortSignal) => Promise<Response>) {
    void this.#read(open)
  }

  addEventListener(type: string, listener: (event: { readonly data?: unknown }) => void): void {
    this.#listeners.push([type, listener])
  }

  close(): void {
    this.readyState = 2
    this.#abort.abort()
  }

  async #read(open: (signal: AbortSignal) => Promise<Response>): Promise<void> {
    try {
      const { body } = await open(this.#abort.signal)
      this.readyState = 1
      const reader = body?.pipeThrough(new TextDecoderStream()).getReader()
      let text = ''
      for (let read = await reader?.read(); read?.done === false; read = await reader?.read()) {
        const blocks = (text + read.value).split('\n\n')
        text = blocks.pop() ?? ''
        for (const block of blocks) this.#take(block)
      }
    } catch {
      // Refused, or broken on the way: told as an EventSource tells it.
    }
    if (this.readyState === 2) return
    this.readyState = 2
    this.#tell('error', '')
  }

  #take(block: string): void {
    this.retryMs = Number(field(block, 'retry')) || this.retryMs
    this.#tell(field(block, 'event'), field(block, 'data'))
  }

  #tell(type: string, data: string): void {
    for (const [wanted, listener] of this.#listeners) if (wanted === type) listener({ data })
  }
}

function field(block: string, name: string): string {
  return new RegExp(`^${name}: ?(.*)$`, 'm').exec(block)?.[1] ?? ''
}
