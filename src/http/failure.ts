import type { LineFailure } from '../core/failures.ts'
import type { DropProblem } from '../drops/http/problems.ts'
import type { PurchaseFailure } from '../purchase/http/problems.ts'

/** What is wrong with one field; `pointer` is a JSON pointer (RFC 6901) into the body, or `/<name>` of a parameter. */
export type FieldFault = { readonly pointer: string; readonly detail: string }

/** What is wrong with the entry token in the header `Entry-Token`. `other-admission`: it was another that began this. */
export type EntryTokenFault = 'missing' | 'invalid' | 'expired' | 'ended' | 'other-admission'

/** Why the gateway itself refused. `forbidden`: a good credential of the wrong kind. */
export type GatewayFailure =
  | { readonly reason: 'invalid-request'; readonly errors: readonly FieldFault[] }
  | { readonly reason: 'unauthenticated' }
  | { readonly reason: 'token-invalid' }
  | { readonly reason: 'forbidden' }
  | { readonly reason: 'entry-token-required'; readonly fault: EntryTokenFault }
  | { readonly reason: 'entry-token-wrong-event' }
  | { readonly reason: 'cross-site-request' }
  | { readonly reason: 'not-found' }
  | { readonly reason: 'method-not-allowed'; readonly allow: readonly string[] }
  | { readonly reason: 'request-in-progress' }
  | { readonly reason: 'body-too-large' }
  | { readonly reason: 'unsupported-media-type' }
  | { readonly reason: 'idempotency-key-reused' }
  | { readonly reason: 'rate-limited'; readonly retryAfterSeconds: number }
  | { readonly reason: 'dead-letter-not-found' }
  | { readonly reason: 'internal-error' }
  | { readonly reason: 'misconfigured' }
  | { readonly reason: 'overloaded'; readonly retryAfterSeconds: number }
  | { readonly reason: 'identity-unavailable' }

/** Everything that an endpoint can answer besides success. */
export type Failure = LineFailure | GatewayFailure | PurchaseFailure | DropProblem

export function invalidRequest(...errors: readonly FieldFault[]): GatewayFailure {
  return { reason: 'invalid-request', errors }
}
