/**
 * The rows of a drop whose object issues. A claim takes the next position, so the claims are their own outbox: what is
 * behind the last position that was recorded is on its way, and so is what was set aside because its recording failed.
 * Every method is synchronous.
 */
import type { EpochMs } from '../../core/time.ts'
import type { SqlDatabase, SqlStatements } from '../../ports/sql-database.ts'
import type { ClaimRecord } from '../core/records.ts'

/** A claim at its position. */
export type PlacedClaim = ClaimRecord & { readonly position: number }

/** A claim whose recording has failed so often. */
export type SetAside = PlacedClaim & { readonly attempts: number }

type Row = { position: number; user_id: string; code: string; claimed_at_ms: number }

const CLAIMS = `SELECT c.position, c.user_id, k.code, c.claimed_at_ms
  FROM claims c JOIN codes k ON k.position = c.position`

export class ClaimRows {
  readonly #storage: SqlDatabase
  readonly #sql: SqlStatements

  constructor(storage: SqlDatabase) {
    this.#storage = storage
    this.#sql = storage.sql
  }

  ofVisitor(userId: string): PlacedClaim | null {
    const [row] = this.#sql.exec<Row>(`${CLAIMS} WHERE c.user_id = ?`, userId).toArray()
    return row === undefined ? null : claimFromRow(row)
  }

  /** How many have been taken: the positions from 1 to this one. */
  taken(): number {
    return this.#number('SELECT coalesce(max(position), 0) AS n FROM claims')
  }

  /** The code at this position, which is the visitor's from now on; null when the visitor has a claim already. */
  take(position: number, userId: string, claimedAtMs: EpochMs): string | null {
    const [taken] = this.#sql
      .exec<{ code: string }>(
        `INSERT INTO claims (position, user_id, claimed_at_ms) VALUES (?, ?, ?) ON CONFLICT (user_id) DO NOTHING
         RETURNING (SELECT code FROM codes WHERE codes.position = claims.position) AS code`,
        position,
        userId,
        claimedAtMs,
      )
      .toArray()
    return taken?.code ?? null
  }

  recordedPosition(): number {
    return this.#number('SELECT position AS n FROM recorded')
  }

  /** Taken, and nobody has tried yet to record them. */
  fresh(limit: number): PlacedClaim[] {
    return this.#sql
      .exec<Row>(
        `${CLAIMS} WHERE c.position > (SELECT position FROM recorded) ORDER BY c.position LIMIT ?`,
        limit,
      )
      .toArray()
      .map(claimFromRow)
  }

  /** Those that were set aside whose time has come, in the order of their positions. */
  due(nowMs: EpochMs, limit: number): SetAside[] {
    return this.#sql
      .exec<Row & { attempts: number }>(
        `SELECT c.position, c.user_id, k.code, c.claimed_at_ms, s.attempts FROM set_aside s
         JOIN claims c ON c.position = s.position JOIN codes k ON k.position = s.position
         WHERE s.due_at_ms <= ? ORDER BY s.position LIMIT ?`,
        nowMs,
        limit,
      )
      .toArray()
      .map((row) => ({ ...claimFromRow(row), attempts: row.attempts }))
  }

  /** Of those up to this position, all but these are recorded; these are tried again. */
  recordedUpTo(position: number, failed: readonly PlacedClaim[], dueAtMs: EpochMs): void {
    this.#storage.transactionSync(() => {
      this.#sql.exec('UPDATE recorded SET position = ?', position)
      this.setAside(failed, 1, dueAtMs)
    })
  }

  /** `dueAtMs` null: it has failed, and an operator has to say what becomes of it. */
  setAside(claims: readonly PlacedClaim[], attempts: number, dueAtMs: EpochMs | null): void {
    if (claims.length === 0) return
    this.#sql.exec(
      `INSERT OR REPLACE INTO set_aside (position, attempts, due_at_ms) SELECT value, ?, ? FROM json_each(?)`,
      attempts,
      dueAtMs,
      JSON.stringify(claims.map(({ position }) => position)),
    )
  }

  recordedAfterAll(claims: readonly PlacedClaim[]): void {
    if (claims.length === 0) return
    this.#sql.exec(
      'DELETE FROM set_aside WHERE position IN (SELECT value FROM json_each(?))',
      JSON.stringify(claims.map(({ position }) => position)),
    )
  }

  /** All that have failed are due again, as if it were the first time. Answers how many. */
  retryFailed(nowMs: EpochMs): number {
    return this.#sql
      .exec(
        'UPDATE set_aside SET attempts = 0, due_at_ms = ? WHERE due_at_ms IS NULL RETURNING position',
        nowMs,
      )
      .toArray().length
  }

  setAsidePositions(): Set<number> {
    const rows = this.#sql.exec<{ position: number }>('SELECT position FROM set_aside').toArray()
    return new Set(rows.map(({ position }) => position))
  }

  /** `failed`: those of them that nobody tries again. */
  asideCounts(): { readonly all: number; readonly failed: number } {
    const { total, failed } = this.#sql
      .exec<{ total: number; failed: number }>(
        `SELECT count(*) AS total, count(*) FILTER (WHERE due_at_ms IS NULL) AS failed FROM set_aside`,
      )
      .one()
    return { all: total, failed }
  }

  /** When the first of those that were set aside is due. */
  nextDueMs(): EpochMs | null {
    return this.#sql.exec<{ n: number | null }>('SELECT min(due_at_ms) AS n FROM set_aside').one().n
  }

  /** In the order of the user ids, after the one and up to the other; null: to the end. */
  between(afterUserId: string, lastUserId: string | null): PlacedClaim[] {
    const range = lastUserId === null ? [] : [lastUserId]
    return this.#sql
      .exec<Row>(
        `${CLAIMS} WHERE c.user_id > ? ${lastUserId === null ? '' : 'AND c.user_id <= ?'} ORDER BY c.user_id`,
        afterUserId,
        ...range,
      )
      .toArray()
      .map(claimFromRow)
  }

  claimants(): string[] {
    return this.#sql
      .exec<{ user_id: string }>('SELECT user_id FROM claims')
      .toArray()
      .map((row) => row.user_id)
  }

  #number(query: string): number {
    return this.#sql.exec<{ n: number }>(query).one().n
  }
}

function claimFromRow({ position, user_id, code, claimed_at_ms }: Row): PlacedClaim {
  return { position, userId: user_id, code, claimedAtMs: claimed_at_ms }
}
