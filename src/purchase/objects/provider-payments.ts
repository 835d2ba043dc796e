/** Payments at a provider as a seat office offers them: to visitors, to the provider's webhooks and to operators. */
import { err, ok, type Result } from '../../core/result.ts'
import { log } from '../../observability/log.ts'
import type { Kept, OperationName } from '../../ports/idempotency.ts'
import type { OfficeFailure } from '../core/office.ts'
import { currentPayment, type Order, type OrderEvent } from '../core/orders.ts'
import type { Errand, PaymentRecord, PaymentState } from '../core/records.ts'
import { PaymentDesk, type Heard, type PaymentEvent } from '../payments/desk.ts'
import type { ProviderState } from '../payments/port.ts'
import type {
  Checkout,
  OfficeResult,
  PaymentDetail,
  ProviderCheckoutCall,
  ProviderPaymentsApi,
  Resolution,
} from '../ports.ts'
import type { OfficeHost } from './office-host.ts'
import { checkoutView, paymentDetail } from './office-views.ts'

/** One page of what an operator has to look at. */
const LISTED_MAX = 200

/** What the office does for this part of it. */
export type ProviderPaymentsLink = {
  readonly host: OfficeHost
  /** Whether the event has ever had seats; without them there are no rows to read. */
  readonly isPlanned: () => boolean
  readonly orderOf: (reservationId: string, userId: string) => Result<Order, OfficeFailure>
  /** Decides and saves in one synchronous block. */
  readonly follow: (order: Order, event: OrderEvent) => Result<Order, OfficeFailure>
  /** The line is told of a sale now and not by the alarm; nobody waits for it. */
  readonly tellLine: (admissionId: string) => void
  readonly save: (errand: Errand) => void
  /** Carries an operation out unless it has been, or is being. */
  readonly once: <T>(
    operation: OperationName,
    work: () => Promise<OfficeResult<T>>,
  ) => Promise<OfficeResult<Kept<T>>>
}

export class ProviderPayments implements ProviderPaymentsApi {
  readonly #link: ProviderPaymentsLink
  readonly #desk: PaymentDesk

  constructor(link: ProviderPaymentsLink) {
    this.#link = link
    const { eventId, nowMs, payments } = link.host
    this.#desk = new PaymentDesk({
      eventId,
      provider: payments.provider,
      currency: payments.currency,
      graceMs: payments.graceMs,
      rows: payments.rows,
      log,
      nowMs,
      orderOf: (paymentId) => this.#orderOfPayment(paymentId),
      follow: (event) => this.#followPayment(event),
      postponeRefund: (paymentId, dueAtMs) =>
        link.save({ kind: 'refund', subject: paymentId, payload: '', dueAtMs, attempts: 0 }),
    })
  }

  async payByProvider(call: ProviderCheckoutCall): Promise<OfficeResult<Kept<Checkout>>> {
    return this.#link.once(call.operation, () => this.#checkOut(call))
  }

  async #checkOut({
    reservationId,
    userId,
    admissionId,
    origin,
  }: ProviderCheckoutCall): Promise<OfficeResult<Checkout>> {
    const { eventId, payments } = this.#link.host
    const { provider } = payments
    if (provider === null) return err({ reason: 'payment-method-unavailable' })
    const found = this.#link.orderOf(reservationId, userId)
    if (!found.ok) return found
    const wanted = this.#link.follow(found.value, {
      kind: 'payment_wanted',
      payment: this.#newPayment(found.value),
      admissionId,
    })
    if (!wanted.ok) return wanted
    const begun = currentPayment(wanted.value)
    if (begun === undefined) throw new Error('a payment that was begun is not there')
    if (begun.state !== 'pending' || begun.checkoutUrl !== null) return ok(checkoutView(begun))
    const description = `${eventId}: ${wanted.value.reservation.seatIds.join(', ')}`
    payments.rows.begin(begun.paymentId, { provider: provider.name, origin, description })
    const opened = await this.#desk.open(begun.paymentId)
    if (opened === 'refused') return err({ reason: 'payment-refused' })
    if (opened === 'unavailable') return err({ reason: 'payment-provider-unavailable' })
    // The provider was asked meanwhile: how the payment stands is in the rows.
    const now = this.#paymentOf(begun.paymentId)
    return now.state === 'pending' || now.state === 'paid'
      ? ok(checkoutView(now))
      : err({ reason: 'reservation-expired' })
  }

  async hearProvider(providerEventId: string, paymentId: string, state: ProviderState): Promise<Heard> {
    return this.#desk.hear(providerEventId, paymentId, state)
  }

  async lookAtPayment(paymentId: string): Promise<Heard> {
    return this.#desk.look(paymentId)
  }

  async confirmPayment(paymentId: string, proof: string): Promise<Heard> {
    return this.#desk.confirm(paymentId, proof)
  }

  async payments(state: PaymentState): Promise<PaymentDetail[]> {
    if (!this.#link.isPlanned()) return []
    return this.#link.host.rows.paymentsIn(state, LISTED_MAX).map(paymentDetail)
  }

  async resolvePayment(paymentId: string, as: Resolution): Promise<OfficeResult<PaymentDetail>> {
    const order = this.#orderOfPayment(paymentId)
    if (order === null) return err({ reason: 'payment-not-found' })
    const { state, amount, method } = this.#paymentOf(paymentId)
    // A wallet is never stuck, and gets its money back by itself.
    const isOpen = method === 'provider' && state === (as === 'refunded' ? 'refund_due' : 'stuck')
    if (!isOpen) {
      // Asked twice: it stands as it was resolved.
      return state === as
        ? ok(paymentDetail(this.#paymentOf(paymentId)))
        : err({ reason: 'payment-not-stuck', state })
    }
    this.#followPayment(resolutionEvent(paymentId, as, amount))
    return ok(paymentDetail(this.#paymentOf(paymentId)))
  }

  /** Errands of the office: reject to be done again. */
  close(paymentId: string): Promise<void> {
    return this.#desk.close(paymentId)
  }

  refund(paymentId: string): Promise<void> {
    return this.#desk.refund(paymentId)
  }

  #orderOfPayment(paymentId: string): Order | null {
    return this.#link.isPlanned() ? this.#link.host.rows.orderOfPayment(paymentId) : null
  }

  #paymentOf(paymentId: string): PaymentRecord {
    const found = this.#orderOfPayment(paymentId)?.payments.find((payment) => payment.paymentId === paymentId)
    if (found === undefined) throw new Error('a payment is not there')
    return found
  }

  #followPayment(event: PaymentEvent): void {
    const order = this.#orderOfPayment(event.paymentId)
    if (order === null) throw new Error('a payment is not there')
    const followed = this.#link.follow(order, event)
    if (followed.ok && followed.value.reservation.state === 'paid')
      this.#link.tellLine(followed.value.reservation.admissionId)
  }

  #newPayment({ reservation }: Order): PaymentRecord {
    const { host } = this.#link
    const nowMs = host.nowMs()
    return {
      paymentId: host.newId(),
      reservationId: reservation.reservationId,
      userId: reservation.userId,
      method: 'provider',
      amount: reservation.amount,
      state: 'pending',
      createdAtMs: nowMs,
      deadlineAtMs: nowMs + host.payments.paymentMs,
      reference: null,
      checkoutUrl: null,
    }
  }
}

function resolutionEvent(paymentId: string, as: Resolution, amount: number): PaymentEvent {
  switch (as) {
    case 'paid':
      return { kind: 'payment_succeeded', paymentId, amount }
    case 'failed':
      return { kind: 'payment_declined', paymentId, as: 'failed' }
    case 'refunded':
      return { kind: 'payment_refunded', paymentId }
  }
}
