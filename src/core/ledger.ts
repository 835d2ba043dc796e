/**
 * The admissions of one event that are alive, or whose end the shared gate has not confirmed. The ledger is the
 * truth; the gate's leases follow it.
 */
import { DeadlineWheel, NO_SECOND } from './deadline-wheel.ts'
import type { LineFailure } from './failures.ts'
import type { AdmissionRecord, GateDebt, PoolKeyText } from './records.ts'
import { err, ok, type Result } from './result.ts'
import type { EpochMs } from './time.ts'
import type { Outcome } from './views.ts'

type Slot = { record: AdmissionRecord; wheelSecond: number }

export class Ledger {
  readonly #slots = new Map<string, Slot>()
  readonly #byUser = new Map<string, string>()
  readonly #debts = new Set<string>()
  readonly #wheel = new DeadlineWheel<Slot>()
  #live = 0

  /** Admissions that hold a place inside. */
  get liveCount(): number {
    return this.#live
  }

  get debtCount(): number {
    return this.#debts.size
  }

  get(admissionId: string): AdmissionRecord | undefined {
    return this.#slots.get(admissionId)?.record
  }

  /** The visitor's live admission. */
  ofUser(userId: string): AdmissionRecord | undefined {
    const admissionId = this.#byUser.get(userId)
    return admissionId === undefined ? undefined : this.get(admissionId)
  }

  live(): AdmissionRecord[] {
    return [...this.#slots.values()].map((slot) => slot.record).filter((record) => record.state !== 'ended')
  }

  debts(): AdmissionRecord[] {
    return [...this.#debts].flatMap((admissionId) => this.get(admissionId) ?? [])
  }

  /** Takes over a new state of an admission; one that has ended and owes nothing is forgotten. */
  put(record: AdmissionRecord): void {
    const slot = this.#slots.get(record.admissionId) ?? { record, wheelSecond: NO_SECOND }
    const wasLive = this.#slots.has(record.admissionId) && slot.record.state !== 'ended'
    slot.record = record
    const isLive = record.state !== 'ended'
    this.#live += Number(isLive) - Number(wasLive)
    if (record.debt === null) this.#debts.delete(record.admissionId)
    else this.#debts.add(record.admissionId)
    if (isLive) {
      this.#slots.set(record.admissionId, slot)
      this.#byUser.set(record.userId, record.admissionId)
      this.#wheel.schedule(slot, record.leaseExpiresAtMs)
      return
    }
    if (this.#byUser.get(record.userId) === record.admissionId) this.#byUser.delete(record.userId)
    if (record.debt === null) this.#slots.delete(record.admissionId)
    else this.#slots.set(record.admissionId, slot)
  }

  /** Admissions whose lease is over. */
  expired(nowMs: EpochMs): AdmissionRecord[] {
    const expired: AdmissionRecord[] = []
    for (const slot of this.#wheel.due(nowMs)) {
      if (slot.record.state === 'ended') continue
      if (slot.record.leaseExpiresAtMs > nowMs) this.#wheel.schedule(slot, slot.record.leaseExpiresAtMs)
      else expired.push(slot.record)
    }
    return expired
  }

  nextDeadlineMs(): EpochMs | null {
    return this.#wheel.nextAtMs()
  }
}

/** Where the lease of an event's admissions lies. */
export function poolKeyOf(event: { eventId: string; config: { poolId: string | null } }): PoolKeyText {
  return event.config.poolId === null ? `e:${event.eventId}` : `p:${event.config.poolId}`
}

export type LeaseTerms = { readonly leaseTtlSeconds: number; readonly maxSessionSeconds: number }

/** One session takes the token; the same session may ask again, whatever happened to the answer (INV-5). */
export function redeemed(
  record: AdmissionRecord,
  sessionDigest: string,
  terms: LeaseTerms,
  nowMs: EpochMs,
): Result<AdmissionRecord, LineFailure> {
  if (record.state === 'ended') return err(endedFailure(record))
  if (record.state === 'redeemed') {
    return record.sessionDigest === sessionDigest ? ok(record) : err({ reason: 'token-already-redeemed' })
  }
  if (nowMs >= record.tokenExpiresAtMs) return err({ reason: 'token-expired' })
  return ok({
    ...record,
    state: 'redeemed',
    sessionDigest,
    redeemedAtMs: nowMs,
    leaseExpiresAtMs: leaseEnd(record, terms, nowMs),
    debt: 'redeem',
  })
}

/** A later end of the lease, never past the longest session. */
export function renewed(
  record: AdmissionRecord,
  terms: LeaseTerms,
  nowMs: EpochMs,
): Result<AdmissionRecord, LineFailure> {
  if (record.state === 'ended' || nowMs >= record.leaseExpiresAtMs) return err({ reason: 'admission-ended' })
  const leaseExpiresAtMs = Math.max(record.leaseExpiresAtMs, leaseEnd(record, terms, nowMs))
  return ok({ ...record, leaseExpiresAtMs, debt: record.debt ?? 'renew' })
}

/** Ends an admission once: its slot is owed to the pool until the pool has it (INV-6). */
export function ended(record: AdmissionRecord, outcome: Outcome, nowMs: EpochMs): AdmissionRecord {
  return { ...record, state: 'ended', outcome, endedAtMs: nowMs, debt: 'release' }
}

/** The gate has been told `debt`; a debt that was made meanwhile stays. */
export function acknowledged(
  record: AdmissionRecord,
  debt: GateDebt,
  told: AdmissionRecord,
): AdmissionRecord | null {
  if (record.debt !== debt || record.leaseExpiresAtMs !== told.leaseExpiresAtMs) return null
  return { ...record, debt: null }
}

function leaseEnd(record: AdmissionRecord, terms: LeaseTerms, nowMs: EpochMs): EpochMs {
  const longestMs = record.admittedAtMs + terms.maxSessionSeconds * 1_000
  return Math.min(nowMs + terms.leaseTtlSeconds * 1_000, longestMs)
}

function endedFailure(record: AdmissionRecord): LineFailure {
  const neverCame = record.outcome === 'expired' && record.redeemedAtMs === null
  return { reason: neverCame ? 'token-expired' : 'admission-ended' }
}
