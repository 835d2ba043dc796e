/** What an office shows of its rows. */
import { currentPayment, type Order } from '../core/orders.ts'
import type { CountsOfPayments } from '../core/payment-counts.ts'
import type { ErrandKind, PaymentRecord } from '../core/records.ts'
import type { SeatMap } from '../core/seat-map.ts'
import type { Checkout, Payment, PaymentDetail, Reservation, SaleFigures } from '../ports.ts'
import type { OfficeHost } from './office-host.ts'

type ViewHost = Pick<OfficeHost, 'eventId' | 'payments'>

export function reservationView({ eventId, payments }: ViewHost, order: Order): Reservation {
  const { reservationId, seatIds, amount, state, paymentId } = order.reservation
  const expiresAt = new Date(endsAtMs(order, payments.graceMs)).toISOString()
  return { reservationId, eventId, seatIds, amount, expiresAt, state, paymentId }
}

export function paymentView({ paymentId, state, amount }: PaymentRecord): Payment {
  return { paymentId, state, amount }
}

export function checkoutView(payment: PaymentRecord): Checkout {
  return { ...paymentView(payment), checkoutUrl: payment.state === 'pending' ? payment.checkoutUrl : null }
}

export function paymentDetail(payment: PaymentRecord): PaymentDetail {
  const { reservationId, userId, method, createdAtMs, deadlineAtMs, reference } = payment
  const createdAt = new Date(createdAtMs).toISOString()
  const deadlineAt = new Date(deadlineAtMs).toISOString()
  return { ...paymentView(payment), reservationId, userId, method, createdAt, deadlineAt, reference }
}

/** @param oldestStuck null: none is stuck */
export function saleFigures(
  eventId: string,
  seats: SeatMap,
  payments: CountsOfPayments,
  oldestStuck: PaymentRecord | null,
  owed: Readonly<Record<ErrandKind, number>>,
): SaleFigures {
  return {
    eventId,
    seats: {
      free: seats.count('free'),
      held: seats.count('held') + seats.count('paying'),
      sold: seats.count('sold'),
    },
    payments,
    oldestStuckAt: oldestStuck === null ? null : new Date(oldestStuck.createdAtMs).toISOString(),
    owed,
  }
}

/** A hold is longer while somebody may be paying at a provider. */
function endsAtMs(order: Order, graceMs: number): number {
  const { state, holdEndsAtMs } = order.reservation
  const payment = currentPayment(order)
  if (state !== 'paying' || payment === undefined || payment.method === 'wallet') return holdEndsAtMs
  return Math.max(holdEndsAtMs, payment.deadlineAtMs + graceMs)
}
