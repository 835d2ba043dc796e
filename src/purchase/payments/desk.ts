/**
 * The payment desk of a seat office: everything that it has to do with a provider. The provider is asked, its answer
 * becomes an event of the order (core/orders.ts), and the order decides. The desk decides nothing about seats or money;
 * what it keeps is only what the provider has to be told again (desk-rows.ts).
 *
 * A seat is never freed on our word alone: its checkout is closed at the provider first, and while nobody can say how a
 * payment stands the seats stay where they are (INV-10).
 */
import type { EpochMs } from '../../core/time.ts'
import type { Log } from '../../observability/log.ts'
import type { Order, OrderEvent } from '../core/orders.ts'
import type { Amount, PaymentRecord } from '../core/records.ts'
import type { DeskRows } from './desk-rows.ts'
import type { PaymentProvider, ProviderPayment, ProviderState, Unknown } from './port.ts'

/** Hints come from anybody; the provider is asked about one payment at most this often. */
const ASK_AGAIN_MS = 1_000
/**
 * After this a confirmation that we have sent has been carried out or never will be: more than any provider's own time
 * limit. Until then the payment counts as one that may be paid this very moment.
 */
const CONFIRM_SETTLES_MS = 60_000
/** A refund that a provider has accepted and not made yet: banks take hours or days. */
const PENDING_AGAIN_MS = 10 * 60 * 1_000
/** A refund that a provider will not make is asked for again this often; an operator may help in between. */
const REFUSED_AGAIN_MS = 60 * 60 * 1_000

/** An amount in another currency is not the price, whatever its number. */
const NO_PRICE: Amount = -1

export type PaymentEvent = Extract<OrderEvent, { paymentId: string }>

export type DeskLink = {
  readonly eventId: string
  /** Null: none is configured. Payments that were begun with one are then an operator's. */
  readonly provider: PaymentProvider | null
  readonly currency: string
  /** How long after its deadline a payment may still become known before an operator is asked. */
  readonly graceMs: number
  readonly rows: DeskRows
  readonly log: Log
  readonly nowMs: () => EpochMs
  readonly orderOf: (paymentId: string) => Order | null
  /** Decides and saves in one synchronous block. */
  readonly follow: (event: PaymentEvent) => void
  /** Sets when the refund is tried again. */
  readonly postponeRefund: (paymentId: string, dueAtMs: EpochMs) => void
}

/** How a checkout was opened. `refused`: the payment has failed; `unavailable`: the same may be asked for again. */
export type Opened = 'opened' | 'refused' | 'unavailable'
/** What became of news. `later`: nothing yet, the sender should repeat it. */
export type Heard = 'settled' | 'repeated' | 'payment-unknown' | 'later'

export class PaymentDesk {
  readonly #link: DeskLink

  constructor(link: DeskLink) {
    this.#link = link
  }

  /** Opens the checkout of a payment that has been begun. Asked twice, there is one checkout. */
  async open(paymentId: string): Promise<Opened> {
    const { follow } = this.#link
    const reply = await this.#ask(paymentId, (provider, payment) => provider.create(payment))
    switch (reply.kind) {
      case 'created': {
        const { reference, checkoutUrl } = reply
        follow({ kind: 'checkout_opened', paymentId, reference, checkoutUrl })
        return 'opened'
      }
      case 'refused':
        this.#log('checkout_refused', paymentId, reply.code)
        follow({ kind: 'payment_declined', paymentId, as: 'failed' })
        return 'refused'
      case 'unknown':
        this.#log('checkout_unknown', paymentId, reply.cause)
        return 'unavailable'
    }
  }

  /** News that the provider has signed. The same event is heard once. */
  hear(eventId: string, paymentId: string, state: ProviderState): Heard {
    const { rows, orderOf, nowMs } = this.#link
    if (orderOf(paymentId) === null) return 'payment-unknown'
    if (rows.hasHeard(eventId)) return 'repeated'
    // First what it changes, which may come twice; noted before, an event whose change was refused would never come again.
    this.#settle(paymentId, state)
    rows.noteEvent(eventId, paymentId, nowMs())
    return 'settled'
  }

  /** Somebody says that something has happened: the provider is asked. */
  async look(paymentId: string): Promise<Heard> {
    const { rows, nowMs } = this.#link
    const payment = this.#payment(paymentId)
    if (payment === null) return 'payment-unknown'
    if (isFinal(payment)) return 'settled'
    if (!rows.noteAsked(paymentId, nowMs(), ASK_AGAIN_MS)) return 'later'
    const reply = await this.#ask(paymentId, (provider, described) => provider.fetch(described))
    if (reply.kind === 'unknown') return this.#notYet(paymentId, reply)
    this.#settle(paymentId, reply.state)
    return 'settled'
  }

  /** The visitor is back, with a proof of having agreed: where the provider waits for our word, the money is taken now. */
  async confirm(paymentId: string, proof: string): Promise<Heard> {
    const { rows, nowMs } = this.#link
    const payment = this.#payment(paymentId)
    if (payment === null) return 'payment-unknown'
    // Too late: the seats may be gone before the answer is here, and then nobody should be charged.
    if (payment.state !== 'pending' || nowMs() >= payment.deadlineAtMs) return this.look(paymentId)
    rows.noteConfirmation(paymentId, nowMs())
    const reply = await this.#ask(paymentId, (provider, described) => provider.confirm(described, proof))
    if (reply.kind === 'unknown') return this.#notYet(paymentId, reply)
    this.#settle(paymentId, reply.state)
    return 'settled'
  }

  /**
   * The time to pay is over: closes the checkout and learns how the payment stands. Rejects to be tried again; after the
   * grace the payment is an operator's.
   */
  async close(paymentId: string): Promise<void> {
    const { follow, nowMs, graceMs } = this.#link
    const payment = this.#payment(paymentId)
    if (payment === null || isFinal(payment)) return
    const state = this.#mayBeConfirmedNow(paymentId)
      ? ({ kind: 'unknown', cause: 'a confirmation is under way' } as const)
      : await this.#ask(paymentId, (provider, described) => provider.cancel(described))
    if (state.kind === 'known' && state.state.kind !== 'open') return this.#settle(paymentId, state.state)
    // News that came meanwhile have decided it.
    if (this.#payment(paymentId)?.state !== 'pending') return
    const cause = state.kind === 'unknown' ? state.cause : 'still open'
    if (nowMs() < payment.deadlineAtMs + graceMs) throw new Error(`not closed: ${cause}`)
    follow({ kind: 'payment_unknown', paymentId })
    this.#callOperator(paymentId, cause)
  }

  /** Gives the money back. Rejects to be tried again. */
  async refund(paymentId: string): Promise<void> {
    const { follow } = this.#link
    const reply = await this.#ask(paymentId, (provider, payment) => provider.refund(payment))
    if (reply.kind === 'refunded') return follow({ kind: 'payment_refunded', paymentId })
    if (reply.kind === 'unknown') throw new Error(`refund unknown: ${reply.cause}`)
    // News that came meanwhile have settled it.
    if (this.#payment(paymentId)?.state !== 'refund_due') return
    if (reply.kind === 'pending') return this.#refundAgain(paymentId, PENDING_AGAIN_MS)
    this.#log('refund_refused', paymentId, reply.code)
    this.#refundAgain(paymentId, REFUSED_AGAIN_MS)
  }

  #refundAgain(paymentId: string, inMs: number): void {
    const { postponeRefund, nowMs } = this.#link
    postponeRefund(paymentId, nowMs() + inMs)
  }

  /** What the provider says becomes an event of the order. */
  #settle(paymentId: string, state: ProviderState): void {
    const { follow, currency } = this.#link
    switch (state.kind) {
      case 'open':
        return
      case 'paid':
        return this.#settlePaid(paymentId, state.currency === currency ? state.amount : NO_PRICE)
      case 'failed':
        return follow({ kind: 'payment_declined', paymentId, as: 'failed' })
      case 'closed':
        return follow({ kind: 'payment_declined', paymentId, as: 'expired' })
      case 'refunded':
        return this.#settleRefunded(paymentId)
    }
  }

  #settlePaid(paymentId: string, amount: Amount): void {
    const before = this.#payment(paymentId)?.state
    this.#link.follow({ kind: 'payment_succeeded', paymentId, amount })
    if (before !== 'stuck') this.#callOperator(paymentId, 'another amount or currency than the price')
  }

  /** By us, or by somebody at the provider's console. */
  #settleRefunded(paymentId: string): void {
    const state = this.#payment(paymentId)?.state
    if (state === 'refund_due') return this.#link.follow({ kind: 'payment_refunded', paymentId })
    // Sold is sold: what becomes of such seats is for people to decide.
    if (state === 'paid') return this.#log('refunded_elsewhere', paymentId, 'refunded at the provider')
    this.#link.follow({ kind: 'payment_declined', paymentId, as: 'failed' })
  }

  #mayBeConfirmedNow(paymentId: string): boolean {
    const { rows, nowMs } = this.#link
    const startedMs = rows.checkout(paymentId)?.confirmStartedMs ?? null
    return startedMs !== null && nowMs() < startedMs + CONFIRM_SETTLES_MS
  }

  #notYet(paymentId: string, { cause }: Unknown): Heard {
    this.#log('payment_unreadable', paymentId, cause)
    return 'later'
  }

  #payment(paymentId: string): PaymentRecord | null {
    const order = this.#link.orderOf(paymentId)
    return order?.payments.find((payment) => payment.paymentId === paymentId) ?? null
  }

  /** Of another provider than the one that a payment was begun with, no answer means anything. */
  async #ask<Reply>(
    paymentId: string,
    ask: (provider: PaymentProvider, payment: ProviderPayment) => Promise<Reply>,
  ): Promise<Reply | Unknown> {
    const { provider, rows, currency } = this.#link
    const payment = this.#payment(paymentId)
    const checkout = rows.checkout(paymentId)
    if (payment === null) throw new Error('a payment is not there')
    if (provider === null || provider.name !== checkout?.provider)
      return { kind: 'unknown', cause: `begun with ${checkout?.provider ?? 'nobody'}` }
    const { amount, createdAtMs, reference } = payment
    const { origin, description } = checkout
    return ask(provider, { paymentId, amount, currency, createdAtMs, reference, origin, description })
  }

  /** An error if the payment is stuck now: nothing goes on with it until an operator has looked. */
  #callOperator(paymentId: string, cause: string): void {
    const { log, eventId } = this.#link
    if (this.#payment(paymentId)?.state === 'stuck') log.error('payment_stuck', { eventId, paymentId, cause })
  }

  #log(event: string, paymentId: string, cause: string): void {
    this.#link.log.warn(event, { eventId: this.#link.eventId, paymentId, cause })
  }
}

/** The provider can tell nothing about it that would change anything. */
function isFinal({ state }: PaymentRecord): boolean {
  return state === 'paid' || state === 'refunded'
}
