/** What the payment desk keeps: what the provider has to be told again, and which of its events have been heard. */
import type { EpochMs } from '../../core/time.ts'
import type { SqlStatements } from '../../ports/sql-database.ts'
import type { ProviderName } from './port.ts'

export type CheckoutRecord = {
  readonly provider: ProviderName
  /** The address of the service at which the visitor began to pay. */
  readonly origin: string
  readonly description: string
  /** When a confirmation was last sent; null: never. */
  readonly confirmStartedMs: EpochMs | null
}

export interface DeskRows {
  /** Begun once; a repetition changes nothing. */
  begin(paymentId: string, checkout: Omit<CheckoutRecord, 'confirmStartedMs'>): void
  checkout(paymentId: string): CheckoutRecord | null
  noteConfirmation(paymentId: string, atMs: EpochMs): void
  /** False when the provider was asked about this payment less than `againMs` ago. */
  noteAsked(paymentId: string, atMs: EpochMs, againMs: number): boolean
  hasHeard(eventId: string): boolean
  noteEvent(eventId: string, paymentId: string, atMs: EpochMs): void
  /** Forgets at most `rowsMax` events heard before. */
  forgetEvents(heardBeforeMs: EpochMs, rowsMax: number): void
}

/** Part of a migration of the office's database. */
export const DESK_SCHEMA = `
  CREATE TABLE checkouts (
    payment_id TEXT PRIMARY KEY,
    provider TEXT NOT NULL,
    origin TEXT NOT NULL,
    description TEXT NOT NULL,
    asked_ms INTEGER,
    confirm_started_ms INTEGER
  ) WITHOUT ROWID, STRICT;
  CREATE TABLE provider_events (
    provider_event_id TEXT PRIMARY KEY,
    payment_id TEXT NOT NULL,
    heard_ms INTEGER NOT NULL
  ) WITHOUT ROWID, STRICT;
  CREATE INDEX provider_events_by_age ON provider_events (heard_ms);
`

type CheckoutRow = {
  provider: ProviderName
  origin: string
  description: string
  confirm_started_ms: number | null
}

export class DeskStorage implements DeskRows {
  readonly #sql: SqlStatements

  constructor(sql: SqlStatements) {
    this.#sql = sql
  }

  begin(
    paymentId: string,
    { provider, origin, description }: Omit<CheckoutRecord, 'confirmStartedMs'>,
  ): void {
    this.#sql.exec(
      `INSERT INTO checkouts (payment_id, provider, origin, description) VALUES (?, ?, ?, ?)
       ON CONFLICT DO NOTHING`,
      paymentId,
      provider,
      origin,
      description,
    )
  }

  checkout(paymentId: string): CheckoutRecord | null {
    const [row] = this.#sql
      .exec<CheckoutRow>(
        'SELECT provider, origin, description, confirm_started_ms FROM checkouts WHERE payment_id = ?',
        paymentId,
      )
      .toArray()
    if (row === undefined) return null
    const { confirm_started_ms: confirmStartedMs, ...checkout } = row
    return { ...checkout, confirmStartedMs }
  }

  noteConfirmation(paymentId: string, atMs: EpochMs): void {
    this.#sql.exec('UPDATE checkouts SET confirm_started_ms = ? WHERE payment_id = ?', atMs, paymentId)
  }

  noteAsked(paymentId: string, atMs: EpochMs, againMs: number): boolean {
    const asked = this.#sql.exec(
      `UPDATE checkouts SET asked_ms = ?
       WHERE payment_id = ? AND (asked_ms IS NULL OR asked_ms <= ? OR asked_ms > ?) RETURNING payment_id`,
      atMs,
      paymentId,
      atMs - againMs,
      // A clock that went back must not silence the payment.
      atMs,
    )
    return asked.toArray().length > 0
  }

  hasHeard(eventId: string): boolean {
    const found = this.#sql.exec('SELECT 1 FROM provider_events WHERE provider_event_id = ?', eventId)
    return found.toArray().length > 0
  }

  noteEvent(eventId: string, paymentId: string, atMs: EpochMs): void {
    this.#sql.exec(
      'INSERT INTO provider_events (provider_event_id, payment_id, heard_ms) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
      eventId,
      paymentId,
      atMs,
    )
  }

  forgetEvents(heardBeforeMs: EpochMs, rowsMax: number): void {
    this.#sql.exec(
      `DELETE FROM provider_events WHERE provider_event_id IN
         (SELECT provider_event_id FROM provider_events WHERE heard_ms < ? LIMIT ?)`,
      heardBeforeMs,
      rowsMax,
    )
  }
}
