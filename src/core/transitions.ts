/** The life of an event, and what an operator may do in each of its states (docs/states.md draws it). */
import type { EventAction, EventStatusName } from './event-config.ts'

const TRANSITIONS: Readonly<Record<EventAction, Partial<Record<EventStatusName, EventStatusName>>>> = {
  open: { scheduled: 'open', open: 'open', paused: 'open', closed: 'open', sold_out: 'open' },
  pause: { open: 'paused', paused: 'paused' },
  resume: { paused: 'open', open: 'open' },
  close: { scheduled: 'closed', open: 'closed', paused: 'closed', sold_out: 'closed', closed: 'closed' },
  'sold-out': { scheduled: 'sold_out', open: 'sold_out', paused: 'sold_out', sold_out: 'sold_out' },
}

/** The status after the action, or null when the action is not for this status. Repeating an action is harmless. */
export function transition(status: EventStatusName, action: EventAction): EventStatusName | null {
  return TRANSITIONS[action][status] ?? null
}

/** In these an absent visitor's grace runs. Elsewhere the sale stands still, and so does everybody's place. */
export function absenceCounts(status: EventStatusName): boolean {
  return status === 'open'
}

/** The status that the clock brings about, or null when it changes nothing. */
export function dueStatus(
  event: { status: EventStatusName; opensAtMs: number | null; closesAtMs: number | null },
  nowMs: number,
): EventStatusName | null {
  const { status, opensAtMs, closesAtMs } = event
  if (closesAtMs !== null && nowMs >= closesAtMs && status !== 'closed' && status !== 'sold_out')
    return 'closed'
  if (status === 'scheduled' && opensAtMs !== null && nowMs >= opensAtMs) return 'open'
  return null
}
