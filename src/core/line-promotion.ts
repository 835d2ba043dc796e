/**
 * Who goes in next.
 *
 * A batch is chosen and written before the gate is asked; the gate grants the first n of it; the granted are admitted
 * in one block. While the outcome of a batch is unknown it is asked again under the same id, and no other is chosen.
 */
import { assert } from './assert.ts'
import { poolKeyOf } from './ledger.ts'
import type { LineState } from './line-state.ts'
import { BATCH_MEMBERS_MAX } from './limits.ts'
import { allowance, spend } from './rate.ts'
import {
  decision,
  type AdmissionRecord,
  type BatchMember,
  type BatchRecord,
  type Change,
  type Decision,
  type Notice,
} from './records.ts'
import type { EpochMs } from './time.ts'
import type { Waiting } from './waiting-line.ts'

export type NewIds = { readonly batchId: () => string; readonly admissionId: () => string }

/** The batch to ask the gate for: the unsettled one, or a new one, or null when nobody can go in. */
export function chooseBatch(line: LineState, nowMs: EpochMs, ids: NewIds): Decision<BatchRecord | null> {
  if (line.batch !== null) return decision(line.batch)
  const chosen = candidates(line, nowMs)
  if (chosen.length === 0) return decision(null)
  line.tickBudget -= chosen.length
  const batch: BatchRecord = {
    batchId: ids.batchId(),
    pool: poolKeyOf(line.event),
    chosenAtMs: nowMs,
    members: chosen.map(({ joinNumber, userId }) => ({ joinNumber, userId, admissionId: ids.admissionId() })),
  }
  line.batch = batch
  return decision(batch, [{ kind: 'batch_chosen', batch }])
}

/** min(waiting and present, room, rate budget, what is left of this tick), in order (INV-2). */
function candidates(line: LineState, nowMs: EpochMs): Waiting[] {
  const { status, config } = line.event
  if (status !== 'open') return []
  const room = config.capacity - line.ledger.liveCount
  const atOnce = config.queueing === 'passthrough'
  const wanted = Math.min(room, line.tickBudget, BATCH_MEMBERS_MAX, line.waiting.size)
  if (wanted <= 0) return []
  const count = atOnce ? wanted : withinRate(line, nowMs, wanted)
  return count === 0 ? [] : line.waiting.head(count, atOnce)
}

function withinRate(line: LineState, nowMs: EpochMs, wanted: number): number {
  const { admitPerMinute } = line.event.config
  if (admitPerMinute === null) return wanted
  line.rate = spend(line.rate, admitPerMinute, nowMs, 0)
  return allowance(line.rate, admitPerMinute, nowMs, wanted)
}

/** What a granted member is admitted with. */
export type Ticket = { readonly token: string; readonly issuedAtMs: EpochMs; readonly expiresAtMs: EpochMs }

/**
 * Admits the granted members. One who left while the gate was asked is not admitted: the lease is owed back at once.
 *
 * @param tickets one for each granted member, in the batch's order
 */
export function settleBatch(
  line: LineState,
  batch: BatchRecord,
  tickets: readonly Ticket[],
  nowMs: EpochMs,
): Decision<{ admitted: number }> {
  assert(line.batch?.batchId === batch.batchId, 'only the batch in flight is settled')
  assert(tickets.length <= batch.members.length, 'INV-1: no more tickets than were asked for')
  line.batch = null
  const changes: Change[] = [{ kind: 'batch_settled', batchId: batch.batchId }]
  const notices: Notice[] = []
  for (const [index, ticket] of tickets.entries()) {
    const member = batch.members[index]
    assert(member !== undefined, 'a ticket has a member')
    const visitor = line.waiting.get(member.userId)
    const isHere = visitor !== undefined && visitor.joinNumber === member.joinNumber
    const admission = admissionFor(batch, member, ticket, isHere ? visitor : null, nowMs)
    line.ledger.put(admission)
    changes.push({ kind: 'admission_opened', admission })
    if (!isHere) continue
    line.nowServing = Math.max(line.nowServing, visitor.number ?? 0)
    line.waiting.remove(visitor)
    line.admittedTotal += 1
    notices.push({ kind: 'admitted', userId: member.userId })
  }
  // What was not granted was not used up.
  const unused = batch.members.length - notices.length
  line.tickBudget = Math.min(line.tickBudget + unused, line.event.config.batchSizeMax)
  if (notices.length > 0) changes.push(...spent(line, notices.length, nowMs))
  return decision({ admitted: notices.length }, changes, notices)
}

function spent(line: LineState, admitted: number, nowMs: EpochMs): Change[] {
  line.pace.record(nowMs, admitted)
  const { admitPerMinute } = line.event.config
  if (admitPerMinute === null) return []
  line.rate = spend(line.rate, admitPerMinute, nowMs, admitted)
  return [{ kind: 'rate_spent', tatMs: line.rate.tatMs }]
}

function admissionFor(
  batch: BatchRecord,
  member: BatchMember,
  ticket: Ticket,
  visitor: Waiting | null,
  nowMs: EpochMs,
): AdmissionRecord {
  const gone = visitor === null
  return {
    admissionId: member.admissionId,
    joinNumber: member.joinNumber,
    userId: member.userId,
    pool: batch.pool,
    state: gone ? 'ended' : 'admitted',
    token: ticket.token,
    tokenExpiresAtMs: ticket.expiresAtMs,
    joinedAtMs: visitor?.joinedAtMs ?? batch.chosenAtMs,
    admittedAtMs: ticket.issuedAtMs,
    redeemedAtMs: null,
    sessionDigest: null,
    leaseExpiresAtMs: ticket.expiresAtMs,
    endedAtMs: gone ? nowMs : null,
    outcome: gone ? 'left' : null,
    debt: gone ? 'release' : null,
  }
}
