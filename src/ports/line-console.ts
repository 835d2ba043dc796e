/** What operators look up about one event, beside how it stands. EventLine implements it; calls go over RPC. */
import type { Admission, PlaceState } from '../core/views.ts'
import type { LineApi, LineResult } from './lines.ts'

/** As Sample (src/core/line-series.ts), with the time as it is shown. */
export type SampleView = {
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
  readonly waitSecondsP50: number | null
  readonly waitSecondsP95: number | null
}

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

/** The columns of an export, in order; times are ISO 8601. Never a token. */
export const EXPORT_COLUMNS = {
  places: ['joinNumber', 'number', 'userId', 'state', 'joinedAt', 'absentSince', 'endedAt', 'admissionId'],
  admissions: [
    'admissionId',
    'joinNumber',
    'userId',
    'state',
    'joinedAt',
    'admittedAt',
    'redeemedAt',
    'leaseExpiresAt',
    'endedAt',
    'outcome',
  ],
} as const
export type ExportKind = keyof typeof EXPORT_COLUMNS

export type Cell = string | number | null

export type ExportPage = {
  /** In the order of EXPORT_COLUMNS. */
  readonly rows: readonly (readonly Cell[])[]
  /** Where the next page begins; null after the last one. */
  readonly next: number | null
}

export interface LineConsoleApi {
  /** The samples of the last minutes, oldest first. */
  series(minutes: number): Promise<LineResult<SeriesView>>
  /** What became of the visitor here. No sign of life of theirs. */
  visitor(userId: string): Promise<LineResult<VisitorHistory>>
  /** Ends the place or the admission, as LineApi.leave does. */
  removeVisitor(userId: string): ReturnType<LineApi['leave']>
  /** The rows after this one; 0 for the first page. */
  exportPage(what: ExportKind, after: number): Promise<LineResult<ExportPage>>
}
