/** What operators look up about one event, beside how it stands. EventLine implements it; calls go over RPC. */
import type { SeriesView, VisitorHistory } from '../core/console-views.ts'
import type { LineApi, LineResult } from './lines.ts'

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
