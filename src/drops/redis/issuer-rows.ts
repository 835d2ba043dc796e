/** The rows of a drop's object that belong to its claims in Redis. Every method is synchronous. */
import type { SqlDatabase, SqlStatements } from '../../ports/sql-database.ts'
import type { OwedClaim } from '../core/filling.ts'
import type { ClaimRecord } from '../core/records.ts'

/** A migration of the drop's object. docs/storage.md describes every column. */
export const REDIS_ISSUER_SCHEMA = `
  CREATE TABLE redis_filling (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    generation INTEGER NOT NULL,
    is_open INTEGER NOT NULL,
    claimed INTEGER NOT NULL,
    extra INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE redis_in_flight (
    user_id TEXT PRIMARY KEY,
    code TEXT NOT NULL,
    claimed_at_ms INTEGER NOT NULL,
    is_failed INTEGER NOT NULL
  ) WITHOUT ROWID, STRICT;
`

/** Which filling is the last one. `isOpen` false: it has not come to its end, as far as anybody knows. */
export type FillingState = {
  readonly generation: number
  readonly isOpen: boolean
  /** The most that Redis has said in this generation. */
  readonly claimed: number
  /** Records of codes that are not the drop's. They are claims in Redis, and count there as stock. */
  readonly extra: number
}

const NEVER_FILLED: FillingState = { generation: 0, isOpen: false, claimed: 0, extra: 0 }

/** A row of an object may have two megabytes; so may what is bound. */
const ROWS_OF_A_STATEMENT = 1_000

export class IssuerRows {
  readonly #sql: SqlStatements
  readonly #database: SqlDatabase

  constructor(database: SqlDatabase) {
    this.#database = database
    this.#sql = database.sql
  }

  filling(): FillingState {
    const [row] = this.#sql
      .exec<{ generation: number; is_open: number; claimed: number; extra: number }>(
        'SELECT generation, is_open, claimed, extra FROM redis_filling',
      )
      .toArray()
    return row === undefined ? NEVER_FILLED : { ...row, isOpen: row.is_open === 1 }
  }

  keepFilling({ generation, isOpen, claimed, extra }: FillingState): void {
    this.#sql.exec(
      'INSERT OR REPLACE INTO redis_filling (id, generation, is_open, claimed, extra) VALUES (1, ?, ?, ?, ?)',
      generation,
      isOpen ? 1 : 0,
      claimed,
      extra,
    )
  }

  /** What goes to the queue next: from here on a loss of Redis does not lose it. */
  handedOver(claims: readonly ClaimRecord[]): void {
    this.#inPortions(claims, (portion) =>
      this.#sql.exec(
        `INSERT INTO redis_in_flight (user_id, code, claimed_at_ms, is_failed)
         SELECT value ->> 0, value ->> 1, value ->> 2, 0 FROM json_each(?) WHERE true
         ON CONFLICT (user_id) DO UPDATE SET code = excluded.code, claimed_at_ms = excluded.claimed_at_ms`,
        JSON.stringify(portion.map(({ userId, code, claimedAtMs }) => [userId, code, claimedAtMs])),
      ),
    )
  }

  /** They are recorded, or not owed any more. */
  over(userIds: readonly string[]): void {
    this.#inPortions(userIds, (portion) =>
      this.#sql.exec(
        'DELETE FROM redis_in_flight WHERE user_id IN (SELECT value FROM json_each(?))',
        JSON.stringify(portion),
      ),
    )
  }

  markFailed(userIds: readonly string[], isFailed: boolean): void {
    this.#inPortions(userIds, (portion) =>
      this.#sql.exec(
        'UPDATE redis_in_flight SET is_failed = ? WHERE user_id IN (SELECT value FROM json_each(?))',
        isFailed ? 1 : 0,
        JSON.stringify(portion),
      ),
    )
  }

  failed(): string[] {
    return this.inFlight()
      .filter(({ isParked }) => isParked)
      .map(({ userId }) => userId)
  }

  /** Everything that was handed over and not heard of since, and what has failed. */
  inFlight(): OwedClaim[] {
    return this.#sql
      .exec<{ user_id: string; code: string; claimed_at_ms: number; is_failed: number }>(
        'SELECT user_id, code, claimed_at_ms, is_failed FROM redis_in_flight ORDER BY claimed_at_ms',
      )
      .toArray()
      .map((row) => ({
        userId: row.user_id,
        code: row.code,
        claimedAtMs: row.claimed_at_ms,
        isParked: row.is_failed === 1,
      }))
  }

  #inPortions<T>(items: readonly T[], write: (portion: readonly T[]) => void): void {
    this.#database.transactionSync(() => {
      for (let start = 0; start < items.length; start += ROWS_OF_A_STATEMENT)
        write(items.slice(start, start + ROWS_OF_A_STATEMENT))
    })
  }
}
