/** A sixteenth of the idempotency keys: the first answer to each, kept for a day. See IdempotencyApi. */
import { DurableObject } from 'cloudflare:workers'
import { migrate, type Migrations } from './migrations.ts'
import type { BeginReply, IdempotencyApi, StoredAnswer } from '../ports/idempotency.ts'

/** How long a client may come back for the first answer. */
const KEEP_MS = 24 * 60 * 60 * 1_000
/** A request that has not settled by now never will: its Worker is gone. */
const ABANDONED_AFTER_MS = 60 * 1_000
/** How often old keys are swept, and how many in one statement, so that a sweep never holds up a request. */
const SWEEP_EVERY_MS = 60 * 60 * 1_000
const SWEEP_ROWS_MAX = 1_000

const IDEMPOTENCY_MIGRATIONS: Migrations = [
  // `status` is null while the request is in progress.
  `
  CREATE TABLE answers (
    key TEXT PRIMARY KEY,
    request_hash TEXT NOT NULL,
    attempt TEXT NOT NULL,
    started_ms INTEGER NOT NULL,
    status INTEGER,
    headers TEXT NOT NULL DEFAULT '[]',
    body TEXT NOT NULL DEFAULT ''
  ) WITHOUT ROWID, STRICT;
  CREATE INDEX answers_by_age ON answers (started_ms);
  `,
]

type Row = { request_hash: string; started_ms: number; status: number | null; headers: string; body: string }

export class IdempotencyShard extends DurableObject<Env> implements IdempotencyApi {
  readonly #sql: SqlStorage

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    this.#sql = ctx.storage.sql
    migrate(ctx.storage, IDEMPOTENCY_MIGRATIONS)
  }

  async begin(key: string, requestHash: string): Promise<BeginReply> {
    const nowMs = Date.now()
    // Everything up to the mark is synchronous: of two requests with one key, exactly one is fresh.
    const known = this.#find(key, nowMs)
    if (known !== null && known.request_hash !== requestHash) return { kind: 'mismatch' }
    if (known !== null && known.status !== null)
      return { kind: 'replay', answer: storedAnswer(known, known.status) }
    if (known !== null && known.started_ms > nowMs - ABANDONED_AFTER_MS) return { kind: 'in-progress' }
    const attempt = crypto.randomUUID()
    this.#sql.exec(
      'INSERT OR REPLACE INTO answers (key, request_hash, attempt, started_ms) VALUES (?, ?, ?, ?)',
      key,
      requestHash,
      attempt,
      nowMs,
    )
    if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(nowMs + SWEEP_EVERY_MS)
    return { kind: 'fresh', attempt }
  }

  async finish(key: string, attempt: string, { status, headers, body }: StoredAnswer): Promise<void> {
    this.#sql.exec(
      'UPDATE answers SET status = ?, headers = ?, body = ? WHERE key = ? AND attempt = ?',
      status,
      JSON.stringify(headers),
      body,
      key,
      attempt,
    )
  }

  async abandon(key: string, attempt: string): Promise<void> {
    this.#sql.exec('DELETE FROM answers WHERE key = ? AND attempt = ? AND status IS NULL', key, attempt)
  }

  override async alarm(): Promise<void> {
    const nowMs = Date.now()
    const dueMs = nowMs - KEEP_MS
    this.#sql.exec(
      'DELETE FROM answers WHERE key IN (SELECT key FROM answers WHERE started_ms <= ? LIMIT ?)',
      dueMs,
      SWEEP_ROWS_MAX,
    )
    const [oldest] = this.#sql
      .exec<{ started_ms: number }>('SELECT started_ms FROM answers ORDER BY started_ms LIMIT 1')
      .toArray()
    // An empty shard sleeps until its next key; what one statement left over is swept at once.
    if (oldest === undefined) return
    await this.ctx.storage.setAlarm(oldest.started_ms <= dueMs ? nowMs : nowMs + SWEEP_EVERY_MS)
  }

  /** The key's row, unless it is old enough to be swept. */
  #find(key: string, nowMs: number): Row | null {
    const [row] = this.#sql
      .exec<Row>(
        'SELECT request_hash, started_ms, status, headers, body FROM answers WHERE key = ? AND started_ms > ?',
        key,
        nowMs - KEEP_MS,
      )
      .toArray()
    return row ?? null
  }
}

function storedAnswer({ headers, body }: Row, status: number): StoredAnswer {
  // Written by `finish` above and by nobody else.
  return { status, headers: JSON.parse(headers) as StoredAnswer['headers'], body }
}
