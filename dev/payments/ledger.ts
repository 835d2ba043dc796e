/** The fake provider's books: what state each payment is in. Kept in a file, so that a restart forgets nothing. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import * as z from 'zod'

const STATES = ['open', 'paid', 'failed', 'closed', 'refunded'] as const
export type PaymentState = (typeof STATES)[number]

/** What the shop asks for. */
export const CHECKOUT = z.strictObject({
  paymentId: z.string().min(1).max(200),
  amount: z.int().min(1),
  currency: z.string().regex(/^[A-Z]{3}$/),
  description: z.string().min(1).max(500),
  returnUrl: z.url(),
  webhookUrl: z.url(),
})
export type Checkout = z.output<typeof CHECKOUT>

const PAYMENT = CHECKOUT.extend({
  /** Unguessable: whoever has it can pay. */
  checkoutId: z.string(),
  state: z.enum(STATES),
})
export type FakePayment = z.output<typeof PAYMENT>

/** From which states a payment may go where; the rest is refused. */
const MOVES: Readonly<Record<PaymentState, readonly PaymentState[]>> = {
  open: ['paid', 'failed', 'closed'],
  paid: ['refunded'],
  failed: [],
  closed: [],
  refunded: [],
}

export class Ledger {
  readonly #file: string | null
  readonly #payments: Map<string, FakePayment>

  /** @param file null: in memory only. */
  constructor(file: string | null) {
    this.#file = file
    const kept = file !== null && existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : []
    const payments = z.array(PAYMENT).parse(kept)
    this.#payments = new Map(payments.map((payment) => [payment.paymentId, payment]))
  }

  get(paymentId: string): FakePayment | null {
    return this.#payments.get(paymentId) ?? null
  }

  byCheckout(checkoutId: string): FakePayment | null {
    return [...this.#payments.values()].find((payment) => payment.checkoutId === checkoutId) ?? null
  }

  open(checkout: Checkout, checkoutId: string): FakePayment {
    return this.#put({ ...checkout, checkoutId, state: 'open' })
  }

  /** The payment as it is then; null when it may not go there. */
  move(payment: FakePayment, state: PaymentState): FakePayment | null {
    return MOVES[payment.state].includes(state) ? this.#put({ ...payment, state }) : null
  }

  /** As a bank that was slow: the money comes although the checkout was closed. */
  payLate(payment: FakePayment): FakePayment {
    return this.#put({ ...payment, state: 'paid' })
  }

  #put(payment: FakePayment): FakePayment {
    this.#payments.set(payment.paymentId, payment)
    if (this.#file === null) return payment
    // Whole or not at all: a process that dies while writing leaves the last version.
    writeFileSync(`${this.#file}.new`, JSON.stringify([...this.#payments.values()]), { mode: 0o600 })
    renameSync(`${this.#file}.new`, this.#file)
    return payment
  }
}
