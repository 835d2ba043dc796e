/**
 * What the office asks of a payment provider. An adapter speaks the provider's HTTP; it keeps nothing, decides nothing and
 * throws nothing: every call has a timeout, and what went wrong is a value.
 */
import type { Result } from '../../core/result.ts'
import type { EpochMs } from '../../core/time.ts'
import type { Amount } from '../core/records.ts'

export const PROVIDERS = ['fake', 'stripe', 'toss'] as const
export type ProviderName = (typeof PROVIDERS)[number]

/**
 * - `declined`: the provider has understood and refuses; asking again is in vain
 * - `unreachable`: no answer, or one that says to come back; nothing is known, the same may be asked again
 * - `unknown`: the provider does not know the payment, or its answer cannot be understood
 */
export type ProviderFailure = 'declined' | 'unreachable' | 'unknown'

export type CheckoutRequest = {
  /** Also the idempotency key: asked twice, the provider answers the same checkout. */
  readonly paymentId: string
  readonly amount: Amount
  /** What the visitor sees there. */
  readonly description: string
  /** Where the provider sends the visitor back to, whatever became of it. */
  readonly returnUrl: string
  /** When it would be closed; a provider whose checkouts live longer is told to close it then. */
  readonly expiresAtMs: EpochMs
}

export type Checkout = { readonly reference: string; readonly checkoutUrl: string }

/** Names a payment at the provider. `reference` is null when no answer to `create` was ever heard. */
export type ProviderPayment = {
  readonly paymentId: string
  readonly reference: string | null
  readonly amount: Amount
}

/** How a payment stands at the provider. `amount`: what the provider has taken. */
export type ProviderStatus =
  | { readonly kind: 'pending' }
  | { readonly kind: 'paid'; readonly amount: Amount }
  | { readonly kind: 'failed' }
  | { readonly kind: 'expired' }

/** A webhook that is the provider's. `eventId` is the same when the provider repeats it. */
export type ProviderNews = {
  readonly eventId: string
  readonly paymentId: string
  readonly status: ProviderStatus
}

export type WebhookRequest = {
  readonly headers: Headers
  /** Unparsed: signatures are over bytes. */
  readonly rawBody: string
  readonly nowMs: EpochMs
}

export interface PaymentProvider {
  readonly name: ProviderName
  create(request: CheckoutRequest): Promise<Result<Checkout, ProviderFailure>>
  /**
   * Null: authentic, and about nothing that concerns a payment of ours. `signature-invalid` covers every way of not being
   * the provider's: missing, malformed, wrong or too old.
   */
  verifyWebhook(
    request: WebhookRequest,
  ): Promise<Result<ProviderNews | null, 'signature-invalid' | 'unreachable'>>
  fetch(payment: ProviderPayment): Promise<Result<ProviderStatus, ProviderFailure>>
  /** Closes the checkout, so that nobody can pay any more; answers how the payment stands after that. */
  cancel(payment: ProviderPayment): Promise<Result<ProviderStatus, ProviderFailure>>
  /** Gives all of it back. Done already counts as done. */
  refund(payment: ProviderPayment): Promise<Result<null, ProviderFailure>>
}
