/** The rows of one line as operators look at them: read only, but for the samples of the charts. */
import { SERIES_MINUTES_MAX, type Sample } from '../core/line-series.ts'
import type { AdmissionRecord, PlaceRecord } from '../core/records.ts'
import { isoTimeOrNull, type EpochMs } from '../core/time.ts'
import { EXPORT_COLUMNS, type Cell, type ExportKind, type ExportPage } from '../ports/line-console.ts'
import type { LineRows } from '../ports/line-host.ts'
import type { SqlStatements } from '../ports/sql-database.ts'
import { placeFromRow, type PlaceRow } from './line-rows.ts'

/** A page of an export: some ten milliseconds of the object, and a few hundred kilobytes on the way. */
const EXPORT_ROWS = 1_000
/** Who has come back more often than this is no visitor whose whole history anybody reads. */
const PLACES_MAX = 50
const SERIES_MS = SERIES_MINUTES_MAX * 60_000

/** The cursor first, then the cells in the order of EXPORT_COLUMNS. */
const EXPORT_QUERIES: Readonly<Record<ExportKind, string>> = {
  places: `SELECT join_number AS cursor, join_number, number, user_id, state, joined_at_ms, absent_since_ms,
      ended_at_ms, admission_id
    FROM places WHERE join_number > ? ORDER BY join_number LIMIT ?`,
  admissions: `SELECT rowid AS cursor, admission_id, join_number, user_id, state, joined_at_ms, admitted_at_ms,
      redeemed_at_ms, lease_expires_at_ms, ended_at_ms, outcome
    FROM admissions WHERE rowid > ? ORDER BY rowid LIMIT ?`,
}

export type PlaceWithAdmission = {
  readonly place: PlaceRecord
  /** Null when nobody was admitted with it, or it is forgotten already. */
  readonly admission: AdmissionRecord | null
}

export class LineRecords {
  readonly #sql: SqlStatements
  readonly #rows: Pick<LineRows, 'admission'>

  constructor(sql: SqlStatements, rows: Pick<LineRows, 'admission'>) {
    this.#sql = sql
    this.#rows = rows
  }

  /** A visitor's places, the newest first. */
  placesOf(userId: string): PlaceWithAdmission[] {
    return this.#sql
      .exec<PlaceRow>(
        'SELECT * FROM places WHERE user_id = ? ORDER BY join_number DESC LIMIT ?',
        userId,
        PLACES_MAX,
      )
      .toArray()
      .map(placeFromRow)
      .map((place) => {
        const { admissionId } = place
        return { place, admission: admissionId === null ? null : this.#rows.admission(admissionId) }
      })
  }

  exportPage(what: ExportKind, after: number): ExportPage {
    const found = [...this.#sql.exec(EXPORT_QUERIES[what], after, EXPORT_ROWS).raw()]
    const columns = EXPORT_COLUMNS[what]
    const rows = found.map(([, ...values]) => values.map((value, index) => cellOf(value, columns[index])))
    const next = found.length < EXPORT_ROWS ? null : Number(found.at(-1)?.[0])
    return { rows, next }
  }

  /** One row for all of them. What is older than a chart can show goes. */
  saveSamples(samples: readonly Sample[]): void {
    const [first] = samples
    if (first === undefined) return
    this.#sql.exec(
      'INSERT OR REPLACE INTO series (from_ms, samples) VALUES (?, ?)',
      first.atMs,
      JSON.stringify(samples),
    )
    this.#sql.exec('DELETE FROM series WHERE from_ms < ?', first.atMs - SERIES_MS)
  }

  /** The saved samples from then on, oldest first. */
  samplesSince(sinceMs: EpochMs): Sample[] {
    return this.#sql
      .exec<{ samples: string }>(
        // The row that begins before may reach in.
        `SELECT samples FROM series
         WHERE from_ms >= coalesce((SELECT max(from_ms) FROM series WHERE from_ms <= ?1), 0) ORDER BY from_ms`,
        sinceMs,
      )
      .toArray()
      .flatMap(({ samples }) => JSON.parse(samples) as Sample[])
      .filter(({ atMs }) => atMs >= sinceMs)
  }
}

function cellOf(value: unknown, column: string | undefined): Cell {
  const isTime = column?.endsWith('At') === true || column === 'absentSince'
  if (isTime) return isoTimeOrNull(typeof value === 'number' ? value : null)
  return typeof value === 'string' || typeof value === 'number' ? value : null
}
