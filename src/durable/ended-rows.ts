/** Deletes the rows of places and admissions that are over; see docs/storage.md for what is kept of them. */
import type { EpochMs } from '../core/time.ts'
import type { SqlStatements } from '../ports/sql-database.ts'

/** Places first, then admissions, the oldest first; to be called in a transaction. Answers how many rows went. */
export function forgetEnded(sql: SqlStatements, endedBeforeMs: EpochMs, rowsMax: number): number {
  const places = forgetPlaces(sql, endedBeforeMs, rowsMax)
  return places + forgetAdmissions(sql, endedBeforeMs, rowsMax - places)
}

/** When the oldest row that is over ended; null when there is none. */
export function oldestEndedMs(sql: SqlStatements): EpochMs | null {
  // One statement each: two min() in one would not use the indexes.
  const oldest = [
    'SELECT min(ended_at_ms) AS at FROM places WHERE ended_at_ms IS NOT NULL',
    'SELECT min(ended_at_ms) AS at FROM admissions WHERE ended_at_ms IS NOT NULL AND debt IS NULL',
  ].flatMap((query) => sql.exec<{ at: number | null }>(query).one().at ?? [])
  return oldest.length === 0 ? null : Math.min(...oldest)
}

/** The event row takes over what the deleted rows stood for in the totals. */
function forgetPlaces(sql: SqlStatements, endedBeforeMs: EpochMs, rowsMax: number): number {
  const gone = sql
    .exec<{ joins: number; serving: number | null }>(
      `DELETE FROM places WHERE join_number IN (
         SELECT join_number FROM places WHERE ended_at_ms < ? AND NOT EXISTS (
           SELECT 1 FROM admissions
           WHERE admissions.admission_id = places.admission_id AND debt IS NOT NULL)
         ORDER BY ended_at_ms, join_number LIMIT ?)
       RETURNING join_number AS joins, iif(admission_id IS NULL, NULL, coalesce(number, 0)) AS serving`,
      endedBeforeMs,
      rowsMax,
    )
    .toArray()
  if (gone.length === 0) return 0
  const served = gone.flatMap(({ serving }) => serving ?? [])
  sql.exec(
    `UPDATE event SET forgotten_joins = max(forgotten_joins, ?), forgotten_admitted = forgotten_admitted + ?,
       forgotten_serving = max(forgotten_serving, ?)`,
    Math.max(...gone.map(({ joins }) => joins)),
    served.length,
    Math.max(0, ...served),
  )
  return gone.length
}

function forgetAdmissions(sql: SqlStatements, endedBeforeMs: EpochMs, rowsMax: number): number {
  const gone = sql.exec(
    `DELETE FROM admissions WHERE admission_id IN (
       SELECT admission_id FROM admissions WHERE ended_at_ms < ? AND debt IS NULL ORDER BY ended_at_ms LIMIT ?)
     RETURNING admission_id`,
    endedBeforeMs,
    rowsMax,
  )
  return gone.toArray().length
}
