/** Writes the admissions of a batch: two statements for all of them, since two for each cost several times as much. */
import type { AdmissionRecord } from '../core/records.ts'
import type { SqlStatements } from '../ports/sql-database.ts'

/** Far below the 2 MB that a bound value may have: an admission with its token has about 700 bytes. */
const ROWS_MAX = 1_000

/** To be called in a transaction. Those who are let in are so from then on in their places as well. */
export function insertAdmissions(sql: SqlStatements, admissions: readonly AdmissionRecord[]): void {
  for (let from = 0; from < admissions.length; from += ROWS_MAX) {
    const portion = admissions.slice(from, from + ROWS_MAX)
    insertRows(sql, portion)
    admitPlaces(
      sql,
      portion.filter(({ state }) => state !== 'ended'),
    )
  }
}

function insertRows(sql: SqlStatements, admissions: readonly AdmissionRecord[]): void {
  const rows = admissions.map((a) => [
    a.admissionId,
    a.joinNumber,
    a.userId,
    a.pool,
    a.state,
    a.token,
    a.tokenExpiresAtMs,
    a.joinedAtMs,
    a.admittedAtMs,
    a.leaseExpiresAtMs,
    a.endedAtMs,
    a.outcome,
    a.debt,
  ])
  sql.exec(
    `INSERT INTO admissions (admission_id, join_number, user_id, pool, state, token, token_expires_at_ms, joined_at_ms,
       admitted_at_ms, lease_expires_at_ms, ended_at_ms, outcome, debt)
     SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7,
       value ->> 8, value ->> 9, value ->> 10, value ->> 11, value ->> 12 FROM json_each(?)`,
    JSON.stringify(rows),
  )
}

function admitPlaces(sql: SqlStatements, admissions: readonly AdmissionRecord[]): void {
  if (admissions.length === 0) return
  sql.exec(
    `UPDATE places SET state = 'ADMITTED', admission_id = admitted.value ->> 1, absent_since_ms = NULL
     FROM json_each(?) AS admitted WHERE places.join_number = admitted.value ->> 0`,
    JSON.stringify(admissions.map(({ joinNumber, admissionId }) => [joinNumber, admissionId])),
  )
}
