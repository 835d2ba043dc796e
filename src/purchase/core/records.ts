/**
 * What the seat office of an event keeps: plain rows. A decision is a value and a list of changes to rows; the shell
 * writes the changes of one decision in one synchronous block, and an office rebuilt from its rows is the one that wrote
 * them.
 */
import type { EpochMs } from '../../core/time.ts'

/** Integer minor units of the one currency that the catalogue is in, such as cents or won. */
export type Amount = number

export const SEAT_STATES = ['free', 'held', 'paying', 'sold'] as const
export type SeatState = (typeof SEAT_STATES)[number]

export type SeatRecord = {
  /** `<section>-<row>-<number>`. */
  readonly seatId: string
  /** The order of the catalogue, from 0. */
  readonly ordinal: number
  readonly section: string
  readonly row: number
  readonly number: number
  readonly price: Amount
  readonly state: SeatState
  /** Who has it; null exactly when it is free. */
  readonly reservationId: string | null
}

export const RESERVATION_STATES = [
  'held',
  'paying',
  'paid',
  'failed',
  'expired',
  'cancelled',
  'refund_due',
  'refunded',
  'stuck',
] as const
export type ReservationState = (typeof RESERVATION_STATES)[number]

export type ReservationRecord = {
  readonly reservationId: string
  readonly userId: string
  readonly admissionId: string
  readonly seatIds: readonly string[]
  /** By the catalogue at the time of the hold. */
  readonly amount: Amount
  readonly state: ReservationState
  readonly createdAtMs: EpochMs
  /** Without a payment under way the seats are free again from here on. */
  readonly holdEndsAtMs: EpochMs
  /** The payment under way, or the one that decided; null before the first. */
  readonly paymentId: string | null
}

export const PAYMENT_METHODS = ['wallet', 'provider'] as const
export type PaymentMethod = (typeof PAYMENT_METHODS)[number]

export const PAYMENT_STATES = [
  'pending',
  'paid',
  'failed',
  'expired',
  'refund_due',
  'refunded',
  'stuck',
] as const
export type PaymentState = (typeof PAYMENT_STATES)[number]

export type PaymentRecord = {
  readonly paymentId: string
  readonly reservationId: string
  readonly userId: string
  readonly method: PaymentMethod
  readonly amount: Amount
  readonly state: PaymentState
  readonly createdAtMs: EpochMs
  /** From here on a checkout at a provider is closed. A wallet answers at once: there it is `createdAtMs`. */
  readonly deadlineAtMs: EpochMs
  /** What the provider calls it; null for a wallet, and until the checkout is open. */
  readonly reference: string | null
  /** Where the visitor pays; null for a wallet, and until the checkout is open. */
  readonly checkoutUrl: string | null
}

/**
 * Something that the office owes to somebody outside, done again until it is acknowledged:
 * - `debit`: take the payment out of the visitor's wallet; the subject is a payment's id
 * - `close`: close the payment's checkout at the provider, and learn how it went; a payment's id
 * - `refund`: give the payment back; a payment's id
 * - `complete`: tell the line that an admission has ended in a sale; an admission's id
 * - `webhook`: tell the shop; `<type>:<id>`
 */
export const ERRAND_KINDS = ['debit', 'close', 'refund', 'complete', 'webhook'] as const
export type ErrandKind = (typeof ERRAND_KINDS)[number]

export type Errand = {
  readonly kind: ErrandKind
  /** What it is about. One errand for each kind and subject. */
  readonly subject: string
  /** JSON, for a webhook; empty for the others, which read what they need when they run. */
  readonly payload: string
  readonly dueAtMs: EpochMs
  readonly attempts: number
}

/** How an errand is found. */
export type ErrandKey = Pick<Errand, 'kind' | 'subject'>

/** What was asked for and answered: the same operation again gets the same answer. */
export type OperationRecord = {
  readonly operationId: string
  /** Of the request, so that another one with the same key is not taken for it. */
  readonly requestHash: string
  /** JSON. */
  readonly answer: string
  readonly atMs: EpochMs
}

export type Change =
  /** The whole catalogue; seats that are not in it any more go. */
  | { readonly kind: 'seats_planned'; readonly seats: readonly SeatRecord[] }
  | {
      readonly kind: 'seats_changed'
      readonly seatIds: readonly string[]
      readonly state: SeatState
      readonly reservationId: string | null
    }
  /** New or changed. */
  | { readonly kind: 'reservation_saved'; readonly reservation: ReservationRecord }
  /** New or changed. `before`: the state that it had; null when it is new. */
  | {
      readonly kind: 'payment_saved'
      readonly payment: PaymentRecord
      readonly before: PaymentState | null
    }
  /** New, or due at another time. */
  | { readonly kind: 'errand_saved'; readonly errand: Errand }
  | { readonly kind: 'errand_done'; readonly errand: ErrandKey }
  | { readonly kind: 'operation_kept'; readonly operation: OperationRecord }
  /** Grows with every change that the public map shows. */
  | { readonly kind: 'version_raised'; readonly version: number }

/** The outcome of one decision. `value` is the answer, `changes` must be durable before it is given. */
export type Decision<T> = { readonly value: T; readonly changes: readonly Change[] }

export function decision<T>(value: T, changes: readonly Change[] = []): Decision<T> {
  return { value, changes }
}
