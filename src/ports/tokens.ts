/** What the line and the gateway ask of signed tokens. Adapters: src/tokens. */
import type { EpochMs } from '../core/time.ts'
import type { Result } from '../core/result.ts'

export type EntryGrant = {
  readonly userId: string
  readonly eventId: string
  readonly admissionId: string
  readonly issuedAtMs: EpochMs
  readonly expiresAtMs: EpochMs
}

export type VerifiedGrant = Omit<EntryGrant, 'issuedAtMs'>

/** A public key of RFC 7517, as anybody may fetch it. */
export type PublicKeyView = {
  readonly kty: 'EC'
  readonly crv: 'P-256'
  readonly x: string
  readonly y: string
  readonly kid: string
  readonly alg: 'ES256'
  readonly use: 'sig'
}

export interface EntryTokens {
  /** The JWT of an admission, signed with the newest key. Times are cut to whole seconds (RFC 7519, NumericDate). */
  sign(grant: EntryGrant): Promise<string>
  /**
   * Says whose admission a token is. Checks the signature and every claim except the expiry: the ledger of the event
   * judges that, so that a token and its lease can never disagree.
   */
  verify(token: string): Promise<Result<VerifiedGrant, 'token-invalid'>>
  /** Empty when the tokens are signed with a shared secret. */
  jwks(): { readonly keys: readonly PublicKeyView[] }
}

export type VisitorClaims = {
  readonly userId: string
  /** The `role` claim is `ADMIN`. */
  readonly isOperator: boolean
}

export type GuestSession = { readonly userId: string; readonly token: string; readonly expiresAtMs: EpochMs }

export interface VisitorTokens {
  /** A new guest, or null when an identity provider is configured and guests are refused. */
  createGuest(nowMs: EpochMs): Promise<GuestSession | null>
  /**
   * Policy when the identity provider is away: `identity-unavailable` for tokens that need a key which is not cached;
   * nobody is let in unchecked.
   */
  verify(token: string): Promise<Result<VisitorClaims, 'token-invalid' | 'identity-unavailable'>>
}

/** Somebody who has signed in with the operator's key. */
export type OperatorSession = {
  /** What they call themselves. */
  readonly name: string
  readonly startedAtMs: EpochMs
  readonly expiresAtMs: EpochMs
}

export type SignedSession = { readonly token: string; readonly session: OperatorSession }

export interface OperatorSessions {
  start(name: string, nowMs: EpochMs): Promise<SignedSession>
  /** A later end. Null while there is no need of it yet, and when the session cannot live any longer. */
  renew(session: OperatorSession, nowMs: EpochMs): Promise<SignedSession | null>
  /** Null for whatever is no live session of this deployment's present keys. */
  verify(token: string, nowMs: EpochMs): Promise<OperatorSession | null>
}
