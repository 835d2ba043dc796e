import type { Event } from '../server/wire.ts'
import { harmless } from './width.ts'

/** The status in words; an open event that admits nobody because its gate is away is not just open. */
export function statusOf({ status, holding }: Pick<Event, 'status' | 'holding'>): string {
  return harmless(status.replaceAll('_', ' ')) + (holding ? ', holding' : '')
}
