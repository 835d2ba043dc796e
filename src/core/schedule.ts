/** When the line has to wake by itself. */
import { scheduleOf } from './event-config.ts'
import { TICK_MS } from './limits.ts'
import type { LineState } from './line-state.ts'
import type { EpochMs } from './time.ts'

/** The next tick, on the grid of whole seconds, so that ticks do not drift. */
export function nextTickMs(nowMs: EpochMs): EpochMs {
  return (Math.floor(nowMs / TICK_MS) + 1) * TICK_MS
}

/**
 * Null: nothing is due, and the object may sleep for free. Each second: somebody waits, listens, or the gate has not
 * confirmed something. Otherwise: at the first deadline.
 */
export function nextWakeMs(line: LineState, streams: number, nowMs: EpochMs): EpochMs | null {
  const isBusy = streams > 0 || line.ledger.debtCount > 0 || line.batch !== null
  const someoneMayGoIn = line.waiting.size > 0 && line.event.status === 'open'
  if (isBusy || someoneMayGoIn) return nextTickMs(nowMs)
  const { opensAtMs, closesAtMs } = scheduleOf(line.event.config)
  const deadlines = [
    line.event.status === 'scheduled' ? opensAtMs : null,
    line.event.status === 'closed' || line.event.status === 'sold_out' ? null : closesAtMs,
    line.ledger.nextDeadlineMs(),
    line.waiting.nextDeadlineMs(),
  ].filter((atMs) => atMs !== null)
  return deadlines.length === 0 ? null : Math.max(Math.min(...deadlines), nextTickMs(nowMs))
}
