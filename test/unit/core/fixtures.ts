/** A line and its operator's tools for tests of the core: fixed times, counted ids, a seeded draw. */
import { createHash, createHmac } from 'node:crypto'
import type { EventConfig } from '../../../src/core/event-config.ts'
import type { DrawTools } from '../../../src/core/line-operator.ts'
import { newEvent } from '../../../src/core/line-operator.ts'
import { chooseBatch, settleBatch, type NewIds } from '../../../src/core/line-promotion.ts'
import { newLine, type LineState } from '../../../src/core/line-state.ts'
import { join } from '../../../src/core/line-visitors.ts'
import type { AdmissionRecord, BatchRecord } from '../../../src/core/records.ts'

/** Far off: the runtime rings an alarm that lies in its own past at once, whatever clock a test pretends. */
export const T0 = Date.UTC(2040, 0, 1, 12, 0, 0)
export const SEED = '0b'.repeat(32)

const DEFAULTS: EventConfig = {
  name: 'Demo',
  capacity: 2,
  poolId: null,
  admitPerMinute: null,
  batchSizeMax: 1_000,
  entryTokenTtlSeconds: 300,
  leaseTtlSeconds: 600,
  maxSessionSeconds: 1_800,
  disconnectGraceSeconds: 60,
  queueing: 'fifo',
  status: 'open',
  opensAt: null,
  closesAt: null,
  public: true,
  expectedPeak: null,
}

export const tools: DrawTools = {
  newLottery: () => ({
    seed: SEED,
    commitment: createHash('sha256').update(Buffer.from(SEED, 'hex')).digest('hex'),
    entrants: null,
  }),
  ticketOf: (seed) => (joinNumber) =>
    createHmac('sha256', Buffer.from(seed, 'hex')).update(String(joinNumber)).digest('hex'),
}

export function config(change: Partial<EventConfig> = {}): EventConfig {
  return { ...DEFAULTS, ...change }
}

export function lineWith(change: Partial<EventConfig> = {}): LineState {
  return newLine(newEvent('demo', config(change), null, T0, tools))
}

export function counted(): NewIds {
  let batches = 0
  let admissions = 0
  return {
    batchId: () => `batch-${(batches += 1)}`,
    admissionId: () => `demo.${String((admissions += 1)).padStart(22, '0')}`,
  }
}

export function joinAll(line: LineState, userIds: readonly string[], nowMs = T0): void {
  for (const userId of userIds) join(line, userId, nowMs)
}

/** Chooses a batch and lets the gate grant all of it, or the first `granted`. */
export function promote(line: LineState, nowMs = T0, ids = counted(), granted = Infinity): AdmissionRecord[] {
  const batch = chooseBatch(line, nowMs, ids).value
  if (batch === null) return []
  const settled = settleBatch(line, batch, ticketsFor(batch, nowMs, granted), nowMs)
  return settled.changes.flatMap((change) => (change.kind === 'admission_opened' ? [change.admission] : []))
}

export function ticketsFor(batch: BatchRecord, nowMs: number, granted = Infinity) {
  return batch.members.slice(0, granted).map(({ admissionId }) => ({
    token: `token-of-${admissionId}`,
    issuedAtMs: nowMs,
    expiresAtMs: nowMs + 300_000,
  }))
}
