/**
 * A simulated payment provider: it keeps payments, is reached over the world's network, and repeats its webhooks until
 * somebody takes them. Now and then a bank is slow and pays what was closed.
 */
import { ok } from '../../../src/core/result.ts'
import type { Heard } from '../../../src/purchase/payments/desk.ts'
import type {
  CreateReply,
  PaymentProvider,
  ProviderPayment,
  ProviderState,
  RefundReply,
  StateReply,
  Unknown,
} from '../../../src/purchase/payments/port.ts'
import type { PurchaseWorld } from './world.ts'

type Kind = ProviderState['kind']
/** How a webhook reaches the office; rejects when it does not. */
type Tell = (eventId: string, paymentId: string, state: ProviderState) => Promise<Heard>

/** As the adapters wait for an answer. */
const TIMEOUT_MS = 10_000
const WEBHOOK_AGAIN_MS_MAX = 60_000
const SLOW_BANK = 0.15

export class SimProvider implements PaymentProvider {
  readonly name = 'fake'
  readonly #world: PurchaseWorld
  readonly #payments = new Map<string, { readonly amount: number; readonly kind: Kind }>()
  tell: Tell = () => Promise.reject(new Error('nobody listens'))

  constructor(world: PurchaseWorld) {
    this.#world = world
  }

  kindOf(paymentId: string): Kind | undefined {
    return this.#payments.get(paymentId)?.kind
  }

  /** Whose money the provider has. */
  paidIds(): string[] {
    return [...this.#payments].filter(([, { kind }]) => kind === 'paid').map(([paymentId]) => paymentId)
  }

  /** The visitor decides on its page, or comes too late. */
  decide(paymentId: string, kind: 'paid' | 'failed'): void {
    if (this.kindOf(paymentId) === 'open') this.#move(paymentId, kind)
  }

  verifyWebhook(): ReturnType<PaymentProvider['verifyWebhook']> {
    return ok({ kind: 'other' })
  }

  readReturn(): null {
    return null
  }

  create({ paymentId, amount }: ProviderPayment): Promise<CreateReply | Unknown> {
    return this.#ask(`opens ${paymentId}`, (): CreateReply => {
      if (!this.#payments.has(paymentId)) this.#payments.set(paymentId, { amount, kind: 'open' })
      return { kind: 'created', reference: paymentId, checkoutUrl: 'https://pay.example' }
    })
  }

  confirm(payment: ProviderPayment): Promise<StateReply> {
    return this.fetch(payment)
  }

  fetch({ paymentId }: ProviderPayment): Promise<StateReply> {
    return this.#ask(`reads ${paymentId}`, () => this.#known(paymentId))
  }

  cancel({ paymentId }: ProviderPayment): Promise<StateReply> {
    return this.#ask(`closes ${paymentId}`, () => {
      // What it never heard of it will not open any more.
      if ((this.kindOf(paymentId) ?? 'open') === 'open') this.#move(paymentId, 'closed')
      return this.#known(paymentId)
    })
  }

  refund({ paymentId }: ProviderPayment): Promise<RefundReply> {
    return this.#ask(`refunds ${paymentId}`, (): RefundReply => {
      if (this.kindOf(paymentId) === 'paid') this.#move(paymentId, 'refunded')
      const isRefunded = this.kindOf(paymentId) === 'refunded'
      return isRefunded ? { kind: 'refunded' } : { kind: 'refused', code: 'not_paid' }
    })
  }

  #known(paymentId: string): StateReply {
    const payment = this.#payments.get(paymentId)
    return { kind: 'known', state: payment === undefined ? { kind: 'closed' } : stateOf(payment) }
  }

  #move(paymentId: string, kind: Kind): void {
    const world = this.#world
    world.trace(() => `the provider: ${paymentId} is ${kind}`)
    const payment = { amount: this.#payments.get(paymentId)?.amount ?? 0, kind }
    this.#payments.set(paymentId, payment)
    void this.#deliver(`${paymentId} ${kind} ${world.nowMs}`, paymentId, stateOf(payment), 1)
    const isSlow = kind === 'closed' && payment.amount > 0 && world.isFaulty && world.random.chance(SLOW_BANK)
    if (isSlow) world.scheduler.after(world.random.between(0, 40_000), () => this.#move(paymentId, 'paid'))
  }

  async #deliver(eventId: string, paymentId: string, state: ProviderState, attempt: number): Promise<void> {
    // Nobody there is as good as asked to come again.
    const heard = await this.tell(eventId, paymentId, state).catch(() => 'later')
    if (heard !== 'later') return
    const inMs = Math.min(WEBHOOK_AGAIN_MS_MAX, 1_000 * 2 ** attempt)
    this.#world.scheduler.after(inMs, () => void this.#deliver(eventId, paymentId, state, attempt + 1))
  }

  #ask<T>(name: string, work: () => T): Promise<T | Unknown> {
    return new Promise((resolve) => {
      const lost = { kind: 'unknown', cause: 'TimeoutError' } as const
      this.#world.scheduler.after(TIMEOUT_MS, () => resolve(lost))
      this.#world.call(name, async () => work()).then(resolve, () => resolve(lost))
    })
  }
}

function stateOf({ amount, kind }: { readonly amount: number; readonly kind: Kind }): ProviderState {
  return kind === 'paid' ? { kind, amount, currency: 'KRW' } : { kind }
}
