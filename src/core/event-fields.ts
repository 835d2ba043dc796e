/** What the fields of an event may be, and what they are when nothing is said: for the API and for whoever shows a form. */
import type { EventConfig } from './event-config.ts'
import { EXPECTED_PEAK_JOINS_PER_SECOND } from './limits.ts'

export const EVENT_DEFAULTS = {
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
} as const satisfies Omit<EventConfig, 'name' | 'capacity'>

/** Half a day: the longest that a forgotten session may keep a slot. */
const SESSION_SECONDS_MAX = 43_200

export const NAME_CHARS_MAX = 200

export type Range = { readonly min: number; readonly max: number }

/** Of the numbers, both ends included. */
export const EVENT_RANGES = {
  // More than any venue, and still exact in every number format on the way.
  capacity: { min: 0, max: 1_000_000 },
  admitPerMinute: { min: 1, max: 1_000_000 },
  // Admissions in one tick; they reach Redis in script calls of at most BATCH_MEMBERS_MAX.
  batchSizeMax: { min: 1, max: 100_000 },
  // An entry token is carried from the line to the shop, which takes minutes at most.
  entryTokenTtlSeconds: { min: 1, max: 3_600 },
  leaseTtlSeconds: { min: 1, max: SESSION_SECONDS_MAX },
  maxSessionSeconds: { min: 1, max: SESSION_SECONDS_MAX },
  disconnectGraceSeconds: { min: 0, max: 3_600 },
  expectedPeak: { min: 1, max: EXPECTED_PEAK_JOINS_PER_SECOND },
} as const satisfies Partial<Record<keyof EventConfig, Range>>
