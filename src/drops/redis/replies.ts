/** Reads the replies of the drops' scripts. What cannot be read is a StoreProtocolError. */
import type { EpochMs } from '../../core/time.ts'
import { ReplyReader, unreadable } from '../../redis/reply-reader.ts'
import type { Claim, ClaimOutcome, ClaimRecord, Seen } from '../core/records.ts'

/** The drop is not there, or not as the caller was told last: nothing was done. */
export type Lost = { readonly kind: 'lost' }
/** Another filling is being put in place: nothing was done. */
export type Loading = { readonly kind: 'loading' }

type Known = { readonly seen: Seen }

/** What Redis has decided: for good, or until the window or the stock is another. */
export type ClaimAnswer = Exclude<ClaimOutcome, { readonly kind: 'retry' }>

export type AnswersReply =
  | (Known & { readonly kind: 'answers'; readonly answers: readonly ClaimAnswer[] })
  | Loading
  | Lost

export type FoundReply =
  | (Known & { readonly kind: 'claimed'; readonly claim: Claim })
  | (Known & { readonly kind: 'none' })
  | Loading
  | Lost

/** `stock - seen.claimed` codes are left. `pending` counts the parked as well. */
export type OutboxReply =
  | (Known & {
      readonly kind: 'outbox'
      readonly stock: number
      readonly epoch: number
      /** Which change of the window it has. */
      readonly configVersion: number
      readonly pending: number
      readonly parked: number
      readonly due: readonly ClaimRecord[]
    })
  | Lost

export type DoneReply = (Known & { readonly kind: 'done' }) | Lost

/** `diverging`: how many are recorded as something else than what is stored. */
export type ConfirmedReply = (Known & { readonly kind: 'done'; readonly diverging: number }) | Lost

export type ChangedReply = (Known & { readonly kind: 'changed'; readonly stock: number }) | Lost

export type StoredClaim = ClaimRecord & { readonly state: 'pending' | 'recorded' }

/** A cursor of "0" is the end. */
export type ClaimsReply =
  | (Known & { readonly kind: 'claims'; readonly cursor: string; readonly claims: readonly StoredClaim[] })
  | Lost

/** @param count how many visitors were asked for */
export function parseAnswers(raw: unknown, count: number): AnswersReply {
  const reader = new ReplyReader(raw)
  const tag = reader.text()
  if (tag !== 'answers') return withoutDrop(reader, tag)
  const seen = seenOf(reader)
  const nowMs = reader.count()
  const answers = Array.from({ length: count }, () => answerOf(reader, nowMs))
  return reader.done({ kind: 'answers', seen, answers })
}

export function parseFound(raw: unknown): FoundReply {
  const reader = new ReplyReader(raw)
  const tag = reader.text()
  switch (tag) {
    case 'pending':
    case 'recorded':
      return reader.done({ kind: 'claimed', seen: seenOf(reader), claim: claimOf(reader, tag) })
    case 'none':
      return reader.done({ kind: 'none', seen: seenOf(reader) })
    default:
      return withoutDrop(reader, tag)
  }
}

export function parseOutbox(raw: unknown): OutboxReply {
  const reader = new ReplyReader(raw)
  if (isLost(reader, 'outbox')) return { kind: 'lost' }
  const seen = seenOf(reader)
  const stock = reader.count()
  const epoch = reader.count()
  const configVersion = reader.count()
  const pending = reader.count()
  const parked = reader.count()
  return { kind: 'outbox', seen, stock, epoch, configVersion, pending, parked, due: recordsOf(reader) }
}

/** @param tag what the script answers when it has done its work */
export function parseDone(raw: unknown, tag: string): DoneReply {
  const reader = new ReplyReader(raw)
  if (isLost(reader, tag)) return { kind: 'lost' }
  return reader.done({ kind: 'done', seen: seenOf(reader) })
}

export function parseConfirmed(raw: unknown): ConfirmedReply {
  const reader = new ReplyReader(raw)
  if (isLost(reader, 'done')) return { kind: 'lost' }
  return reader.done({ kind: 'done', seen: seenOf(reader), diverging: reader.count() })
}

export function parseChanged(raw: unknown): ChangedReply {
  const reader = new ReplyReader(raw)
  if (isLost(reader, 'changed')) return { kind: 'lost' }
  return reader.done({ kind: 'changed', seen: seenOf(reader), stock: reader.count() })
}

export function parseClaims(raw: unknown): ClaimsReply {
  const reader = new ReplyReader(raw)
  if (isLost(reader, 'claims')) return { kind: 'lost' }
  const seen = seenOf(reader)
  const cursor = reader.text()
  const claims: StoredClaim[] = []
  while (reader.hasMore()) claims.push({ ...recordOf(reader), state: stateOf(reader) })
  return { kind: 'claims', seen, cursor, claims }
}

function seenOf(reader: ReplyReader): Seen {
  return { generation: reader.count(), claimed: reader.count() }
}

function answerOf(reader: ReplyReader, nowMs: EpochMs): ClaimAnswer {
  const tag = reader.text()
  switch (tag) {
    case 'taken':
      return { kind: 'claimed', claim: { state: 'pending', claimedAtMs: nowMs }, isNew: true }
    case 'pending':
    case 'recorded':
      return { kind: 'claimed', claim: claimOf(reader, tag), isNew: false }
    case 'sold_out':
      return { kind: 'sold-out', epoch: reader.count() }
    case 'early':
      return { kind: 'not-open', opensAtMs: reader.count() }
    case 'late':
      return { kind: 'closed' }
    default:
      throw unreadable()
  }
}

function claimOf(reader: ReplyReader, tag: 'pending' | 'recorded'): Claim {
  const claimedAtMs = reader.count()
  return tag === 'recorded'
    ? { state: 'issued', claimedAtMs, code: reader.text() }
    : { state: 'pending', claimedAtMs }
}

function withoutDrop(reader: ReplyReader, tag: string): Loading | Lost {
  if (tag !== 'loading' && tag !== 'lost') throw unreadable()
  return reader.done({ kind: tag })
}

/** @throws StoreProtocolError when it is neither lost nor tagged as expected. */
function isLost(reader: ReplyReader, expected: string): boolean {
  const tag = reader.text()
  if (tag === expected) return false
  if (tag !== 'lost') throw unreadable()
  return reader.done(true)
}

function recordsOf(reader: ReplyReader): ClaimRecord[] {
  const records: ClaimRecord[] = []
  while (reader.hasMore()) records.push(recordOf(reader))
  return records
}

function recordOf(reader: ReplyReader): ClaimRecord {
  return { userId: reader.text(), claimedAtMs: reader.count(), code: reader.text() }
}

function stateOf(reader: ReplyReader): StoredClaim['state'] {
  const state = reader.text()
  if (state !== 'p' && state !== 'r') throw unreadable()
  return state === 'p' ? 'pending' : 'recorded'
}
