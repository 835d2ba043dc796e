/** Events in the order of attention: those that go on first, those that are over last, by name among equals. */
import type { EventStatusName } from '../../../core/event-config.ts'
import type { EventDetail } from './answers.ts'

const RANKS: Readonly<Record<EventStatusName, number>> = {
  open: 0,
  paused: 1,
  scheduled: 2,
  sold_out: 3,
  closed: 4,
}

export function inOrderOfAttention(events: readonly EventDetail[]): EventDetail[] {
  const ordered = [...events]
  ordered.sort(
    (a, b) => RANKS[a.status] - RANKS[b.status] || a.name.localeCompare(b.name, 'en', { numeric: true }),
  )
  return ordered
}

/** What is inside the events that share a pool, together; null when no event does. */
export function insidePool(
  poolId: string,
  events: readonly EventDetail[],
): { inside: number; events: number } {
  const sharing = events.filter((event) => event.poolId === poolId)
  return { inside: sharing.reduce((sum, { admitted }) => sum + admitted, 0), events: sharing.length }
}
