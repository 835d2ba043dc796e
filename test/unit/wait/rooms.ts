/** Rooms for the tests of what is shown. */
import type { Standing } from '../../../src/client/standing.ts'
import type { Room } from '../../../src/pages/wait/room.ts'
import { PHASES, type Phase } from '../../../src/pages/wait/texts.ts'

export const NOW_MS = Date.parse('2026-03-01T10:00:00.000Z')
const TOKEN = { admissionId: 'demo.x', entryToken: 'token' }

export const WAITING = {
  state: 'waiting',
  position: 1_204,
  totalWaiting: 3_000,
  etaSeconds: { low: 480, high: 720 },
} satisfies Standing
export const ADMITTED = { state: 'admitted', ...TOKEN, expiresAtMs: NOW_MS + 245_000 } satisfies Standing

export function roomOf(changed: Partial<Room> = {}): Room {
  return {
    eventName: 'A concert',
    eventStatus: 'open',
    isHolding: false,
    opensAt: null,
    pacePerMinute: { low: 90, high: 130 },
    refusal: null,
    hasShop: true,
    standing: WAITING,
    connection: 'live',
    firstPosition: 2_408,
    nowMs: NOW_MS,
    ...changed,
  }
}

const ended = (reason: Extract<Standing, { state: 'ended' }>['reason']): Partial<Room> => ({
  standing: { state: 'ended', reason },
})
const outside = (refusal: string | null, changed: Partial<Room> = {}): Partial<Room> => ({
  standing: null,
  refusal,
  ...changed,
})

/** A room in each phase. */
export const ROOMS: Readonly<Record<Phase, Room>> = {
  joining: roomOf(outside(null)),
  outside: roomOf(outside('not-joined')),
  waiting: roomOf(),
  next: roomOf({ standing: { ...WAITING, position: 1 } }),
  drawing: roomOf({ eventStatus: 'scheduled', standing: { ...WAITING, position: null, etaSeconds: null } }),
  paused: roomOf({ eventStatus: 'paused' }),
  held: roomOf({ isHolding: true }),
  scheduled: roomOf(
    outside('event-not-open', {
      eventStatus: 'scheduled',
      opensAt: new Date(NOW_MS + 600_000).toISOString(),
    }),
  ),
  unopened: roomOf(outside('event-not-open', { eventStatus: 'scheduled' })),
  admitted: roomOf({ standing: ADMITTED }),
  ready: roomOf({ standing: ADMITTED, hasShop: false }),
  entered: roomOf({ standing: { ...ADMITTED, expiresAtMs: NOW_MS } }),
  left: roomOf(ended('left')),
  expired: roomOf(ended('expired')),
  completed: roomOf(ended('completed')),
  lost: roomOf(ended('lost')),
  replaced: roomOf(ended('replaced')),
  sold_out: roomOf(ended('sold_out')),
  closed: roomOf(outside('event-not-open', { eventStatus: 'closed' })),
  refused: roomOf(outside('queue-rejecting')),
  stranger: roomOf(outside('unauthenticated')),
  busy: roomOf(outside('overloaded', { eventStatus: null })),
  missing: roomOf(outside('event-not-found', { eventStatus: null })),
}

export const EVERY_PHASE: readonly Phase[] = PHASES
