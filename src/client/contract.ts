/** The part of the HTTP contract that a visitor's client speaks: docs/api.md. */

export type EventStatusName = 'scheduled' | 'open' | 'paused' | 'closed' | 'sold_out'

/** A range of seconds, as wide as the evidence is thin. */
export type EtaSeconds = { readonly low: number; readonly high: number }

/** A visitor's place: the body of `POST` and `GET /api/v1/events/{eventId}/queue`. Times are ISO 8601. */
export type Place = {
  readonly eventId: string
  readonly userId: string
  readonly state: 'WAITING' | 'ADMITTED' | 'COMPLETED' | 'EXPIRED' | 'LEFT'
  /** 1 is the head. Null unless WAITING, and in a lottery until the draw. */
  readonly position: number | null
  readonly totalWaiting: number
  readonly etaSeconds: EtaSeconds | null
  readonly pollAfterMs: number
  readonly joinedAt: string
  readonly joinNumber: number
  /** The order of the line. Null unless WAITING, and in a lottery until the draw. */
  readonly number: number | null
  readonly admissionId: string | null
  readonly entryToken: string | null
  readonly entryTokenExpiresAt: string | null
  readonly leaseExpiresAt: string | null
}

/** Why a stream ended for good. */
export type EndReason = 'left' | 'expired' | 'completed' | 'sold_out' | 'closed' | 'replaced'

/** The `data` of every event of the stream, each with those fields that its type has. */
export type Frame = {
  readonly timestamp: number
  readonly position: number | null
  readonly totalWaiting: number
  readonly etaSeconds: EtaSeconds | null
  readonly status: EventStatusName
  readonly admissionId: string
  readonly entryToken: string
  readonly expiresAt: string
  readonly reason: EndReason
}
