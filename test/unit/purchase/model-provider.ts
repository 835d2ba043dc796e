/**
 * A provider in memory, true to what real ones promise and to nothing more: answers get lost, webhooks come late, twice and
 * in any order, and now and then a bank is slow and pays what was closed. It knows at any time who has given money.
 */
import { ok } from '../../../src/core/result.ts'
import type {
  CreateReply,
  PaymentProvider,
  ProviderPayment,
  ProviderState,
  RefundReply,
  StateReply,
} from '../../../src/purchase/payments/port.ts'
import type { Random } from '../../sim/random.ts'

type Kind = ProviderState['kind']

export type News = { readonly eventId: string; readonly paymentId: string; readonly state: ProviderState }

const LOST = { kind: 'unknown', cause: 'lost' } as const

export class ModelProvider implements PaymentProvider {
  readonly name = 'fake'
  /** Webhooks on their way; which one arrives next, and how often, is up to the world. */
  readonly news: News[] = []
  isAway = false
  /** The share of requests that are carried out and never answered. */
  lostShare = 0
  readonly #payments = new Map<string, { amount: number; kind: Kind }>()
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  /** Whose money the provider has. */
  paidIds(): string[] {
    return [...this.#payments].filter(([, { kind }]) => kind === 'paid').map(([paymentId]) => paymentId)
  }

  ids(): string[] {
    return [...this.#payments.keys()]
  }

  kindOf(paymentId: string): Kind | undefined {
    return this.#payments.get(paymentId)?.kind
  }

  /** On its page; nothing happens when it is too late. */
  visitor(paymentId: string, kind: 'paid' | 'failed'): void {
    if (this.kindOf(paymentId) === 'open') this.#move(paymentId, kind)
  }

  /** The bank was slow. */
  payLate(paymentId: string): void {
    if (this.kindOf(paymentId) === 'closed') this.#move(paymentId, 'paid')
  }

  verifyWebhook(): ReturnType<PaymentProvider['verifyWebhook']> {
    return ok({ kind: 'other' })
  }

  readReturn(): null {
    return null
  }

  async create({ paymentId, amount }: ProviderPayment): Promise<CreateReply> {
    return this.#answer((): CreateReply => {
      if (!this.#payments.has(paymentId)) this.#payments.set(paymentId, { amount, kind: 'open' })
      return { kind: 'created', reference: paymentId, checkoutUrl: 'https://pay.example' }
    })
  }

  confirm(payment: ProviderPayment): Promise<StateReply> {
    return this.fetch(payment)
  }

  async fetch({ paymentId }: ProviderPayment): Promise<StateReply> {
    return this.#answer(() => this.#known(paymentId))
  }

  async cancel({ paymentId }: ProviderPayment): Promise<StateReply> {
    return this.#answer(() => {
      if (this.kindOf(paymentId) === 'open') this.#move(paymentId, 'closed')
      return this.#known(paymentId)
    })
  }

  async refund({ paymentId }: ProviderPayment): Promise<RefundReply> {
    return this.#answer((): RefundReply => {
      if (this.kindOf(paymentId) === 'paid') this.#move(paymentId, 'refunded')
      return this.kindOf(paymentId) === 'refunded'
        ? { kind: 'refunded' }
        : { kind: 'refused', code: 'not_paid' }
    })
  }

  #known(paymentId: string): StateReply {
    const payment = this.#payments.get(paymentId)
    return { kind: 'known', state: payment === undefined ? { kind: 'closed' } : stateOf(payment) }
  }

  #move(paymentId: string, kind: Kind): void {
    const { amount } = this.#payments.get(paymentId) ?? { amount: 0 }
    this.#payments.set(paymentId, { amount, kind })
    const eventId = `${paymentId} ${kind} ${this.news.length}`
    this.news.push({ eventId, paymentId, state: stateOf({ amount, kind }) })
  }

  async #answer<T>(work: () => T): Promise<T | typeof LOST> {
    // Others get their turn, as they do while a request is on its way.
    for (let turns = this.#random.between(0, 3); turns > 0; turns -= 1) await Promise.resolve()
    if (this.isAway) return LOST
    const answer = work()
    return this.#random.chance(this.lostShare) ? LOST : answer
  }
}

function stateOf({ amount, kind }: { amount: number; kind: Kind }): ProviderState {
  return kind === 'paid' ? { kind, amount, currency: 'KRW' } : { kind }
}
