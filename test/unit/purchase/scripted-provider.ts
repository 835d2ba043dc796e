/** A provider that answers what the test says, and remembers what it was asked. */
import { ok } from '../../../src/core/result.ts'
import type {
  CreateReply,
  PaymentProvider,
  ProviderName,
  ProviderPayment,
  ProviderState,
  RefundReply,
  StateReply,
} from '../../../src/purchase/payments/port.ts'

export class ScriptedProvider implements PaymentProvider {
  readonly name: ProviderName
  /** In order. */
  readonly asked: string[] = []
  /** The payment of the last call. */
  last: ProviderPayment | null = null
  creates: CreateReply = { kind: 'created', reference: 'ref', checkoutUrl: 'https://pay.example/ref' }
  /** What `fetch` and `confirm` answer. */
  says: StateReply = known('open')
  cancels: StateReply = known('closed')
  refunds: RefundReply = { kind: 'refunded' }
  /** Runs while the provider is being asked. */
  meanwhile: () => void = () => {}

  constructor(name: ProviderName = 'fake') {
    this.name = name
  }

  verifyWebhook(): ReturnType<PaymentProvider['verifyWebhook']> {
    return ok({ kind: 'other' })
  }

  readReturn(): null {
    return null
  }

  create(payment: ProviderPayment): Promise<CreateReply> {
    return this.#ask('create', payment, () => this.creates)
  }

  confirm(payment: ProviderPayment): Promise<StateReply> {
    return this.#ask('confirm', payment, () => this.says)
  }

  fetch(payment: ProviderPayment): Promise<StateReply> {
    return this.#ask('fetch', payment, () => this.says)
  }

  cancel(payment: ProviderPayment): Promise<StateReply> {
    return this.#ask('cancel', payment, () => this.cancels)
  }

  refund(payment: ProviderPayment): Promise<RefundReply> {
    return this.#ask('refund', payment, () => this.refunds)
  }

  async #ask<T>(what: string, payment: ProviderPayment, answer: () => T): Promise<T> {
    this.asked.push(what)
    this.last = payment
    await Promise.resolve()
    this.meanwhile()
    return answer()
  }
}

export function known(kind: Exclude<ProviderState['kind'], 'paid'>): StateReply {
  return { kind: 'known', state: { kind } }
}

export function paid(amount: number, currency = 'KRW'): ProviderState {
  return { kind: 'paid', amount, currency }
}

export const AWAY = { kind: 'unknown', cause: 'TimeoutError' } as const
