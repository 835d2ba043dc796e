/**
 * The life of an order: a reservation and its payments. Everything that can happen to one is an event here, and what it
 * leads to is decided by the order's state alone, so that an event that comes twice, late or out of order is harmless.
 * docs/purchase.md draws it.
 */
import { unreachable } from '../../core/assert.ts'
import { err, ok, type Result } from '../../core/result.ts'
import type { EpochMs } from '../../core/time.ts'
import type {
  Amount,
  Errand,
  ErrandKey,
  PaymentRecord,
  PaymentState,
  ReservationRecord,
  ReservationState,
  SeatState,
} from './records.ts'

export type Order = {
  readonly reservation: ReservationRecord
  /** In the order in which they were begun; none before the first. */
  readonly payments: readonly PaymentRecord[]
}

export type OrderEvent =
  /** The visitor, who is inside with this admission, wants to pay; the payment is taken only when none is under way. */
  | { readonly kind: 'payment_wanted'; readonly payment: PaymentRecord; readonly admissionId: string }
  | {
      readonly kind: 'checkout_opened'
      readonly paymentId: string
      readonly reference: string
      readonly checkoutUrl: string
    }
  /** The wallet or the provider has the money. */
  | { readonly kind: 'payment_succeeded'; readonly paymentId: string; readonly amount: Amount }
  /** It has not, and will not: refused (`failed`), or closed before anybody paid (`expired`). */
  | { readonly kind: 'payment_declined'; readonly paymentId: string; readonly as: 'failed' | 'expired' }
  /** Nobody can say, and the time to find out is over. */
  | { readonly kind: 'payment_unknown'; readonly paymentId: string }
  | { readonly kind: 'payment_refunded'; readonly paymentId: string }
  /** The time of the hold has passed. */
  | { readonly kind: 'hold_over' }
  /** The visitor does not want the seats any more. */
  | { readonly kind: 'given_up' }

export type OrderFailure =
  /** The seats are not this reservation's any more. */
  | { readonly reason: 'reservation-expired' }
  /** They are sold. */
  | { readonly reason: 'reservation-paid' }
  /** The admission with which they were held is over: there is none that paying could complete. */
  | { readonly reason: 'other-admission' }
  /** A payment of another method is under way, or nobody knows how one went. */
  | { readonly reason: 'payment-in-progress' }

export type OrderContext = {
  readonly nowMs: EpochMs
  /** Whether every seat of the reservation is free: asked for only when the reservation has none any more. */
  readonly seatsAreFree: () => boolean
}

/** What an event changes. */
export type Step = {
  /** Null: as it was. */
  readonly reservation: ReservationRecord | null
  readonly payments: readonly PaymentRecord[]
  /** What becomes of all the seats of the reservation; null: they stay. */
  readonly seats: SeatState | null
  readonly owed: readonly Errand[]
  readonly done: readonly ErrandKey[]
}

/** Whoever owes a debit or a completion does it at once; the alarm does it again when that one has died. */
export const ERRAND_AGAIN_MS = 3_000

const UNCHANGED: Step = { reservation: null, payments: [], seats: null, owed: [], done: [] }

/** What comes of the event. @throws for a payment that is not one of the order's. */
export function step(order: Order, event: OrderEvent, context: OrderContext): Result<Step, OrderFailure> {
  switch (event.kind) {
    case 'payment_wanted':
      return wanted(order, event, context)
    case 'hold_over':
      return ok(holdOver(order.reservation, context.nowMs))
    case 'given_up':
      return givenUp(order, context.nowMs)
    case 'checkout_opened': {
      const { reference, checkoutUrl } = event
      return ok({
        ...UNCHANGED,
        payments: [{ ...paymentOf(order, event.paymentId), reference, checkoutUrl }],
      })
    }
    case 'payment_succeeded':
      return ok(succeeded(order, paymentOf(order, event.paymentId), event.amount, context))
    case 'payment_declined':
      return ok(declined(order, paymentOf(order, event.paymentId), event.as, context.nowMs))
    case 'payment_unknown':
      return ok(unknown(order, paymentOf(order, event.paymentId)))
    case 'payment_refunded':
      return ok(refunded(order, paymentOf(order, event.paymentId)))
    default:
      return unreachable(event)
  }
}

/** The order after the step. */
export function orderAfter(order: Order, { reservation, payments }: Step): Order {
  const changed = new Map(payments.map((payment) => [payment.paymentId, payment]))
  const kept = order.payments.map((payment) => changed.get(payment.paymentId) ?? payment)
  const known = new Set(order.payments.map(({ paymentId }) => paymentId))
  const begun = payments.filter(({ paymentId }) => !known.has(paymentId))
  return { reservation: reservation ?? order.reservation, payments: [...kept, ...begun] }
}

/** The payment that is under way, or that decided. */
export function currentPayment({ reservation, payments }: Order): PaymentRecord | undefined {
  return payments.find(({ paymentId }) => paymentId === reservation.paymentId)
}

/** @throws Error for a payment of another order. */
export function paymentOf(order: Order, paymentId: string): PaymentRecord {
  const found = order.payments.find((payment) => payment.paymentId === paymentId)
  if (found === undefined) throw new Error('a payment of another order')
  return found
}

function wanted(
  order: Order,
  { payment, admissionId }: Extract<OrderEvent, { kind: 'payment_wanted' }>,
  { nowMs }: OrderContext,
): Result<Step, OrderFailure> {
  const { reservation } = order
  switch (reservation.state) {
    case 'held':
      if (admissionId !== reservation.admissionId) return err({ reason: 'other-admission' })
      return nowMs < reservation.holdEndsAtMs
        ? ok(begun(reservation, payment))
        : err({ reason: 'reservation-expired' })
    case 'paying':
      // Asked twice: the payment under way is the answer.
      return currentPayment(order)?.method === payment.method
        ? ok(UNCHANGED)
        : err({ reason: 'payment-in-progress' })
    case 'stuck':
      return err({ reason: 'payment-in-progress' })
    case 'paid':
      return ok(UNCHANGED)
    case 'failed':
    case 'expired':
    case 'cancelled':
    case 'refund_due':
    case 'refunded':
      return err({ reason: 'reservation-expired' })
    default:
      return unreachable(reservation.state)
  }
}

function begun(reservation: ReservationRecord, payment: PaymentRecord): Step {
  const { paymentId, createdAtMs, deadlineAtMs } = payment
  return {
    reservation: { ...reservation, state: 'paying', paymentId },
    payments: [payment],
    seats: 'paying',
    owed: [
      payment.method === 'wallet'
        ? errand('debit', paymentId, createdAtMs + ERRAND_AGAIN_MS)
        : errand('close', paymentId, deadlineAtMs),
    ],
    done: [],
  }
}

function holdOver(reservation: ReservationRecord, nowMs: EpochMs): Step {
  if (reservation.state !== 'held' || nowMs < reservation.holdEndsAtMs) return UNCHANGED
  return freed(reservation, 'expired', nowMs)
}

/** The reservation loses its seats. Whoever gives them up need not be told that they are gone. */
function freed(
  reservation: ReservationRecord,
  state: 'failed' | 'expired' | 'cancelled',
  nowMs: EpochMs,
): Step {
  const owed = state === 'cancelled' ? [] : [webhook('hold.expired', { ...reservation, state }, nowMs)]
  return { ...UNCHANGED, reservation: { ...reservation, state }, seats: 'free', owed }
}

function givenUp(order: Order, nowMs: EpochMs): Result<Step, OrderFailure> {
  const { reservation } = order
  switch (reservation.state) {
    case 'held':
      return ok(freed(reservation, nowMs < reservation.holdEndsAtMs ? 'cancelled' : 'expired', nowMs))
    case 'paying':
      return closing(order, nowMs)
    case 'stuck':
      return err({ reason: 'payment-in-progress' })
    case 'paid':
      return err({ reason: 'reservation-paid' })
    case 'failed':
    case 'expired':
    case 'cancelled':
    case 'refund_due':
    case 'refunded':
      return ok(UNCHANGED)
    default:
      return unreachable(reservation.state)
  }
}

/** Somebody may be paying at the provider this very moment: its checkout is closed before the seats are free. */
function closing({ reservation, payments }: Order, nowMs: EpochMs): Result<Step, OrderFailure> {
  const payment = currentPayment({ reservation, payments })
  if (payment === undefined || payment.method === 'wallet') return err({ reason: 'payment-in-progress' })
  return ok({
    ...UNCHANGED,
    reservation: { ...reservation, holdEndsAtMs: Math.min(reservation.holdEndsAtMs, nowMs) },
    payments: [{ ...payment, deadlineAtMs: Math.min(payment.deadlineAtMs, nowMs) }],
    owed: [errand('close', payment.paymentId, nowMs)],
  })
}

function succeeded(order: Order, payment: PaymentRecord, amount: Amount, context: OrderContext): Step {
  switch (payment.state) {
    case 'pending':
    case 'stuck':
    case 'failed':
    case 'expired':
      if (amount !== payment.amount) return stuck(order, payment)
      return maySell(order.reservation.state, context)
        ? sold(order, payment, context)
        : refundDue(order, payment, context)
    case 'paid':
    case 'refund_due':
    case 'refunded':
      return UNCHANGED
    default:
      return unreachable(payment.state)
  }
}

/** A late success is as good as one in time while the seats are free. Who gave them up gets the money back. */
function maySell(state: ReservationState, { seatsAreFree }: OrderContext): boolean {
  switch (state) {
    case 'held':
    case 'paying':
    case 'stuck':
      return true
    case 'failed':
    case 'expired':
      return seatsAreFree()
    case 'cancelled':
    case 'paid':
    case 'refund_due':
    case 'refunded':
      return false
    default:
      return unreachable(state)
  }
}

function sold(order: Order, payment: PaymentRecord, { nowMs }: OrderContext): Step {
  const { paymentId } = payment
  const reservation = { ...order.reservation, state: 'paid', paymentId } as const
  // The money of one payment is enough: another that is under way is called back.
  const others = order.payments.filter((other) => other.paymentId !== paymentId && isOpenCheckout(other))
  return {
    reservation,
    payments: [{ ...payment, state: 'paid' }],
    seats: 'sold',
    owed: [
      ...others.map((other) => errand('close', other.paymentId, nowMs)),
      errand('complete', reservation.admissionId, nowMs + ERRAND_AGAIN_MS),
      webhook('order.paid', reservation, nowMs),
    ],
    done: errandsOf(payment),
  }
}

function isOpenCheckout({ method, state }: PaymentRecord): boolean {
  return method === 'provider' && state === 'pending'
}

function refundDue(order: Order, payment: PaymentRecord, { nowMs }: OrderContext): Step {
  const { reservation } = order
  const isSold = reservation.state === 'paid'
  return {
    reservation: isSold ? null : { ...reservation, state: 'refund_due', paymentId: payment.paymentId },
    payments: [{ ...payment, state: 'refund_due' }],
    seats: null,
    owed: [errand('refund', payment.paymentId, nowMs)],
    done: errandsOf(payment),
  }
}

function declined(
  { reservation }: Order,
  payment: PaymentRecord,
  as: 'failed' | 'expired',
  nowMs: EpochMs,
): Step {
  // What has been taken once is not untaken by news that were overtaken.
  if (!isOpen(payment.state)) return UNCHANGED
  const after = isHeldBy(reservation, payment) ? afterDecline(reservation, as, nowMs) : UNCHANGED
  return { ...after, payments: [{ ...payment, state: as }], done: errandsOf(payment) }
}

/** Back to the hold, while there is one (a failed payment costs neither the seats nor the admission). */
function afterDecline(reservation: ReservationRecord, as: 'failed' | 'expired', nowMs: EpochMs): Step {
  if (nowMs >= reservation.holdEndsAtMs) return freed(reservation, as, nowMs)
  return { ...UNCHANGED, reservation: { ...reservation, state: 'held' }, seats: 'held' }
}

function unknown(order: Order, payment: PaymentRecord): Step {
  return payment.state === 'pending' ? stuck(order, payment) : UNCHANGED
}

/** Only an operator can say; until then nobody else gets the seats. */
function stuck({ reservation }: Order, payment: PaymentRecord): Step {
  const isHeld = isHeldBy(reservation, payment)
  return {
    ...UNCHANGED,
    reservation: isHeld ? { ...reservation, state: 'stuck' } : null,
    payments: [{ ...payment, state: 'stuck' }],
    done: errandsOf(payment),
  }
}

function refunded({ reservation }: Order, payment: PaymentRecord): Step {
  if (payment.state !== 'refund_due') return UNCHANGED
  const isDecisive = reservation.state === 'refund_due' && reservation.paymentId === payment.paymentId
  return {
    ...UNCHANGED,
    reservation: isDecisive ? { ...reservation, state: 'refunded' } : null,
    payments: [{ ...payment, state: 'refunded' }],
    done: [{ kind: 'refund', subject: payment.paymentId }],
  }
}

function isOpen(state: PaymentState): boolean {
  return state === 'pending' || state === 'stuck'
}

/** Whether it is this payment that the seats wait for. */
function isHeldBy(reservation: ReservationRecord, payment: PaymentRecord): boolean {
  const waits = reservation.state === 'paying' || reservation.state === 'stuck'
  return waits && reservation.paymentId === payment.paymentId
}

/** What is not owed any more once the payment has been settled. */
function errandsOf({ method, paymentId }: PaymentRecord): ErrandKey[] {
  return [{ kind: method === 'wallet' ? 'debit' : 'close', subject: paymentId }]
}

function errand(kind: Exclude<Errand['kind'], 'webhook'>, subject: string, dueAtMs: EpochMs): Errand {
  return { kind, subject, payload: '', dueAtMs, attempts: 0 }
}

/** News for the shop. The id is that of what happened, so that the shop can tell a repetition. */
function webhook(
  type: 'order.paid' | 'hold.expired',
  reservation: ReservationRecord,
  nowMs: EpochMs,
): Errand {
  const { reservationId, userId, admissionId, seatIds, amount, paymentId } = reservation
  const data = { reservationId, userId, admissionId, seatIds, amount, paymentId }
  return webhookErrand(type, reservationId, data, nowMs)
}

/** The errand that tells the shop of something that happens once to whatever `id` names. */
export function webhookErrand(type: string, id: string, data: object, nowMs: EpochMs): Errand {
  const payload = JSON.stringify({ type, at: new Date(nowMs).toISOString(), data })
  return { kind: 'webhook', subject: `${type}:${id}`, payload, dueAtMs: nowMs, attempts: 0 }
}
