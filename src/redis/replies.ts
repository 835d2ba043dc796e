/** Reads the replies of the pools' scripts. What cannot be read is a StoreProtocolError. */
import type {
  ChangeReply,
  CheckReply,
  PoolView,
  ReassertReply,
  RedeemReply,
  ReserveReply,
  TokenState,
} from '../ports/pool-gate.ts'
import { ReplyReader, unreadable } from './reply-reader.ts'

const REDEEMED = 'redeemed:'

function viewOf(reader: ReplyReader): PoolView {
  return { epoch: reader.count(), version: reader.count() }
}

/** @param requested how many leases the batch asked for: more cannot have been granted */
export function parseReserve(raw: unknown, requested: number): ReserveReply {
  const reader = new ReplyReader(raw)
  switch (reader.text()) {
    case 'granted': {
      const view = viewOf(reader)
      const count = reader.count()
      if (count > requested) throw unreadable()
      return reader.done({ kind: 'granted', count, free: reader.count(), view })
    }
    case 'recovering':
      return reader.done({ kind: 'recovering', view: viewOf(reader) })
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
      const view = viewOf(reader)
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
      return reader.done({ kind, view: viewOf(reader) })
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
      const view = viewOf(reader)
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
      return reader.done({ kind: 'open', view: viewOf(reader) })
    case 'again':
      return reader.done({ kind: 'again', view: viewOf(reader) })
    case 'recovering': {
      const view = viewOf(reader)
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
