/** RESP2 replies out of a stream of bytes (https://redis.io/docs/latest/develop/reference/protocol-spec/). */

/** An error reply. A value, never thrown: in a pipeline it belongs to one command alone. */
export class ReplyError {
  readonly message: string

  constructor(message: string) {
    this.message = message
  }
}

/** A status reply such as OK: text, yet not a string of data. */
export class ReplyStatus {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** Bulk strings stay bytes, as Redis strings are. */
export type Reply = Buffer | ReplyStatus | ReplyError | number | null | Reply[]

const CARRIAGE_RETURN = 13
const INCOMPLETE = Symbol('incomplete')

/** An array whose items are still to come. */
class OpenArray {
  readonly items: Reply[] = []
  readonly length: number

  constructor(length: number) {
    this.length = length
  }
}

export class ReplyParser {
  #buffer: Buffer = Buffer.alloc(0)
  #offset = 0

  /** The replies that are complete with this chunk. @throws Error on bytes that are no RESP2. */
  push(chunk: Buffer): Reply[] {
    this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk])
    const replies: Reply[] = []
    this.#offset = 0
    let consumed = 0
    for (let reply = this.#read(); reply !== INCOMPLETE; reply = this.#read()) {
      replies.push(reply)
      consumed = this.#offset
    }
    this.#buffer = this.#buffer.subarray(consumed)
    return replies
  }

  /** Not by recursion: a script may nest its reply thousands deep. */
  #read(): Reply | typeof INCOMPLETE {
    const open: OpenArray[] = []
    for (;;) {
      const read = this.#readOne()
      if (read === INCOMPLETE) return INCOMPLETE
      if (read instanceof OpenArray && read.length > 0) {
        open.push(read)
        continue
      }
      let reply: Reply = read instanceof OpenArray ? read.items : read
      for (let parent = open.at(-1); ; parent = open.at(-1)) {
        if (parent === undefined) return reply
        parent.items.push(reply)
        if (parent.items.length < parent.length) break
        open.pop()
        reply = parent.items
      }
    }
  }

  #readOne(): Reply | OpenArray | typeof INCOMPLETE {
    const line = this.#readLine()
    if (line === INCOMPLETE) return INCOMPLETE
    const rest = line.slice(1)
    switch (line[0]) {
      case '+':
        return new ReplyStatus(rest)
      case '-':
        return new ReplyError(rest)
      case ':':
        return Number(rest)
      case '$':
        return this.#readBulk(Number(rest))
      case '*':
        return Number(rest) < 0 ? null : new OpenArray(Number(rest))
      default:
        throw new Error('the server does not speak RESP2')
    }
  }

  #readLine(): string | typeof INCOMPLETE {
    const end = this.#buffer.indexOf(CARRIAGE_RETURN, this.#offset)
    if (end === -1 || end + 1 >= this.#buffer.length) return INCOMPLETE
    const line = this.#buffer.toString('utf8', this.#offset, end)
    this.#offset = end + 2
    return line
  }

  #readBulk(length: number): Buffer | null | typeof INCOMPLETE {
    if (length < 0) return null
    const end = this.#offset + length
    if (end + 2 > this.#buffer.length) return INCOMPLETE
    const bytes = this.#buffer.subarray(this.#offset, end)
    this.#offset = end + 2
    return bytes
  }
}
