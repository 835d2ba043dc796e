import { StoreProtocolError } from '../ports/pool-gate.ts'

/**
 * Takes the values of one reply of a script in their order: a flat array of strings, a tag first. `done` refuses what is
 * left over. Anything that is not as expected is a StoreProtocolError.
 */
export class ReplyReader {
  readonly #values: readonly string[]
  #next = 0

  constructor(raw: unknown) {
    if (!Array.isArray(raw)) throw unreadable()
    this.#values = raw.map((value) => {
      if (typeof value !== 'string') throw unreadable()
      return value
    })
  }

  text(): string {
    const value = this.#values[this.#next]
    if (value === undefined) throw unreadable()
    this.#next += 1
    return value
  }

  count(): number {
    const value = this.text()
    const count = Number(value)
    if (!/^\d+$/.test(value) || !Number.isSafeInteger(count)) throw unreadable()
    return count
  }

  rest(): readonly string[] {
    const rest = this.#values.slice(this.#next)
    this.#next = this.#values.length
    return rest
  }

  hasMore(): boolean {
    return this.#next < this.#values.length
  }

  done<T>(reply: T): T {
    if (this.#next !== this.#values.length) throw unreadable()
    return reply
  }
}

export function unreadable(): StoreProtocolError {
  return new StoreProtocolError('a script answered what its reply table does not know')
}
