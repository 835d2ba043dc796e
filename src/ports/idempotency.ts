/** Remembers the first answer to each Idempotency-Key. IdempotencyShard implements it; calls go over RPC. */

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
