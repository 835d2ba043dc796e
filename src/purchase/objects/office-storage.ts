/** The rows of one seat office: writes decisions, reads them back. Every method is synchronous. */
import { unreachable } from '../../core/assert.ts'
import type { EpochMs } from '../../core/time.ts'
import { hasSchema, migrate } from '../../durable/migrations.ts'
import type { SqlDatabase, SqlStatements } from '../../ports/sql-database.ts'
import type { Order } from '../core/orders.ts'
import type { PaymentCount } from '../core/payment-counts.ts'
import type {
  Change,
  Errand,
  OperationRecord,
  PaymentRecord,
  PaymentState,
  ReservationRecord,
  SeatRecord,
} from '../core/records.ts'
import type { OfficeRows, OfficeSnapshot } from './office-host.ts'
import {
  errandFromRow,
  operationFromRow,
  paymentFromRow,
  reservationFromRow,
  seatFromRow,
  type ErrandRow,
  type OperationRow,
  type PaymentRow,
  type ReservationRow,
  type SeatRow,
} from './office-rows.ts'
import { OFFICE_MIGRATIONS } from './office-schema.ts'

/** What operators look for: `payments_by_state` has these alone, and SQLite takes it only where the query says so. */
const WATCHED: ReadonlySet<PaymentState> = new Set(['stuck', 'refund_due'])

export class OfficeStorage implements OfficeRows {
  readonly #storage: SqlDatabase
  readonly #sql: SqlStatements

  constructor(storage: SqlDatabase) {
    this.#storage = storage
    this.#sql = storage.sql
  }

  load(): OfficeSnapshot | null {
    if (!hasSchema(this.#sql)) return null
    this.create()
    const { version } = this.#sql.exec<{ version: number }>('SELECT map_version AS version FROM office').one()
    return {
      version,
      seats: this.#sql.exec<SeatRow>('SELECT * FROM seats ORDER BY ordinal').toArray().map(seatFromRow),
      holds: this.#sql
        .exec<{ reservationId: string; holdEndsAtMs: number }>(
          `SELECT reservation_id AS reservationId, hold_ends_at_ms AS holdEndsAtMs FROM reservations
           WHERE state = 'held'`,
        )
        .toArray(),
      errands: this.#sql.exec<ErrandRow>('SELECT * FROM errands').toArray().map(errandFromRow),
      oldestOperationAtMs: this.oldestOperationAtMs(),
    }
  }

  create(): void {
    migrate(this.#storage, OFFICE_MIGRATIONS)
  }

  /** One decision, one transaction: all of it is durable or none. */
  apply(changes: readonly Change[]): void {
    this.#storage.transactionSync(() => {
      for (const change of changes) this.#applyOne(change)
    })
  }

  order(reservationId: string): Order | null {
    const [row] = this.#sql
      .exec<ReservationRow>('SELECT * FROM reservations WHERE reservation_id = ?', reservationId)
      .toArray()
    if (row === undefined) return null
    const payments = this.#sql
      .exec<PaymentRow>(
        'SELECT * FROM payments WHERE reservation_id = ? ORDER BY created_at_ms, payment_id',
        reservationId,
      )
      .toArray()
    return { reservation: reservationFromRow(row), payments: payments.map(paymentFromRow) }
  }

  orderOfPayment(paymentId: string): Order | null {
    const [row] = this.#sql
      .exec<{ reservation_id: string }>('SELECT reservation_id FROM payments WHERE payment_id = ?', paymentId)
      .toArray()
    return row === undefined ? null : this.order(row.reservation_id)
  }

  paymentsIn(state: PaymentState, rowsMax: number): PaymentRecord[] {
    return this.#sql
      .exec<PaymentRow>(
        `SELECT * FROM payments WHERE state = ? ${WATCHED.has(state) ? "AND state IN ('stuck', 'refund_due')" : ''}
         ORDER BY created_at_ms LIMIT ?`,
        state,
        rowsMax,
      )
      .toArray()
      .map(paymentFromRow)
  }

  paymentCounts(): PaymentCount[] {
    return this.#sql
      .exec<PaymentCount>('SELECT method, state, count(*) AS count FROM payments GROUP BY method, state')
      .toArray()
  }

  operation(operationId: string, sinceMs: EpochMs): OperationRecord | null {
    const [row] = this.#sql
      .exec<OperationRow>(
        'SELECT * FROM operations WHERE operation_id = ? AND at_ms > ?',
        operationId,
        sinceMs,
      )
      .toArray()
    return row === undefined ? null : operationFromRow(row)
  }

  oldestOperationAtMs(): EpochMs | null {
    return this.#sql.exec<{ atMs: number | null }>('SELECT min(at_ms) AS atMs FROM operations').one().atMs
  }

  reservationsOfAdmission(admissionId: string): ReservationRecord[] {
    return this.#sql
      .exec<ReservationRow>(
        `SELECT * FROM reservations WHERE admission_id = ? AND state IN ('held', 'paying', 'stuck', 'paid')`,
        admissionId,
      )
      .toArray()
      .map(reservationFromRow)
  }

  forget(beforeMs: EpochMs, rowsMax: number): void {
    this.#sql.exec(
      `DELETE FROM operations WHERE operation_id IN (
         SELECT operation_id FROM operations WHERE at_ms <= ? ORDER BY at_ms LIMIT ?)`,
      beforeMs,
      rowsMax,
    )
    this.#sql.exec(
      `DELETE FROM reservations WHERE reservation_id IN (
         SELECT reservation_id FROM reservations
         WHERE payment_id IS NULL AND state IN ('expired', 'cancelled') AND created_at_ms <= ? LIMIT ?)`,
      beforeMs,
      rowsMax,
    )
  }

  #applyOne(change: Change): void {
    switch (change.kind) {
      case 'seats_planned':
        this.#replaceSeats(change.seats)
        return
      case 'seats_changed':
        this.#sql.exec(
          'UPDATE seats SET state = ?, reservation_id = ? WHERE seat_id IN (SELECT value FROM json_each(?))',
          change.state,
          change.reservationId,
          JSON.stringify(change.seatIds),
        )
        return
      case 'reservation_saved':
        this.#saveReservation(change.reservation)
        return
      case 'payment_saved':
        this.#savePayment(change.payment)
        return
      case 'errand_saved':
        this.#saveErrand(change.errand)
        return
      case 'errand_done':
        this.#sql.exec(
          'DELETE FROM errands WHERE kind = ? AND subject = ?',
          change.errand.kind,
          change.errand.subject,
        )
        return
      case 'operation_kept':
        this.#keepOperation(change.operation)
        return
      case 'version_raised':
        this.#sql.exec('UPDATE office SET map_version = ?', change.version)
        return
      default:
        unreachable(change)
    }
  }

  /** One statement for all: fifty thousand would take a second of everybody's time. */
  #replaceSeats(seats: readonly SeatRecord[]): void {
    this.#sql.exec('DELETE FROM seats')
    this.#sql.exec(
      `INSERT INTO seats (seat_id, ordinal, section, row, number, price, state, reservation_id)
       SELECT value ->> 'seatId', value ->> 'ordinal', value ->> 'section', value ->> 'row', value ->> 'number',
              value ->> 'price', value ->> 'state', value ->> 'reservationId'
       FROM json_each(?)`,
      JSON.stringify(seats),
    )
  }

  #saveReservation(r: ReservationRecord): void {
    this.#sql.exec(
      `INSERT INTO reservations (reservation_id, user_id, admission_id, seat_ids, amount, state,
         created_at_ms, hold_ends_at_ms, payment_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (reservation_id) DO UPDATE SET state = excluded.state,
         hold_ends_at_ms = excluded.hold_ends_at_ms, payment_id = excluded.payment_id`,
      r.reservationId,
      r.userId,
      r.admissionId,
      JSON.stringify(r.seatIds),
      r.amount,
      r.state,
      r.createdAtMs,
      r.holdEndsAtMs,
      r.paymentId,
    )
  }

  #savePayment(p: PaymentRecord): void {
    this.#sql.exec(
      `INSERT INTO payments (payment_id, reservation_id, user_id, method, amount, state, created_at_ms,
         deadline_at_ms, reference, checkout_url) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (payment_id) DO UPDATE SET state = excluded.state, deadline_at_ms = excluded.deadline_at_ms,
         reference = excluded.reference, checkout_url = excluded.checkout_url`,
      p.paymentId,
      p.reservationId,
      p.userId,
      p.method,
      p.amount,
      p.state,
      p.createdAtMs,
      p.deadlineAtMs,
      p.reference,
      p.checkoutUrl,
    )
  }

  /** One that is older than answers are kept is another operation's now. */
  #keepOperation({ operationId, requestHash, answer, atMs }: OperationRecord): void {
    this.#sql.exec(
      'INSERT OR REPLACE INTO operations (operation_id, request_hash, answer, at_ms) VALUES (?, ?, ?, ?)',
      operationId,
      requestHash,
      answer,
      atMs,
    )
  }

  #saveErrand(e: Errand): void {
    this.#sql.exec(
      `INSERT INTO errands (kind, subject, payload, due_at_ms, attempts) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (kind, subject) DO UPDATE SET due_at_ms = excluded.due_at_ms, attempts = excluded.attempts`,
      e.kind,
      e.subject,
      e.payload,
      e.dueAtMs,
      e.attempts,
    )
  }
}
