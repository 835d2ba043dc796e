/**
 * What the operator's API answers, as far as the console reads it (docs/api.md). Not the server's own types: theirs lead
 * to modules that no browser runs. test/unit/admin/answers.test.ts holds the two together.
 */
import type { Admission, EventDetail, PlaceState } from '../../../core/views.ts'

export type { Admission, EventDetail }

export type OperatorSession = { readonly operator: string }

export type Pool = {
  readonly poolId: string
  readonly capacity: number
  readonly admitPerMinute: number | null
}

/** One step of an event's recent past: how things stood at its end, and how many did what within it. */
export type Sample = {
  /** When the step began. */
  readonly at: string
  readonly waiting: number
  readonly inside: number
  readonly capacity: number
  readonly streams: number
  readonly joined: number
  readonly admitted: number
  readonly ended: number
  readonly noShows: number
  readonly errors: number
  /** Of those admitted in the minutes before; null when nobody was. */
  readonly waitSecondsP50: number | null
  readonly waitSecondsP95: number | null
}

/** Oldest first; a step in which nothing happened has no sample. */
export type Series = { readonly stepSeconds: number; readonly samples: readonly Sample[] }

export type HistoryPlace = {
  readonly joinNumber: number
  readonly number: number | null
  readonly state: PlaceState
  readonly joinedAt: string
  readonly endedAt: string | null
  readonly absentSince: string | null
  readonly streaming: boolean
  readonly position: number | null
  readonly admission: Admission | null
}

export type VisitorHistory = {
  readonly userId: string
  readonly eventId: string
  readonly places: readonly HistoryPlace[]
}

export type AuditEntry = {
  readonly entryId: string
  readonly at: string
  readonly operator: { readonly kind: 'key' | 'session' | 'token' | 'nobody'; readonly name: string }
  readonly address: string
  readonly requestId: string
  readonly action: string
  readonly eventId: string | null
  readonly poolId: string | null
  readonly admissionId: string | null
  readonly userId: string | null
  readonly changes: readonly { readonly field: string; readonly before: unknown; readonly after: unknown }[]
  readonly outcome: 'done' | 'refused' | 'failed' | 'unknown'
  readonly problem: string | null
}

export type AuditPage = { readonly entries: readonly AuditEntry[]; readonly next: string | null }
