/**
 * One event's line in memory. The decisions (line-visitors, line-promotion, line-admissions, line-operator) change it
 * and say what has to be written; the shell writes that in the same synchronous block. No clock, no randomness, no
 * outside call: everything arrives as an argument.
 */
import { Ledger, poolKeyOf } from './ledger.ts'
import type { LineCounts } from './line-views.ts'
import { Pace } from './pace.ts'
import type { RateState } from './rate.ts'
import type { BatchRecord, EventRecord, PoolKeyText, PoolViewRecord, Snapshot } from './records.ts'
import { absenceCounts } from './transitions.ts'
import type { EpochMs } from './time.ts'
import { WaitingLine } from './waiting-line.ts'

export type LineState = {
  event: EventRecord
  readonly waiting: WaitingLine
  readonly ledger: Ledger
  readonly pace: Pace
  readonly poolViews: Map<PoolKeyText, PoolViewRecord>
  rate: RateState
  /** The batch whose outcome is not known yet: at most one (D6). */
  batch: BatchRecord | null
  joinedTotal: number
  admittedTotal: number
  nowServing: number
  /** What is left of this tick's batchSizeMax (D20). */
  tickBudget: number
}

export function newLine(event: EventRecord): LineState {
  return {
    event,
    waiting: new WaitingLine(),
    ledger: new Ledger(),
    pace: new Pace(),
    poolViews: new Map(),
    rate: { tatMs: 0 },
    batch: null,
    joinedTotal: 0,
    admittedTotal: 0,
    nowServing: 0,
    tickBudget: event.config.batchSizeMax,
  }
}

/** The line that wrote these rows (INV-9). Who was not known to be absent counts as heard from now. */
export function restoreLine(snapshot: Snapshot, nowMs: EpochMs): LineState {
  const line = newLine(snapshot.event)
  for (const place of snapshot.waiting) line.waiting.restore(place, nowMs, graceMs(line))
  for (const admission of snapshot.admissions) line.ledger.put(admission)
  for (const view of snapshot.poolViews) line.poolViews.set(view.pool, view)
  for (const atMs of snapshot.recentAdmissionsMs) line.pace.record(atMs, 1)
  line.batch = snapshot.batch
  line.rate = { tatMs: snapshot.tatMs }
  line.joinedTotal = snapshot.joinedTotal
  line.admittedTotal = snapshot.admittedTotal
  line.nowServing = snapshot.nowServing
  return line
}

export function graceMs(line: LineState): number {
  return line.event.config.disconnectGraceSeconds * 1_000
}

/** Whether silence costs somebody's place at this moment. */
export function absenceCountsNow(line: LineState): boolean {
  return absenceCounts(line.event.status)
}

export function countsOf(line: LineState, holding: boolean): LineCounts {
  return {
    waiting: line.waiting.size,
    present: line.waiting.presentCount,
    admitted: line.ledger.liveCount,
    nowServing: line.nowServing,
    joinedTotal: line.joinedTotal,
    admittedTotal: line.admittedTotal,
    holding,
  }
}

/** The pools in which this line has or may get leases. */
export function poolsOf(line: LineState): Set<PoolKeyText> {
  const pools = new Set<PoolKeyText>([poolKeyOf(line.event)])
  for (const admission of line.ledger.live()) pools.add(admission.pool)
  for (const admission of line.ledger.debts()) pools.add(admission.pool)
  if (line.batch !== null) pools.add(line.batch.pool)
  return pools
}

/** Shared pools that the line has dealt with and has nothing in any more. */
export function leftPoolIds(line: LineState): string[] {
  const current = poolsOf(line)
  return [...line.poolViews.keys()].flatMap((pool) =>
    pool.startsWith('p:') && !current.has(pool) ? [pool.slice(2)] : [],
  )
}
