/** What happens to an admission once it is there: redeemed, renewed, ended. */
import type { LineFailure } from './failures.ts'
import { acknowledged, ended, redeemed, renewed } from './ledger.ts'
import type { LineState } from './line-state.ts'
import { admissionView } from './line-views.ts'
import {
  decision,
  type AdmissionRecord,
  type Change,
  type Decision,
  type EndReason,
  type GateDebt,
  type Notice,
} from './records.ts'
import { ok, type Result } from './result.ts'
import type { EpochMs } from './time.ts'
import type { Admission, Outcome, PlaceState } from './views.ts'

type Answer = Result<Admission, LineFailure>

const PLACE_AFTER: Readonly<Record<Outcome, { state: PlaceState; reason: EndReason }>> = {
  completed: { state: 'COMPLETED', reason: 'completed' },
  cancelled: { state: 'LEFT', reason: 'left' },
  left: { state: 'LEFT', reason: 'left' },
  expired: { state: 'EXPIRED', reason: 'expired' },
  revoked: { state: 'EXPIRED', reason: 'expired' },
}

export function redeem(
  line: LineState,
  record: AdmissionRecord,
  sessionDigest: string,
  nowMs: EpochMs,
): Decision<Answer> {
  return replace(line, record, redeemed(record, sessionDigest, line.event.config, nowMs))
}

export function renew(line: LineState, record: AdmissionRecord, nowMs: EpochMs): Decision<Answer> {
  return replace(line, record, renewed(record, line.event.config, nowMs))
}

/** Ends an admission; one that has ended already stays as it ended, whatever is asked of it now (INV-6, D3). */
export function end(
  line: LineState,
  record: AdmissionRecord,
  outcome: Outcome,
  nowMs: EpochMs,
): Decision<Answer> {
  if (record.state === 'ended') return decision(ok(admissionView(line.event.eventId, record)))
  const { value, changes, notices } = closeAdmission(line, record, outcome, nowMs)
  return decision(ok(admissionView(line.event.eventId, value)), changes, notices)
}

/** Leases that are over: their visitors did not come, or did not come back (D1). */
export function expireLeases(line: LineState, nowMs: EpochMs): Decision<{ ended: number; noShows: number }> {
  const expired = line.ledger.expired(nowMs)
  const changes: Change[] = []
  const notices: Notice[] = []
  for (const record of expired) {
    const closed = closeAdmission(line, record, 'expired', nowMs)
    changes.push(...closed.changes)
    notices.push(...closed.notices)
  }
  const noShows = expired.filter((record) => record.redeemedAtMs === null).length
  return decision({ ended: expired.length, noShows }, changes, notices)
}

/** The admission and the visitor's place end together; the slot is owed to the pool from here on. */
export function closeAdmission(
  line: LineState,
  record: AdmissionRecord,
  outcome: Outcome,
  nowMs: EpochMs,
): Decision<AdmissionRecord> {
  const { state, reason } = PLACE_AFTER[outcome]
  const admission = ended(record, outcome, nowMs)
  line.ledger.put(admission)
  return decision(
    admission,
    [
      { kind: 'admission_changed', admission },
      { kind: 'place_ended', joinNumber: record.joinNumber, state, endedAtMs: nowMs },
    ],
    [{ kind: 'place_ended', userId: record.userId, reason }],
  )
}

/** The gate has confirmed what it was told of these admissions. */
export function settleDebts(
  line: LineState,
  debt: GateDebt,
  told: readonly AdmissionRecord[],
): Decision<null> {
  const changes: Change[] = []
  for (const before of told) {
    const record = line.ledger.get(before.admissionId)
    const admission = record === undefined ? null : acknowledged(record, debt, before)
    if (admission === null) continue
    line.ledger.put(admission)
    changes.push({ kind: 'admission_changed', admission })
  }
  return decision(null, changes)
}

function replace(
  line: LineState,
  before: AdmissionRecord,
  after: Result<AdmissionRecord, LineFailure>,
): Decision<Answer> {
  if (!after.ok) return decision(after)
  const answer = ok(admissionView(line.event.eventId, after.value))
  if (after.value === before) return decision(answer)
  line.ledger.put(after.value)
  return decision(answer, [{ kind: 'admission_changed', admission: after.value }])
}
