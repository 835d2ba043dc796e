/**
 * Who did what: one object, written before and after each act of an operator. Never on the way of a visitor or a shop.
 * Bounded by age and by number; refused sign-ins, which strangers make, have a bound of their own.
 */
import { DurableObject } from 'cloudflare:workers'
import { parseConfig } from '../config.ts'
import type { FieldChange } from '../core/console-views.ts'
import { isoTime } from '../core/time.ts'
import type { AuditApi, AuditEnding, AuditEntry, AuditFacts, AuditPage } from '../ports/audit.ts'
import { migrate, type Migrations } from './migrations.ts'

/** Far more guesses than anybody reads, and few enough to push nothing out. */
const REFUSED_SIGN_INS_MAX = 1_000
/** Rows that go in one statement, so that no act waits long for it. */
const SWEEP_ROWS_MAX = 1_000
/** An entry lives at most this much longer than it may. */
const SWEEP_EVERY_MS = 24 * 60 * 60 * 1_000
/** While there are more entries than one sweep takes. */
const SWEEP_AGAIN_MS = 1_000

const AUDIT_MIGRATIONS: Migrations = [
  // `outcome` is null until it is told.
  `
  CREATE TABLE entries (
    entry_id INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL,
    operator_kind TEXT NOT NULL,
    operator_name TEXT NOT NULL,
    address TEXT NOT NULL,
    request_id TEXT NOT NULL,
    action TEXT NOT NULL,
    event_id TEXT,
    pool_id TEXT,
    admission_id TEXT,
    user_id TEXT,
    outcome TEXT,
    problem TEXT,
    changes TEXT NOT NULL,
    refused_sign_in INTEGER NOT NULL
  );
  CREATE INDEX entries_by_event ON entries (event_id, entry_id) WHERE event_id IS NOT NULL;
  CREATE INDEX entries_by_kind ON entries (refused_sign_in, entry_id);
  `,
]

type Row = {
  entry_id: number
  at_ms: number
  operator_kind: AuditEntry['operator']['kind']
  operator_name: string
  address: string
  request_id: string
  action: AuditEntry['action']
  event_id: string | null
  pool_id: string | null
  admission_id: string | null
  user_id: string | null
  outcome: AuditEnding['outcome'] | null
  problem: string | null
  changes: string
}

export class AuditLog extends DurableObject<Env> implements AuditApi {
  readonly #sql: SqlStorage
  readonly #retentionMs: number | null
  readonly #entriesMax: number | null
  /** By whether they are refused sign-ins: counted once, when the object wakes. */
  readonly #counts = { acts: 0, refusedSignIns: 0 }

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    this.#sql = ctx.storage.sql
    migrate(ctx.storage, AUDIT_MIGRATIONS)
    const config = parseConfig(env)
    this.#retentionMs = config.ok ? config.value.audit.retentionSeconds * 1_000 : null
    this.#entriesMax = config.ok ? config.value.audit.entriesMax : null
    this.#recount()
  }

  async write(facts: AuditFacts, ending: AuditEnding | null): Promise<string> {
    const nowMs = Date.now()
    const isRefusedSignIn = facts.action === 'session.start' && ending?.outcome === 'refused'
    const { entry_id: entryId } = this.#sql
      .exec<{ entry_id: number }>(
        `INSERT INTO entries (at_ms, operator_kind, operator_name, address, request_id, action, event_id, pool_id,
           admission_id, user_id, outcome, problem, changes, refused_sign_in)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING entry_id`,
        nowMs,
        facts.operator.kind,
        facts.operator.name,
        facts.address,
        facts.requestId,
        facts.action,
        facts.eventId,
        facts.poolId,
        facts.admissionId,
        facts.userId,
        ending?.outcome ?? null,
        ending?.problem ?? null,
        JSON.stringify(ending?.changes ?? []),
        Number(isRefusedSignIn),
      )
      .one()
    this.#counts[isRefusedSignIn ? 'refusedSignIns' : 'acts'] += 1
    this.#dropSurplus()
    if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(nowMs + SWEEP_EVERY_MS)
    return String(entryId)
  }

  async settle(entryId: string, { outcome, problem, changes }: AuditEnding): Promise<void> {
    this.#sql.exec(
      'UPDATE entries SET outcome = ?, problem = ?, changes = ? WHERE entry_id = ?',
      outcome,
      problem,
      JSON.stringify(changes),
      Number(entryId),
    )
  }

  async page(query: { eventId: string | null; before: string | null; limit: number }): Promise<AuditPage> {
    const { eventId, before, limit } = query
    const ofEvent = eventId === null ? [] : [eventId]
    const rows = this.#sql
      .exec<Row>(
        `SELECT * FROM entries WHERE entry_id < ? ${eventId === null ? '' : 'AND event_id = ?'}
         ORDER BY entry_id DESC LIMIT ?`,
        before === null ? Number.MAX_SAFE_INTEGER : Number(before),
        ...ofEvent,
        // One more than is shown says whether there are more.
        limit + 1,
      )
      .toArray()
    const entries = rows.slice(0, limit).map(entryFromRow)
    return { entries, next: rows.length > limit ? (entries.at(-1)?.entryId ?? null) : null }
  }

  /** Deletes what is too old, and comes back as long as there is anything at all. */
  override async alarm(): Promise<void> {
    const nowMs = Date.now()
    const gone = this.#retentionMs === null ? 0 : this.#drop('at_ms < ?', nowMs - this.#retentionMs)
    this.#recount()
    if (this.#counts.acts + this.#counts.refusedSignIns === 0) return
    await this.ctx.storage.setAlarm(nowMs + (gone === SWEEP_ROWS_MAX ? SWEEP_AGAIN_MS : SWEEP_EVERY_MS))
  }

  /** Beyond a bound the oldest of that kind go. */
  #dropSurplus(): void {
    const { acts, refusedSignIns } = this.#counts
    if (this.#entriesMax !== null && acts > this.#entriesMax) {
      this.#counts.acts -= this.#dropOldest(0, acts - this.#entriesMax)
    }
    if (refusedSignIns > REFUSED_SIGN_INS_MAX) {
      this.#counts.refusedSignIns -= this.#dropOldest(1, refusedSignIns - REFUSED_SIGN_INS_MAX)
    }
  }

  #dropOldest(refusedSignIn: 0 | 1, count: number): number {
    return this.#drop('refused_sign_in = ?', refusedSignIn, count)
  }

  /** Deletes the oldest that fit; answers how many went. */
  #drop(condition: 'at_ms < ?' | 'refused_sign_in = ?', value: number, rowsMax = SWEEP_ROWS_MAX): number {
    const gone = this.#sql.exec(
      `DELETE FROM entries WHERE entry_id IN (
         SELECT entry_id FROM entries WHERE ${condition} ORDER BY entry_id LIMIT ?) RETURNING entry_id`,
      value,
      Math.min(rowsMax, SWEEP_ROWS_MAX),
    )
    return gone.toArray().length
  }

  #recount(): void {
    const { acts, refused } = this.#sql
      .exec<{ acts: number; refused: number }>(
        'SELECT count(*) - coalesce(sum(refused_sign_in), 0) AS acts, coalesce(sum(refused_sign_in), 0) AS refused FROM entries',
      )
      .one()
    this.#counts.acts = acts
    this.#counts.refusedSignIns = refused
  }
}

function entryFromRow(row: Row): AuditEntry {
  return {
    entryId: String(row.entry_id),
    at: isoTime(row.at_ms),
    operator: { kind: row.operator_kind, name: row.operator_name },
    address: row.address,
    requestId: row.request_id,
    action: row.action,
    eventId: row.event_id,
    poolId: row.pool_id,
    admissionId: row.admission_id,
    userId: row.user_id,
    outcome: row.outcome ?? 'unknown',
    problem: row.problem,
    // Written by this object alone.
    changes: JSON.parse(row.changes) as FieldChange[],
  }
}
