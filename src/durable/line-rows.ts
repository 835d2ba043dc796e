/** Between SQL rows and records. The rows are written by line-storage.ts alone, so their text columns are trusted. */
import type { AdmissionRecord, EventRecord, PlaceRecord } from '../core/records.ts'

/** Fields of an event that came later: what an event that was saved without them has. */
const LATER_FIELDS = { expectedPeak: null } as const

export function eventFromText(text: string): EventRecord {
  const saved = JSON.parse(text) as EventRecord
  return { ...saved, config: { ...LATER_FIELDS, ...saved.config } }
}

export type PlaceRow = {
  join_number: number
  number: number | null
  user_id: string
  state: PlaceRecord['state']
  joined_at_ms: number
  absent_since_ms: number | null
  ended_at_ms: number | null
  admission_id: string | null
}

export function placeFromRow(row: PlaceRow): PlaceRecord {
  return {
    joinNumber: row.join_number,
    number: row.number,
    userId: row.user_id,
    state: row.state,
    joinedAtMs: row.joined_at_ms,
    absentSinceMs: row.absent_since_ms,
    endedAtMs: row.ended_at_ms,
    admissionId: row.admission_id,
  }
}

/** join_number, number, user_id, joined_at_ms, absent_since_ms of a place that waits. */
export type WaitingRow = [number, number | null, string, number, number | null]

export function waitingFromRow([
  joinNumber,
  number,
  userId,
  joinedAtMs,
  absentSinceMs,
]: WaitingRow): PlaceRecord {
  const waiting = { state: 'WAITING', endedAtMs: null, admissionId: null } as const
  return { joinNumber, number, userId, joinedAtMs, absentSinceMs, ...waiting }
}

export type AdmissionRow = {
  admission_id: string
  join_number: number
  user_id: string
  pool: AdmissionRecord['pool']
  state: AdmissionRecord['state']
  token: string
  token_expires_at_ms: number
  joined_at_ms: number
  admitted_at_ms: number
  redeemed_at_ms: number | null
  session_digest: string | null
  lease_expires_at_ms: number
  ended_at_ms: number | null
  outcome: AdmissionRecord['outcome']
  debt: AdmissionRecord['debt']
}

export function admissionFromRow(row: AdmissionRow): AdmissionRecord {
  return {
    admissionId: row.admission_id,
    joinNumber: row.join_number,
    userId: row.user_id,
    pool: row.pool,
    state: row.state,
    token: row.token,
    tokenExpiresAtMs: row.token_expires_at_ms,
    joinedAtMs: row.joined_at_ms,
    admittedAtMs: row.admitted_at_ms,
    redeemedAtMs: row.redeemed_at_ms,
    sessionDigest: row.session_digest,
    leaseExpiresAtMs: row.lease_expires_at_ms,
    endedAtMs: row.ended_at_ms,
    outcome: row.outcome,
    debt: row.debt,
  }
}
