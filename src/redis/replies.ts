/** Reads the replies of the scripts: flat arrays of strings, a tag first. Anything else is a StoreProtocolError. */
import { StoreProtocolError } from '../ports/pool-gate.ts'
import type {
  ChangeReply,
  CheckReply,
  PoolView,
  ReassertReply,
  RedeemReply,
  ReserveReply,
  TokenState,
} from '../ports/pool-gate.ts'

const REDEEMED = 'redeemed:'

/** Takes the values of one reply in their order; `done` refuses what is left over. */
class ReplyReader {
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

  view(): PoolView {
    return { epoch: this.count(), version: this.count() }
  }

  rest(): readonly string[] {
    const rest = this.#values.slice(this.#next)
    this.#next = this.#values.length
    return rest
  }

  done<T>(reply: T): T {
    if (this.#next !== this.#values.length) throw unreadable()
    return reply
  }
}

function unreadable(): StoreProtocolError {
  return new StoreProtocolError('a script answered what its reply table does not know')
}

/** @param requested how many leases the batch asked for: more cannot have been granted */
export function parseReserve(raw: unknown, requested: number): ReserveReply {
  const reader = new ReplyReader(raw)
  switch (reader.text()) {
    case 'granted': {
      const view = reader.view()
      const count = reader.count()
      if (count > requested) throw unreadable()
      return reader.done({ kind: 'granted', count, free: reader.count(), view })
    }
    case 'recovering':
      return reader.done({ kind: 'recovering', view: reader.view() })
    case 'lost':
      return reader.done({ kind: 'lost' })
    default:
      throw unreadable()
  }
}

export function parseChange(raw: unknown): ChangeReply {
  const reader = new ReplyReader(raw)
  switch (reader.text()) {
    case 'done': {
      const view = reader.view()
      return reader.done({ kind: 'done', changed: reader.count(), view })
    }
    case 'lost':
      return reader.done({ kind: 'lost' })
    default:
      throw unreadable()
  }
}

export function parseRedeem(raw: unknown): RedeemReply {
  const reader = new ReplyReader(raw)
  const kind = reader.text()
  switch (kind) {
    case 'redeemed':
    case 'taken':
    case 'unknown':
      return reader.done({ kind, view: reader.view() })
    case 'lost':
      return reader.done({ kind })
    default:
      throw unreadable()
  }
}

/** @param asked how many tokens the call asked about: each has one answer */
export function parseCheck(raw: unknown, asked: number): CheckReply {
  const reader = new ReplyReader(raw)
  switch (reader.text()) {
    case 'checked': {
      const view = reader.view()
      const leases = reader.count()
      const tokens = reader.rest().map(parseTokenState)
      if (tokens.length !== asked) throw unreadable()
      return { kind: 'checked', tokens, leases, view }
    }
    case 'lost':
      return reader.done({ kind: 'lost' })
    default:
      throw unreadable()
  }
}

export function parseReassert(raw: unknown): ReassertReply {
  const reader = new ReplyReader(raw)
  switch (reader.text()) {
    case 'open':
      return reader.done({ kind: 'open', view: reader.view() })
    case 'again':
      return reader.done({ kind: 'again', view: reader.view() })
    case 'recovering': {
      const view = reader.view()
      return { kind: 'recovering', view, missingEventIds: reader.rest() }
    }
    default:
      throw unreadable()
  }
}

function parseTokenState(value: string): TokenState {
  if (value === 'live' || value === 'unknown') return { state: value }
  if (!value.startsWith(REDEEMED) || value.length === REDEEMED.length) throw unreadable()
  return { state: 'redeemed', sessionDigest: value.slice(REDEEMED.length) }
}
