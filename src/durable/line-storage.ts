/** The rows of one line: writes decisions, reads them back. Every method is synchronous. */
import { unreachable } from '../core/assert.ts'
import type {
  AdmissionRecord,
  BatchRecord,
  Change,
  PlaceRecord,
  PoolViewRecord,
  Snapshot,
} from '../core/records.ts'
import type { EpochMs } from '../core/time.ts'
import type { LineRows } from '../ports/line-host.ts'
import type { SqlDatabase, SqlStatements } from '../ports/sql-database.ts'
import { insertAdmissions } from './admission-rows.ts'
import { forgetEnded, oldestEndedMs } from './ended-rows.ts'
import { LINE_MIGRATIONS } from './line-schema.ts'
import { hasSchema, migrate } from './migrations.ts'
import { placeRuns } from './place-runs.ts'
import {
  admissionFromRow,
  eventFromText,
  placeFromRow,
  waitingFromRow,
  type AdmissionRow,
  type PlaceRow,
  type WaitingRow,
} from './line-rows.ts'

const PACE_WINDOW_MS = 120_000

export class LineStorage implements LineRows {
  readonly #storage: SqlDatabase
  readonly #sql: SqlStatements

  constructor(storage: SqlDatabase) {
    this.#storage = storage
    this.#sql = storage.sql
  }

  /** Null for an event that was never configured: asking for it leaves nothing behind. */
  load(nowMs: EpochMs): Snapshot | null {
    if (!hasSchema(this.#sql)) return null
    migrate(this.#storage, LINE_MIGRATIONS)
    const row = this.#sql
      .exec<{ record: string; rate_tat_ms: number }>('SELECT record, rate_tat_ms FROM event')
      .toArray()[0]
    if (row === undefined) return null
    return {
      event: eventFromText(row.record),
      waiting: this.#waiting(),
      admissions: this.#sql
        .exec<AdmissionRow>("SELECT * FROM admissions WHERE state <> 'ended' OR debt IS NOT NULL")
        .toArray()
        .map(admissionFromRow),
      batch: this.#batch(),
      poolViews: this.#sql.exec<PoolViewRecord>('SELECT pool, epoch, version FROM pool_views').toArray(),
      tatMs: row.rate_tat_ms,
      ...this.#totals(),
      recentAdmissionsMs: this.#sql
        .exec<{ at: number }>(
          'SELECT admitted_at_ms AS at FROM admissions WHERE admitted_at_ms > ?',
          nowMs - PACE_WINDOW_MS,
        )
        .toArray()
        .map(({ at }) => at),
    }
  }

  /** Makes the tables of a new event. */
  create(): void {
    migrate(this.#storage, LINE_MIGRATIONS)
  }

  /** One decision, one transaction: all of it is durable or none. */
  apply(changes: readonly Change[]): void {
    if (changes.length === 0) return
    this.#storage.transactionSync(() => {
      // What is new comes first, together: nothing that a decision changes is older than it.
      this.#insertPlaces(changes.flatMap((change) => (change.kind === 'place_joined' ? [change.place] : [])))
      insertAdmissions(
        this.#sql,
        changes.flatMap((change) => (change.kind === 'admission_opened' ? [change.admission] : [])),
      )
      for (const change of changes) this.#applyOne(change)
    })
  }

  /** The visitor's last place, whatever became of it. */
  latestPlace(userId: string): PlaceRecord | null {
    const rows = this.#sql
      .exec<PlaceRow>('SELECT * FROM places WHERE user_id = ? ORDER BY join_number DESC LIMIT 1', userId)
      .toArray()
    return rows[0] === undefined ? null : placeFromRow(rows[0])
  }

  admission(admissionId: string): AdmissionRecord | null {
    const rows = this.#sql
      .exec<AdmissionRow>('SELECT * FROM admissions WHERE admission_id = ?', admissionId)
      .toArray()
    return rows[0] === undefined ? null : admissionFromRow(rows[0])
  }

  forget(endedBeforeMs: EpochMs, rowsMax: number): number {
    return this.#storage.transactionSync(() => forgetEnded(this.#sql, endedBeforeMs, rowsMax))
  }

  oldestEndedMs(): EpochMs | null {
    return oldestEndedMs(this.#sql)
  }

  /** One by one: a hundred thousand of them three times over, as rows, as a list and as records, would be slow. */
  *#waiting(): Generator<PlaceRecord> {
    const rows = this.#sql
      .exec(
        `SELECT join_number, number, user_id, joined_at_ms, absent_since_ms FROM places
         WHERE state = 'WAITING' ORDER BY join_number`,
      )
      .raw()
    for (const row of rows) yield waitingFromRow(row as WaitingRow)
  }

  #batch(): BatchRecord | null {
    const row = this.#sql
      .exec<{ batchId: string; pool: BatchRecord['pool']; chosenAtMs: number; members: string }>(
        'SELECT batch_id AS batchId, pool, chosen_at_ms AS chosenAtMs, members FROM batches',
      )
      .toArray()[0]
    return row === undefined ? null : { ...row, members: JSON.parse(row.members) as BatchRecord['members'] }
  }

  #totals(): { joinedTotal: number; admittedTotal: number; nowServing: number } {
    return this.#sql
      .exec<{ joinedTotal: number; admittedTotal: number; nowServing: number }>(
        `SELECT max(forgotten_joins, (SELECT coalesce(max(join_number), 0) FROM places)) AS joinedTotal,
                forgotten_admitted + (SELECT count(*) FROM places WHERE admission_id IS NOT NULL) AS admittedTotal,
                max(forgotten_serving,
                    (SELECT coalesce(max(number), 0) FROM places WHERE admission_id IS NOT NULL)) AS nowServing
         FROM event`,
      )
      .one()
  }

  #applyOne(change: Change): void {
    switch (change.kind) {
      case 'event_saved':
        this.#sql.exec(
          'INSERT INTO event (id, record) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET record = excluded.record',
          JSON.stringify(change.event),
        )
        return
      case 'rate_spent':
        this.#sql.exec('UPDATE event SET rate_tat_ms = ?', change.tatMs)
        return
      case 'place_joined':
      case 'admission_opened':
        return // Already written, with all others of the decision.
      case 'place_ended':
        this.#sql.exec(
          'UPDATE places SET state = ?, ended_at_ms = ?, absent_since_ms = NULL WHERE join_number = ?',
          change.state,
          change.endedAtMs,
          change.joinNumber,
        )
        return
      case 'places_numbered':
        this.#sql.exec(
          `UPDATE places SET number = drawn.value ->> 1 FROM json_each(?) AS drawn
           WHERE places.join_number = drawn.value ->> 0`,
          JSON.stringify(change.numbers),
        )
        return
      case 'absence_marked':
        this.#sql.exec(
          'UPDATE places SET absent_since_ms = ? WHERE join_number = ?',
          change.absentSinceMs,
          change.joinNumber,
        )
        return
      case 'batch_chosen':
        this.#insertBatch(change.batch)
        return
      case 'batch_settled':
        this.#sql.exec('DELETE FROM batches WHERE batch_id = ?', change.batchId)
        return
      case 'admission_changed':
        this.#updateAdmission(change.admission)
        return
      case 'pool_seen':
        this.#sql.exec(
          `INSERT INTO pool_views (pool, epoch, version) VALUES (?, ?, ?)
           ON CONFLICT (pool) DO UPDATE SET epoch = excluded.epoch, version = excluded.version`,
          change.view.pool,
          change.view.epoch,
          change.view.version,
        )
        return
      case 'pool_left':
        this.#sql.exec('DELETE FROM pool_views WHERE pool = ?', change.pool)
        return
      default:
        unreachable(change)
    }
  }

  /** One statement for many: a statement for each costs about twice as much, and a list of one more than a row. */
  #insertPlaces(places: readonly PlaceRecord[]): void {
    for (const { first, userIds } of placeRuns(places)) {
      if (userIds.length === 1) {
        this.#insertPlace(first)
        continue
      }
      this.#sql.exec(
        `INSERT INTO places (join_number, number, user_id, state, joined_at_ms)
         SELECT ? + key, ? + key, value, ?, ? FROM json_each(?)`,
        first.joinNumber,
        first.number,
        first.state,
        first.joinedAtMs,
        JSON.stringify(userIds),
      )
    }
  }

  #insertPlace(place: PlaceRecord): void {
    this.#sql.exec(
      'INSERT INTO places (join_number, number, user_id, state, joined_at_ms) VALUES (?, ?, ?, ?, ?)',
      place.joinNumber,
      place.number,
      place.userId,
      place.state,
      place.joinedAtMs,
    )
  }

  #insertBatch(batch: BatchRecord): void {
    this.#sql.exec(
      'INSERT INTO batches (batch_id, pool, chosen_at_ms, members) VALUES (?, ?, ?, ?)',
      batch.batchId,
      batch.pool,
      batch.chosenAtMs,
      JSON.stringify(batch.members),
    )
  }

  #updateAdmission(a: AdmissionRecord): void {
    this.#sql.exec(
      `UPDATE admissions SET state = ?, redeemed_at_ms = ?, session_digest = ?, lease_expires_at_ms = ?, ended_at_ms = ?,
         outcome = ?, debt = ? WHERE admission_id = ?`,
      a.state,
      a.redeemedAtMs,
      a.sessionDigest,
      a.leaseExpiresAtMs,
      a.endedAtMs,
      a.outcome,
      a.debt,
      a.admissionId,
    )
  }
}
