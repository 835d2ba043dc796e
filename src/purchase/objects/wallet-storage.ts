/** The rows of one ledger shard. Every method is synchronous, so an operation is carried out whole or not at all. */
import { err, ok } from '../../core/result.ts'
import type { EpochMs } from '../../core/time.ts'
import { migrate, type Migrations } from '../../durable/migrations.ts'
import type { SqlDatabase, SqlStatements } from '../../ports/sql-database.ts'
import { FUNDING, SALES, posted, visitorAccount, type Entry, type Operation } from '../core/ledger.ts'
import { OPERATION_KEPT_MS } from '../core/limits.ts'
import type { Amount } from '../core/records.ts'
import type { LedgerTotals, PostCall, PostResult, StatementEntry } from '../ports.ts'

export const WALLET_MIGRATIONS: Migrations = [
  // An operation that was refused has no entries. It is kept, so that it stays refused whenever it is asked for again.
  `
  CREATE TABLE operations (
    number INTEGER PRIMARY KEY,
    operation_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    user_id TEXT NOT NULL,
    amount INTEGER NOT NULL,
    reference TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    refused INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX operations_by_id ON operations (operation_id, at_ms);
  CREATE TABLE entries (
    entry_id INTEGER PRIMARY KEY,
    operation INTEGER NOT NULL REFERENCES operations (number),
    account TEXT NOT NULL,
    amount INTEGER NOT NULL,
    balance INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX entries_by_account ON entries (account, entry_id);
  CREATE TABLE accounts (
    account TEXT PRIMARY KEY,
    balance INTEGER NOT NULL
  ) WITHOUT ROWID, STRICT;
  `,
  // The first answer: the visitor's balance after it, also when it was refused.
  `
  ALTER TABLE operations ADD COLUMN request_hash TEXT NOT NULL DEFAULT '';
  ALTER TABLE operations ADD COLUMN balance INTEGER NOT NULL DEFAULT 0;
  UPDATE operations SET balance = coalesce((
    SELECT entries.balance FROM entries WHERE operation = number AND account = 'visitor:' || user_id), 0);
  `,
]

/** How an operation went: `balance` is the visitor's after it. */
type Outcome = { refused: 0 | 1; balance: Amount }
type Known = Outcome & { requestHash: string }
type EntryRow = Omit<StatementEntry, 'at'> & { atMs: number }

export class WalletStorage {
  readonly #storage: SqlDatabase
  readonly #sql: SqlStatements

  constructor(storage: SqlDatabase) {
    this.#storage = storage
    this.#sql = storage.sql
    migrate(storage, WALLET_MIGRATIONS)
  }

  balance(account: string): Amount {
    const [row] = this.#sql
      .exec<{ balance: number }>('SELECT balance FROM accounts WHERE account = ?', account)
      .toArray()
    return row?.balance ?? 0
  }

  post(call: PostCall, nowMs: EpochMs): PostResult {
    const known = this.#known(call, nowMs)
    if (known !== null && known.requestHash !== call.requestHash)
      return err({ reason: 'idempotency-key-reused' })
    const { refused, balance } = known ?? this.#carryOut(call, nowMs)
    return refused === 1
      ? err({ reason: 'insufficient-balance' })
      : ok({ answer: { balance }, isReplay: known !== null })
  }

  #carryOut(call: PostCall, atMs: EpochMs): Outcome {
    const operation: Operation = { ...call, atMs }
    const account = visitorAccount(call.userId)
    const balances = this.#balances([account, FUNDING, SALES])
    const done = posted(operation, (one) => balances.get(one) ?? 0)
    const outcome: Outcome = done.ok
      ? { refused: 0, balance: done.value.entries.find((entry) => entry.account === account)?.balance ?? 0 }
      : { refused: 1, balance: balances.get(account) ?? 0 }
    this.#storage.transactionSync(() => {
      this.#write(operation, { ...outcome, requestHash: call.requestHash }, done.ok ? done.value.entries : [])
    })
    return outcome
  }

  statement(userId: string, before: number | null, limit: number): StatementEntry[] {
    const rows = this.#sql
      .exec<EntryRow>(
        `SELECT entry_id AS entryId, kind, entries.amount AS amount, entries.balance AS balance, reference, at_ms AS atMs
         FROM entries JOIN operations ON number = operation
         WHERE account = ? AND entry_id < ? ORDER BY entry_id DESC LIMIT ?`,
        visitorAccount(userId),
        before ?? Number.MAX_SAFE_INTEGER,
        limit,
      )
      .toArray()
    return rows.map(({ atMs, ...entry }) => ({ ...entry, at: new Date(atMs).toISOString() }))
  }

  totals(): LedgerTotals {
    const [funding, sales] = [this.balance(FUNDING), this.balance(SALES)]
    const sums = this.#sql
      .exec<{ accounts: number; entries: number; operations: number }>(
        `SELECT (SELECT coalesce(sum(balance), 0) FROM accounts) AS accounts,
                (SELECT coalesce(sum(amount), 0) FROM entries) AS entries,
                (SELECT count(*) FROM operations WHERE refused = 0) AS operations`,
      )
      .one()
    const { accounts, entries, operations } = sums
    return { visitors: accounts - funding - sales, funding, sales, entries, operations }
  }

  /** A charge's key is kept for a day; what belongs to a payment is carried out once for ever. */
  #known({ operationId, kind }: PostCall, nowMs: EpochMs): Known | null {
    const sinceMs = kind === 'charge' ? nowMs - OPERATION_KEPT_MS : 0
    const [row] = this.#sql
      .exec<Known>(
        `SELECT refused, balance, request_hash AS requestHash FROM operations
         WHERE operation_id = ? AND at_ms > ? LIMIT 1`,
        operationId,
        sinceMs,
      )
      .toArray()
    return row ?? null
  }

  #write(operation: Operation, { refused, balance, requestHash }: Known, entries: readonly Entry[]): void {
    const { operationId, kind, userId, amount, reference, atMs } = operation
    const { number } = this.#sql
      .exec<{ number: number }>(
        `INSERT INTO operations (operation_id, kind, user_id, amount, reference, at_ms, refused, balance, request_hash)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING number`,
        operationId,
        kind,
        userId,
        amount,
        reference,
        atMs,
        refused,
        balance,
        requestHash,
      )
      .one()
    const [from, to] = entries
    if (from === undefined || to === undefined) return
    this.#sql.exec(
      'INSERT INTO entries (operation, account, amount, balance) VALUES (?1, ?2, ?3, ?4), (?1, ?5, ?6, ?7)',
      number,
      from.account,
      from.amount,
      from.balance,
      to.account,
      to.amount,
      to.balance,
    )
    this.#sql.exec(
      `INSERT INTO accounts (account, balance) VALUES (?, ?), (?, ?)
       ON CONFLICT (account) DO UPDATE SET balance = excluded.balance`,
      from.account,
      from.balance,
      to.account,
      to.balance,
    )
  }

  #balances(accounts: readonly [string, string, string]): Map<string, Amount> {
    const rows = this.#sql
      .exec<{ account: string; balance: number }>(
        'SELECT account, balance FROM accounts WHERE account IN (?, ?, ?)',
        ...accounts,
      )
      .toArray()
    return new Map(rows.map(({ account, balance }) => [account, balance]))
  }
}
