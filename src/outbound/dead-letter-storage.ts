/** The rows of the dead letters. Every method is synchronous. */
import type { EpochMs } from '../core/time.ts'
import { migrate, type Migrations } from '../durable/migrations.ts'
import type { SqlDatabase, SqlStatements } from '../ports/sql-database.ts'
import type { DeadLetter } from './dead-letters-api.ts'
import type { WebhookMessage } from './message.ts'

/** A day of a large sale that nobody looks after; about a kilobyte each. */
const LETTERS_MAX = 10_000

export const DEAD_LETTER_MIGRATIONS: Migrations = [
  `
  CREATE TABLE letters (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    webhook_id TEXT NOT NULL UNIQUE,
    event_id TEXT NOT NULL,
    body TEXT NOT NULL,
    cause TEXT NOT NULL,
    died_at_ms INTEGER NOT NULL,
    replayed_at_ms INTEGER
  ) STRICT;
  CREATE INDEX letters_by_age ON letters (died_at_ms);
  `,
]

type Row = {
  number: number
  webhook_id: string
  event_id: string
  body: string
  cause: string
  died_at_ms: number
  replayed_at_ms: number | null
}

export class DeadLetterStorage {
  readonly #storage: SqlDatabase
  readonly #sql: SqlStatements

  constructor(storage: SqlDatabase) {
    this.#storage = storage
    this.#sql = storage.sql
    migrate(storage, DEAD_LETTER_MIGRATIONS)
  }

  /** Answers how many of the oldest had to make room. */
  keep({ id, source, body }: WebhookMessage, cause: string, nowMs: EpochMs): number {
    return this.#storage.transactionSync(() => {
      this.#sql.exec(
        'INSERT OR REPLACE INTO letters (webhook_id, event_id, body, cause, died_at_ms) VALUES (?, ?, ?, ?, ?)',
        id,
        source.eventId,
        body,
        cause,
        nowMs,
      )
      const gone = this.#sql.exec(
        `DELETE FROM letters WHERE number IN (
           SELECT number FROM letters ORDER BY number DESC LIMIT -1 OFFSET ?) RETURNING number`,
        LETTERS_MAX,
      )
      return gone.toArray().length
    })
  }

  list(before: number | null, limit: number): DeadLetter[] {
    return this.#sql
      .exec<Row>(
        'SELECT * FROM letters WHERE number < ? ORDER BY number DESC LIMIT ?',
        before ?? Number.MAX_SAFE_INTEGER,
        limit,
      )
      .toArray()
      .map(letterFromRow)
  }

  /** Reads a row of an index for each. */
  count(): number {
    return this.#sql.exec<{ letters: number }>('SELECT count(*) AS letters FROM letters').one().letters
  }

  find(id: string): DeadLetter | null {
    const [row] = this.#sql.exec<Row>('SELECT * FROM letters WHERE webhook_id = ?', id).toArray()
    return row === undefined ? null : letterFromRow(row)
  }

  replayed(id: string, nowMs: EpochMs): void {
    this.#sql.exec('UPDATE letters SET replayed_at_ms = ? WHERE webhook_id = ?', nowMs, id)
  }

  remove(ids: readonly string[]): void {
    this.#sql.exec(
      'DELETE FROM letters WHERE webhook_id IN (SELECT value FROM json_each(?))',
      JSON.stringify(ids),
    )
  }

  /** Deletes what died before, at most `rowsMax`; answers when the oldest of the others died, null when none is left. */
  forget(diedBeforeMs: EpochMs, rowsMax: number): EpochMs | null {
    this.#sql.exec(
      'DELETE FROM letters WHERE number IN (SELECT number FROM letters WHERE died_at_ms <= ? LIMIT ?)',
      diedBeforeMs,
      rowsMax,
    )
    const { oldest } = this.#sql
      .exec<{ oldest: number | null }>('SELECT min(died_at_ms) AS oldest FROM letters')
      .one()
    return oldest
  }
}

function letterFromRow(row: Row): DeadLetter {
  return {
    id: row.webhook_id,
    number: row.number,
    eventId: row.event_id,
    body: row.body,
    cause: row.cause,
    diedAt: new Date(row.died_at_ms).toISOString(),
    replayedAt: row.replayed_at_ms === null ? null : new Date(row.replayed_at_ms).toISOString(),
  }
}
