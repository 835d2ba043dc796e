/** Between SQL rows and records. The rows are written by office-storage.ts alone, so their text columns are trusted. */
import type {
  Errand,
  OperationRecord,
  PaymentRecord,
  ReservationRecord,
  SeatRecord,
} from '../core/records.ts'

export type SeatRow = {
  seat_id: string
  ordinal: number
  section: string
  row: number
  number: number
  price: number
  state: SeatRecord['state']
  reservation_id: string | null
}

export function seatFromRow({ seat_id, reservation_id, ...seat }: SeatRow): SeatRecord {
  return { ...seat, seatId: seat_id, reservationId: reservation_id }
}

export type ReservationRow = {
  reservation_id: string
  user_id: string
  admission_id: string
  seat_ids: string
  amount: number
  state: ReservationRecord['state']
  created_at_ms: number
  hold_ends_at_ms: number
  payment_id: string | null
}

export function reservationFromRow(row: ReservationRow): ReservationRecord {
  return {
    reservationId: row.reservation_id,
    userId: row.user_id,
    admissionId: row.admission_id,
    seatIds: JSON.parse(row.seat_ids) as string[],
    amount: row.amount,
    state: row.state,
    createdAtMs: row.created_at_ms,
    holdEndsAtMs: row.hold_ends_at_ms,
    paymentId: row.payment_id,
  }
}

export type PaymentRow = {
  payment_id: string
  reservation_id: string
  user_id: string
  method: PaymentRecord['method']
  amount: number
  state: PaymentRecord['state']
  created_at_ms: number
  deadline_at_ms: number
  reference: string | null
  checkout_url: string | null
}

export function paymentFromRow(row: PaymentRow): PaymentRecord {
  return {
    paymentId: row.payment_id,
    reservationId: row.reservation_id,
    userId: row.user_id,
    method: row.method,
    amount: row.amount,
    state: row.state,
    createdAtMs: row.created_at_ms,
    deadlineAtMs: row.deadline_at_ms,
    reference: row.reference,
    checkoutUrl: row.checkout_url,
  }
}

export type OperationRow = { operation_id: string; request_hash: string; answer: string; at_ms: number }

export function operationFromRow(row: OperationRow): OperationRecord {
  const { operation_id: operationId, request_hash: requestHash, answer, at_ms: atMs } = row
  return { operationId, requestHash, answer, atMs }
}

export type ErrandRow = {
  kind: Errand['kind']
  subject: string
  payload: string
  due_at_ms: number
  attempts: number
}

export function errandFromRow({ due_at_ms, ...errand }: ErrandRow): Errand {
  return { ...errand, dueAtMs: due_at_ms }
}
