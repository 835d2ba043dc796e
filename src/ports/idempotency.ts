/**
 * What happens once however often it is asked for. Either the gateway remembers the first answer to each Idempotency-Key
 * (IdempotencyApi, implemented by IdempotencyShard), or the object that carries the request out does, in the transaction
 * that carries it out.
 */

/** Names what a request does, for an object that remembers it itself. */
export type OperationName = {
  /** The same for the same caller and key. Without a key each request has its own. */
  readonly operationId: string
  /** Digest of method, path and body. */
  readonly requestHash: string
}

/** An answer of such an object. */
export type Kept<T> = {
  readonly answer: T
  /** It was given before; nothing was done now. */
  readonly isReplay: boolean
}

/** Why an operation is not carried out. */
export type OperationFailure =
  /** Its key was used with another request. */
  | { readonly reason: 'idempotency-key-reused' }
  /** The first request with its key has not been answered yet. */
  | { readonly reason: 'request-in-progress' }

export type StoredAnswer = {
  readonly status: number
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: string
}

export type BeginReply =
  /** Nobody has this key: run the request, then `finish` or `abandon` with this attempt. */
  | { readonly kind: 'fresh'; readonly attempt: string }
  | { readonly kind: 'replay'; readonly answer: StoredAnswer }
  /** The key was used with another request. */
  | { readonly kind: 'mismatch' }
  /** The first request with this key has not been answered yet. */
  | { readonly kind: 'in-progress' }

export interface IdempotencyApi {
  /** `key`: digest of caller and key. `requestHash`: digest of method, path and body. */
  begin(key: string, requestHash: string): Promise<BeginReply>
  /** Keeps the answer for 24 hours. Ignored when another attempt has taken over. */
  finish(key: string, attempt: string, answer: StoredAnswer): Promise<void>
  /** The request did not happen, as far as a retry is concerned. */
  abandon(key: string, attempt: string): Promise<void>
}
