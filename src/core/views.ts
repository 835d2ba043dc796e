/** What the line shows to the outside: the JSON bodies of the contract, built in one place. */
import type { EventConfig, EventStatusName, Queueing } from './event-config.ts'

export const PLACE_STATES = ['WAITING', 'ADMITTED', 'COMPLETED', 'EXPIRED', 'LEFT'] as const
export type PlaceState = (typeof PLACE_STATES)[number]

export type EtaSeconds = { readonly low: number; readonly high: number }

/** `GET /api/v1/events/{eventId}`: everybody may see it. */
export type EventStatus = {
  readonly eventId: string
  readonly name: string
  readonly status: EventStatusName
  readonly queueing: Queueing
  readonly capacity: number
  readonly waiting: number
  readonly admitted: number
  /** The number of the visitor admitted last, counted from 1 in the order of the line; 0 before the first. */
  readonly nowServing: number
  readonly admitPerMinute: number | null
  readonly opensAt: string | null
  readonly closesAt: string | null
  /** For somebody who joined now. */
  readonly etaSeconds: EtaSeconds | null
  readonly updatedAt: string
  /** True while admissions are held although the event is open: the shared store is away or being rebuilt. */
  readonly holding: boolean
  /** Present when `queueing` is `lottery`. */
  readonly lottery?: LotteryView
}

/** A range as measured; who stands at a position waits so long at this pace. */
export type PacePerMinute = { readonly low: number; readonly high: number }

/** All that the waiting page of one visitor shows. `place`: null for who has none, or is not known. */
export type EventVisit = {
  readonly status: EventStatus
  readonly pacePerMinute: PacePerMinute | null
  readonly place: Place | null
}

/** So many who wait have a number that is not larger than `number`. */
export type Step = readonly [number: number, waiting: number]

/**
 * `GET /api/v1/events/{eventId}/progress`: the same for everybody, and small. From it and the number of a place follows a
 * position that is never smaller than the truth (src/client/position-bound.ts).
 */
export type Progress = {
  readonly eventId: string
  readonly status: EventStatusName
  readonly holding: boolean
  readonly waiting: number
  readonly nowServing: number
  /** Null while nobody is admitted. */
  readonly pacePerMinute: PacePerMinute | null
  /** Ascending in both; the last is the highest number given so far. Empty before a lottery's draw. */
  readonly steps: readonly Step[]
  /** When the line last changed. */
  readonly updatedAt: string
}

/** A draw that anybody can check: the commitment is published before, the seed after (docs/states.md). */
export type LotteryView = {
  /** SHA-256 of the seed, hex. */
  readonly commitment: string
  /** The seed, hex, once the draw is done. */
  readonly seed: string | null
  /** How many took part, once the draw is done. */
  readonly entrants: number | null
}

export type Place = {
  readonly eventId: string
  readonly userId: string
  readonly state: PlaceState
  /** 1-based; null unless WAITING, and in a lottery null until the draw. */
  readonly position: number | null
  readonly totalWaiting: number
  readonly etaSeconds: EtaSeconds | null
  readonly pollAfterMs: number
  readonly joinedAt: string
  /** The how-manieth join of this event this was, from 1: the input of the lottery's draw. */
  readonly joinNumber: number
  /** The order of the line, from 1: null before a lottery's draw, and unless WAITING. */
  readonly number: number | null
  readonly admissionId: string | null
  readonly entryToken: string | null
  readonly entryTokenExpiresAt: string | null
  readonly leaseExpiresAt: string | null
}

export const ADMISSION_STATES = ['admitted', 'redeemed', 'ended'] as const
export type AdmissionState = (typeof ADMISSION_STATES)[number]

/** How an admission ended. */
export const OUTCOMES = ['completed', 'cancelled', 'left', 'expired', 'revoked'] as const
export type Outcome = (typeof OUTCOMES)[number]

export type Admission = {
  readonly admissionId: string
  readonly eventId: string
  readonly userId: string
  readonly state: AdmissionState
  readonly admittedAt: string
  readonly redeemedAt: string | null
  readonly leaseExpiresAt: string
  readonly endedAt: string | null
  readonly outcome: Outcome | null
}

/** `GET /api/v1/admin/events/{eventId}`: the configuration with live counts. */
export type EventDetail = EventConfig & {
  readonly eventId: string
  readonly waiting: number
  readonly present: number
  readonly admitted: number
  readonly streams: number
  readonly nowServing: number
  readonly joinedTotal: number
  readonly admittedTotal: number
  readonly holding: boolean
  readonly createdAt: string
  readonly updatedAt: string
}
