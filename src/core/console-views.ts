/** What operators are shown of an event's past and of a visitor, beside how things stand: JSON bodies, also for the console. */
import type { Admission, PlaceState } from './views.ts'

/** As Sample (src/core/line-series.ts), with the time as it is shown: how things stood at its end, how many did what in it. */
export type SampleView = {
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
export type SeriesView = { readonly stepSeconds: number; readonly samples: readonly SampleView[] }

export type VisitorPlace = {
  readonly joinNumber: number
  /** Null before a lottery's draw. */
  readonly number: number | null
  readonly state: PlaceState
  readonly joinedAt: string
  readonly endedAt: string | null
  /** Null while present, and when not waiting. */
  readonly absentSince: string | null
  /** Whether a stream of the visitor is open: of the live place alone. */
  readonly streaming: boolean
  /** Null unless WAITING. */
  readonly position: number | null
  readonly admission: Admission | null
}

export type VisitorHistory = {
  readonly userId: string
  readonly eventId: string
  /** Newest first. */
  readonly places: readonly VisitorPlace[]
}

/** A value as it is shown; what is no plain value is shown as JSON. */
export type ShownValue = string | number | boolean | null

/** A field that an operator's change has changed. */
export type FieldChange = {
  readonly field: string
  readonly before: ShownValue
  readonly after: ShownValue
}
