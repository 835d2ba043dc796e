/** One message of an event stream. */
export type SseMessage = { readonly event: string; readonly data: string }

/** A line longer than this is no event stream of ours. */
const LINE_LENGTH_MAX = 64 * 1024

/**
 * Reads `text/event-stream` (WHATWG HTML 9.2.6) from text in pieces of any size. Lines may end in LF, CR or CRLF,
 * also when a piece ends between the two.
 */
export class SseParser {
  /** The last `id:` seen: what a reconnect sends as `Last-Event-ID`. */
  lastEventId = ''
  /** The last `retry:` seen, or null. */
  retryMs: number | null = null

  #rest = ''
  #afterCr = false
  #atStart = true
  #event = ''
  #data: string[] = []

  /** @returns the messages that this piece completed. @throws when a line never ends. */
  push(piece: string): SseMessage[] {
    const messages: SseMessage[] = []
    let text = this.#rest + this.#withoutSplitNewline(piece)
    if (this.#atStart && text !== '') {
      this.#atStart = false
      if (text.startsWith('\uFEFF')) text = text.slice(1)
    }
    let from = 0
    for (const newline of text.matchAll(/\r\n|\r|\n/g)) {
      const message = this.#line(text.slice(from, newline.index))
      if (message !== null) messages.push(message)
      from = newline.index + newline[0].length
    }
    this.#rest = text.slice(from)
    if (this.#rest.length > LINE_LENGTH_MAX) throw new Error('the event stream has a line without end')
    return messages
  }

  /** A CR at the end of one piece has already ended its line; an LF that opens the next belongs to it. */
  #withoutSplitNewline(piece: string): string {
    if (piece === '') return piece
    const text = this.#afterCr && piece.startsWith('\n') ? piece.slice(1) : piece
    this.#afterCr = piece.endsWith('\r')
    return text
  }

  #line(line: string): SseMessage | null {
    if (line === '') return this.#dispatch()
    const colon = line.indexOf(':')
    const field = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'event') this.#event = value
    else if (field === 'data') this.#data.push(value)
    else if (field === 'id' && !value.includes('\0')) this.lastEventId = value
    else if (field === 'retry' && /^\d+$/.test(value)) this.retryMs = Number(value)
    return null
  }

  #dispatch(): SseMessage | null {
    const message = { event: this.#event || 'message', data: this.#data.join('\n') }
    const isEmpty = this.#data.length === 0
    this.#event = ''
    this.#data = []
    return isEmpty ? null : message
  }
}
