/** How many payments there are of each method in each state, kept up by the changes that are written. */
import {
  PAYMENT_METHODS,
  PAYMENT_STATES,
  type Change,
  type PaymentMethod,
  type PaymentState,
} from './records.ts'

export type PaymentCount = {
  readonly method: PaymentMethod
  readonly state: PaymentState
  readonly count: number
}

export type CountsOfPayments = Readonly<Record<PaymentMethod, Readonly<Record<PaymentState, number>>>>

export class PaymentCounts {
  readonly #counts = new Map<string, number>()

  /** @param counted from the rows; what is not in it is zero */
  constructor(counted: Iterable<PaymentCount>) {
    for (const { method, state, count } of counted) this.#move(method, state, count)
  }

  apply(change: Change): void {
    if (change.kind !== 'payment_saved') return
    const { payment, before } = change
    if (before !== null) this.#move(payment.method, before, -1)
    this.#move(payment.method, payment.state, 1)
  }

  /** Zeros included. */
  all(): CountsOfPayments {
    const ofMethod = (method: PaymentMethod): [PaymentMethod, Record<PaymentState, number>] => {
      const counts = PAYMENT_STATES.map((state) => [state, this.#counts.get(keyOf(method, state)) ?? 0])
      return [method, Object.fromEntries(counts) as Record<PaymentState, number>]
    }
    return Object.fromEntries(PAYMENT_METHODS.map(ofMethod)) as CountsOfPayments
  }

  #move(method: PaymentMethod, state: PaymentState, by: number): void {
    const key = keyOf(method, state)
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + by)
  }
}

function keyOf(method: PaymentMethod, state: PaymentState): string {
  return `${method}:${state}`
}
