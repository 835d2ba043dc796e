/**
 * What a payment provider can be asked. Adapters speak the provider's API and answer in these words; they keep nothing
 * and decide nothing. Every method may be repeated with the same payment: what is created, cancelled or refunded is so
 * once. None throws for what a provider or the network does: an answer that never came is `unknown`.
 */
import type { EpochMs } from '../../core/time.ts'
import type { Result } from '../../core/result.ts'
import type { Amount } from '../core/records.ts'

export const PROVIDERS = ['fake', 'stripe', 'toss'] as const
export type ProviderName = (typeof PROVIDERS)[number]

/** A payment as its provider is told of it. The same for every call, since providers compare repeated requests. */
export type ProviderPayment = {
  readonly paymentId: string
  /** In minor units of `currency`. */
  readonly amount: Amount
  /** ISO 4217, upper case. */
  readonly currency: string
  /** What the visitor reads on the checkout page. */
  readonly description: string
  readonly createdAtMs: EpochMs
  /** Where this service is reached: `https://host`. */
  readonly origin: string
  /** The provider's own id; null while the answer to `create` is not known. */
  readonly reference: string | null
}

/** What the provider says of a payment. */
export type ProviderState =
  /** Not decided: the visitor may still pay. */
  | { readonly kind: 'open' }
  | { readonly kind: 'paid'; readonly amount: Amount; readonly currency: string }
  /** Refused; nobody has been charged. */
  | { readonly kind: 'failed' }
  /** Cancelled or run out: it cannot be paid any more. */
  | { readonly kind: 'closed' }
  | { readonly kind: 'refunded' }

/** `refused`: the provider will not do it, however often it is asked; `code` is its word for why. */
export type Refused = { readonly kind: 'refused'; readonly code: string }
/** No answer, or one that says nothing: it may have happened or not. */
export type Unknown = { readonly kind: 'unknown'; readonly cause: string }

export type CreateReply =
  | { readonly kind: 'created'; readonly reference: string; readonly checkoutUrl: string }
  | Refused
  | Unknown
export type StateReply = { readonly kind: 'known'; readonly state: ProviderState } | Unknown
/** `pending`: accepted, and to be asked for again. */
export type RefundReply = { readonly kind: 'refunded' } | { readonly kind: 'pending' } | Refused | Unknown

/** One delivery of a webhook, as it arrived. */
export type Delivery = {
  readonly headers: Headers
  /** To the letter: signatures are over these bytes. */
  readonly body: string
  readonly receivedAtMs: EpochMs
}

/** What a delivery is worth once it has been verified. */
export type WebhookNews =
  /** Signed by the provider: may be believed. `eventId` names the delivery's event, the same when it is repeated. */
  | {
      readonly kind: 'signed'
      readonly eventId: string
      readonly paymentId: string
      readonly state: ProviderState
    }
  /** Anybody may have written it: a reason to ask the provider, and nothing more. */
  | { readonly kind: 'hint'; readonly paymentId: string }
  /** Genuine, and not about a payment of ours. */
  | { readonly kind: 'other' }

export type WebhookFault = 'signature-invalid' | 'unreadable'

/** What the visitor's browser brings back from the provider's page. */
export type Returned = { readonly paymentId: string; readonly proof: string | null }

export interface PaymentProvider {
  readonly name: ProviderName
  /** Opens a checkout. Safe to repeat: the same payment has one checkout. */
  create(payment: ProviderPayment): Promise<CreateReply>
  /** Whether a delivery is the provider's, and what it says. Calls nobody. */
  verifyWebhook(delivery: Delivery): Result<WebhookNews, WebhookFault>
  /** Which payment a browser comes back from; null when the address says nothing of the kind. */
  readReturn(query: URLSearchParams): Returned | null
  /**
   * Takes the money that the visitor has agreed to, for providers that wait for us (`proof` is theirs); for the others
   * the same as `fetch`.
   */
  confirm(payment: ProviderPayment, proof: string): Promise<StateReply>
  fetch(payment: ProviderPayment): Promise<StateReply>
  /** Sees to it that the payment cannot be made any more, and says how it stands: it may have been made already. */
  cancel(payment: ProviderPayment): Promise<StateReply>
  /** Gives back all that was paid. */
  refund(payment: ProviderPayment): Promise<RefundReply>
}
