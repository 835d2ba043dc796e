/** What the parts of the purchase service ask of each other. Calls go over RPC. */
import type { EntranceFailure } from '../core/entrance.ts'
import type { Result } from '../core/result.ts'
import type { Kept, OperationFailure, OperationName } from '../ports/idempotency.ts'
import type { Amount, PaymentState, ReservationState } from './core/records.ts'
import type { Heard } from './payments/desk.ts'
import type { PaymentProvider, ProviderState } from './payments/port.ts'
import type { OperationKind } from './core/ledger.ts'
import type { OfficeFailure, Selection } from './core/office.ts'
import type { SectionPlan } from './core/seat-plan.ts'
import type { Payment, PaymentDetail, Resolution, SaleFigures } from './sale-views.ts'

export type { Payment, PaymentDetail, Resolution, SaleFigures } from './sale-views.ts'

/** What the gateway has of the purchase service. */
export interface PurchasePorts {
  readonly office: (eventId: string) => SeatOfficeApi
  readonly wallet: (userId: string) => WalletApi
  /** How the sales of these events stand, of those that sell seats. Never rejects: who does not answer is left out. */
  readonly figures: (eventIds: readonly string[]) => Promise<SaleFigures[]>
  /** Sums over all wallets. */
  readonly totals: () => Promise<LedgerTotals>
  /** A visitor gave an admission back. Never rejects: seats that are not reached are free when their hold ends. */
  readonly left: (eventId: string, admissionId: string) => Promise<void>
  /** Verifies webhooks; null when there are only wallets. */
  readonly provider: PaymentProvider | null
  readonly holdMs: number
}

export type OfficeResult<T> = Result<
  T,
  OfficeFailure | PaymentFailure | OperationFailure | NotInside | { readonly reason: 'store-unavailable' }
>

/** The admission lets nobody in: nothing was decided. */
export type NotInside = { readonly reason: 'not-inside'; readonly why: EntranceFailure }

/** Why a payment at a provider is not made, or not changed. */
export type PaymentFailure =
  | { readonly reason: 'payment-method-unavailable' }
  | { readonly reason: 'payment-refused' }
  | { readonly reason: 'payment-provider-unavailable' }
  | { readonly reason: 'payment-not-found' }
  | { readonly reason: 'payment-not-stuck'; readonly state: PaymentState }

/** The seat office of an event. SeatOffice implements it. */
export interface SeatOfficeApi extends ProviderPaymentsApi {
  /** How the sale stands: from memory and one indexed row, so it may be asked often. */
  figures(): Promise<SaleFigures>
  /** Replaces the catalogue; answers how many seats there are. */
  plan(sections: readonly SectionPlan[]): Promise<OfficeResult<{ readonly seatCount: number }>>
  /** `seats` is the JSON array; null when the map is still the one of `knownVersion`. */
  map(knownVersion: number | null): Promise<{ readonly version: number; readonly seats: string | null }>
  /** The same operation again gets the first answer. Redeems the admission if nobody has. */
  hold(request: HoldRequest): Promise<OfficeResult<Kept<Reservation>>>
  /** The first answer to an operation; null when it was never carried out, or has not come to its end. */
  answered(operation: OperationName): Promise<OfficeResult<Kept<Reservation | Checkout>> | null>
  /** `reservation-not-found` for everybody but its holder. */
  reservation(reservationId: string, userId: string): Promise<OfficeResult<Reservation>>
  giveUp(reservationId: string, userId: string): Promise<OfficeResult<null>>
  /** The admission was given back: so are the seats that it holds. */
  left(admissionId: string): Promise<void>
  /** Takes the price out of the visitor's wallet. Asked again, it answers how it stands. */
  payByWallet(call: PayCall): Promise<OfficeResult<Kept<Payment>>>
}

export type HoldCall = {
  readonly operation: OperationName
  readonly userId: string
  readonly admissionId: string
  readonly selection: Selection
  readonly holdMs: number
}

/** `sessionDigest`: for whom the admission is redeemed. */
export type HoldRequest = HoldCall & { readonly sessionDigest: string }

/** `admissionId`: the one with which the visitor is inside now. */
export type PayCall = {
  readonly operation: OperationName
  readonly reservationId: string
  readonly userId: string
  readonly admissionId: string
}

/** `GET .../reservations/{reservationId}`. */
export type Reservation = {
  readonly reservationId: string
  readonly eventId: string
  readonly seatIds: readonly string[]
  readonly amount: Amount
  /** When the seats are free again, unless they are paid for. */
  readonly expiresAt: string
  readonly state: ReservationState
  readonly paymentId: string | null
}

/** Payments at a provider. All of it may be repeated. */
export interface ProviderPaymentsApi {
  /** Opens a checkout for the price. Asked again, it answers how the payment stands. */
  payByProvider(call: ProviderCheckoutCall): Promise<OfficeResult<Kept<Checkout>>>
  /** News that the provider has signed. `providerEventId`: the same when they are repeated. */
  hearProvider(providerEventId: string, paymentId: string, state: ProviderState): Promise<Heard>
  /** Asks the provider how the payment stands. */
  lookAtPayment(paymentId: string): Promise<Heard>
  /** The visitor has agreed, as `proof` says to the provider. */
  confirmPayment(paymentId: string, proof: string): Promise<Heard>
  /** The oldest payments in this state. */
  payments(state: PaymentState): Promise<PaymentDetail[]>
  /** An operator has found out how a payment went that nobody could tell. */
  resolvePayment(paymentId: string, as: Resolution): Promise<OfficeResult<PaymentDetail>>
}

/** `origin`: the address at which the visitor uses this service. */
export type ProviderCheckoutCall = PayCall & { readonly origin: string }

/** `checkoutUrl`: where the visitor pays; null when that is over. */
export type Checkout = Payment & { readonly checkoutUrl: string | null }

/** A part of all wallets. WalletShard implements it. */
export interface WalletApi {
  balance(userId: string): Promise<Amount>
  /** Carries an operation out once, whoever asks how often; answers the visitor's balance after it. */
  post(call: PostCall): Promise<PostResult>
  /** Entries of the visitor's account, the newest first; `before`: an entry's id, null for the newest of all. */
  statement(userId: string, before: number | null, limit: number): Promise<StatementEntry[]>
  totals(): Promise<LedgerTotals>
}

export type PostCall = OperationName & {
  readonly kind: OperationKind
  readonly userId: string
  readonly amount: Amount
  readonly reference: string
}

export type PostResult = Result<
  Kept<{ readonly balance: Amount }>,
  OperationFailure | { readonly reason: 'insufficient-balance' }
>

export type StatementEntry = {
  readonly entryId: number
  readonly kind: OperationKind
  /** Positive: the visitor got it. */
  readonly amount: Amount
  readonly balance: Amount
  /** The payment that it belongs to; empty for a charge. */
  readonly reference: string
  readonly at: string
}

/** Sums over accounts. Visitors, funding and sales together are zero, and so is the sum of all entries. */
export type LedgerTotals = {
  readonly visitors: Amount
  readonly funding: Amount
  readonly sales: Amount
  readonly entries: Amount
  readonly operations: number
}
