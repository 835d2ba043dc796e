/** What operators are shown of a sale: JSON bodies, also for the console. */
import type { CountsOfPayments } from './core/payment-counts.ts'
import type { Amount, ErrandKind, PaymentMethod, PaymentState } from './core/records.ts'

/** How the sale of an event stands. */
export type SaleFigures = {
  readonly eventId: string
  /** All zero: it sells none. A seat that is being paid for is held. */
  readonly seats: Readonly<Record<'free' | 'held' | 'sold', number>>
  readonly payments: CountsOfPayments
  /** When the oldest of those that are stuck was begun; null when none is. */
  readonly oldestStuckAt: string | null
  /** What others have not acknowledged yet. */
  readonly owed: Readonly<Record<ErrandKind, number>>
}

export type Payment = { readonly paymentId: string; readonly state: PaymentState; readonly amount: Amount }

export type PaymentDetail = Payment & {
  readonly reservationId: string
  readonly userId: string
  readonly method: PaymentMethod
  readonly createdAt: string
  readonly deadlineAt: string
  /** What the provider calls it. */
  readonly reference: string | null
}

/** `paid` and `failed` for a payment that is stuck, `refunded` for one that is due to be. */
export const RESOLUTIONS = ['paid', 'failed', 'refunded'] as const
export type Resolution = (typeof RESOLUTIONS)[number]
