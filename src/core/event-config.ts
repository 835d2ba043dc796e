import type { EpochMs } from './time.ts'

/** What an operator says of an event. Defaults and ranges are in the schema at the edge (src/http/schemas). */
export type EventConfig = {
  readonly name: string
  /** Admissions alive at once in this event, also when its pool is shared. */
  readonly capacity: number
  /** A pool that several events share, or null for the event's own. */
  readonly poolId: string | null
  /** Most admissions in any minute, or null for no limit. */
  readonly admitPerMinute: number | null
  readonly batchSizeMax: number
  readonly entryTokenTtlSeconds: number
  readonly leaseTtlSeconds: number
  readonly maxSessionSeconds: number
  readonly disconnectGraceSeconds: number
  readonly queueing: Queueing
  readonly status: EventStatusName
  /** ISO 8601 UTC, or null. */
  readonly opensAt: string | null
  readonly closesAt: string | null
  /** Whether `GET /api/v1/events` lists it. */
  readonly public: boolean
  /** Joins per second that the operator expects at the peak: shards are there before they come. Null: none is known. */
  readonly expectedPeak: number | null
}

export const QUEUEINGS = ['fifo', 'lottery', 'passthrough', 'reject'] as const
export type Queueing = (typeof QUEUEINGS)[number]

export const EVENT_STATUSES = ['scheduled', 'open', 'paused', 'closed', 'sold_out'] as const
export type EventStatusName = (typeof EVENT_STATUSES)[number]

export const EVENT_ACTIONS = ['open', 'pause', 'resume', 'close', 'sold-out'] as const
export type EventAction = (typeof EVENT_ACTIONS)[number]

/** When the event opens and closes by itself, as instants. */
export function scheduleOf(config: EventConfig): { opensAtMs: EpochMs | null; closesAtMs: EpochMs | null } {
  return {
    opensAtMs: config.opensAt === null ? null : Date.parse(config.opensAt),
    closesAtMs: config.closesAt === null ? null : Date.parse(config.closesAt),
  }
}
