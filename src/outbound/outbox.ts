/**
 * News that an object owes to the shop: written with the decision that makes them owed, given to the queue, and kept
 * until the queue says that they are delivered or dead. What it says nothing of for too long is given to it again.
 */
import { withTimeout } from '../bounded.ts'
import type { EpochMs } from '../core/time.ts'
import { errorFields, log } from '../observability/log.ts'
import type { SqlStatements } from '../ports/sql-database.ts'
import { messageOf, type OwedNews, type Receipt, type WebhookMessage, type WebhookSource } from './message.ts'

/** As many as a queue takes in one call. */
const MESSAGES_MAX = 100
/** How long the queue may take before it counts as having taken nothing. */
const HAND_OVER_TIMEOUT_MS = 5_000
/** When to try again with a queue that takes nothing. */
const HAND_OVER_AGAIN_MS = 5_000

/** The table of whoever keeps an outbox. */
export const OUTBOX_SCHEMA = `
  CREATE TABLE outbox (
    subject TEXT PRIMARY KEY,
    payload TEXT NOT NULL,
    due_at_ms INTEGER NOT NULL
  ) WITHOUT ROWID, STRICT;
  CREATE INDEX outbox_by_time ON outbox (due_at_ms);
`

/** What an object needs to tell the shop something. */
export type WebhookTools = {
  /** All of them are in the queue when it resolves; at most a hundred. */
  readonly send: (messages: readonly WebhookMessage[]) => Promise<void>
  /** After so long without a word the queue is given a message once more. */
  readonly resendMs: number
}

export type OutboxTools = WebhookTools & {
  readonly sql: SqlStatements
}

type Row = { subject: string; payload: string }

export class Outbox {
  readonly #tools: OutboxTools
  /** Not later than the first that is due; null: nothing is owed. Undefined: not looked yet. */
  #nextMs: EpochMs | null | undefined = undefined

  constructor(tools: OutboxTools) {
    this.#tools = tools
  }

  /** Called in the synchronous block that writes the decision. */
  add(news: readonly OwedNews[], nowMs: EpochMs): void {
    if (news.length === 0) return
    // One statement: thousands of leases can end in one tick.
    this.#tools.sql.exec(
      `INSERT OR IGNORE INTO outbox (subject, payload, due_at_ms)
       SELECT value ->> 'subject', value ->> 'payload', ? FROM json_each(?)`,
      nowMs,
      JSON.stringify(news),
    )
    this.#expect(nowMs)
  }

  /** When the object has to wake for it. */
  wakeMs(): EpochMs | null {
    if (this.#nextMs === undefined) this.#look()
    return this.#nextMs ?? null
  }

  /** Gives all that is due to the queue, a portion at a time. Never rejects. `eventId`: whose news they are. */
  async handOver(eventId: string, nowMs: EpochMs): Promise<void> {
    const nextMs = this.wakeMs()
    if (nextMs === null || nextMs > nowMs) return
    try {
      for (let due = this.#take(nowMs); due.length > 0; due = this.#take(nowMs)) {
        await this.#send({ kind: 'line', eventId }, due)
        this.#postpone(due, nowMs + this.#tools.resendMs)
      }
    } catch (error) {
      log.warn('webhooks_not_queued', { eventId, ...errorFields(error) })
    }
  }

  /** Gives all that is owed to the queue. Rejects when it does not take it. */
  async empty(eventId: string): Promise<void> {
    const rows = this.#tools.sql.exec<Row>('SELECT subject, payload FROM outbox').toArray()
    // The rows may be deleted next.
    this.#nextMs = undefined
    for (let start = 0; start < rows.length; start += MESSAGES_MAX) {
      await this.#send({ kind: 'line', eventId }, rows.slice(start, start + MESSAGES_MAX))
    }
  }

  /** How much is owed. Reads a row of an index for each. */
  size(): number {
    return this.#tools.sql.exec<{ size: number }>('SELECT count(*) AS size FROM outbox').one().size
  }

  /** What the queue says of deliveries. Anything that is not owed any more is ignored. */
  heard(receipts: readonly Receipt[], nowMs: EpochMs): void {
    for (const { subject, quietMs } of receipts) {
      if (quietMs === null) this.#tools.sql.exec('DELETE FROM outbox WHERE subject = ?', subject)
      else this.#postpone([{ subject }], nowMs + quietMs + this.#tools.resendMs)
    }
    this.#look()
  }

  /** A portion of what is due, due again soon: whatever becomes of the call, there is another one. */
  #take(nowMs: EpochMs): Row[] {
    const rows = this.#tools.sql
      .exec<Row>(
        'SELECT subject, payload FROM outbox WHERE due_at_ms <= ? ORDER BY due_at_ms LIMIT ?',
        nowMs,
        MESSAGES_MAX,
      )
      .toArray()
    this.#postpone(rows, nowMs + HAND_OVER_TIMEOUT_MS + HAND_OVER_AGAIN_MS)
    return rows
  }

  async #send(source: WebhookSource, rows: readonly Row[]): Promise<void> {
    const messages = rows.map((row) => messageOf(source, row))
    if (messages.length > 0) await withTimeout(this.#tools.send(messages), HAND_OVER_TIMEOUT_MS)
  }

  #postpone(rows: readonly { subject: string }[], dueAtMs: EpochMs): void {
    this.#tools.sql.exec(
      'UPDATE outbox SET due_at_ms = ? WHERE subject IN (SELECT value FROM json_each(?))',
      dueAtMs,
      JSON.stringify(rows.map(({ subject }) => subject)),
    )
    this.#look()
  }

  #expect(atMs: EpochMs): void {
    if (this.#nextMs === undefined) this.#look()
    else this.#nextMs = Math.min(this.#nextMs ?? atMs, atMs)
  }

  #look(): void {
    const { next } = this.#tools.sql
      .exec<{ next: number | null }>('SELECT min(due_at_ms) AS next FROM outbox')
      .one()
    this.#nextMs = next
  }
}
