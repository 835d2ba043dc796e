/**
 * `usher/verify`: checks an entry token in the shop, offline, in any JavaScript runtime.
 *
 * Guarantees, for a ticket that `verify` returned: Usher signed it for this issuer, audience and (when given) event,
 * it says what it is for, and it has not expired.
 *
 * Does not know, because it asks nobody: whether another session has redeemed the token already, whether the
 * admission was revoked, released or ended, and whether the same token was shown here a second ago. A token that
 * verifies is a reason to call `POST /api/v1/admissions/redeem`, not a replacement for it: sell only to a session
 * whose redemption Usher has answered with 200.
 *
 * When the keys cannot be had the answer is `ERR_KEYS_UNAVAILABLE`, never a token taken on trust.
 */
import { createLocalJWKSet, createRemoteJWKSet, customFetch, errors, jwtVerify } from 'jose'
import type { JSONWebKeySet, JWTPayload, JWTVerifyGetKey } from 'jose'

/** Where the keys come from: exactly one of the three. It also pins the algorithm, whatever a token's header says. */
export type KeySource =
  /** ES256. `https://<usher>/.well-known/jwks.json`; plain http only on loopback. Fetched when needed and cached. */
  | {
      readonly jwksUrl: string | URL
      /** What fetches it, where that is not the runtime's own `fetch`: a service binding's. */
      readonly fetch?: (request: Request) => Promise<Response>
      readonly jwks?: never
      readonly secret?: never
    }
  /** ES256, with a key set that you fetched yourself. Renew the verifier when Usher's keys are rotated. */
  | { readonly jwks: JSONWebKeySet; readonly jwksUrl?: never; readonly secret?: never }
  /** HS512, as with `ENTRY_TOKEN_ALG=HS512`: at least 64 bytes, the same as `ENTRY_TOKEN_SECRET`. */
  | { readonly secret: string | Uint8Array; readonly jwksUrl?: never; readonly jwks?: never }

export type VerifierOptions = KeySource & {
  /** `ENTRY_TOKEN_ISSUER` of the waiting room. Default `usher`. */
  readonly issuer?: string
  /** `ENTRY_TOKEN_AUDIENCE` of the waiting room. Default `shop`. */
  readonly audience?: string
  /** The event this shop sells. Without it tokens of every event verify, and the caller must compare `eventId`. */
  readonly eventId?: string
  /** How far the clocks of Usher and the shop may differ. Default 0. */
  readonly clockToleranceSeconds?: number
}

/** What a valid token says. */
export type EntryTicket = {
  readonly admissionId: string
  readonly eventId: string
  readonly userId: string
  readonly issuedAt: Date
  readonly expiresAt: Date
}

export type EntryTokenErrorCode =
  | 'ERR_TOKEN_MALFORMED'
  | 'ERR_TOKEN_SIGNATURE'
  | 'ERR_TOKEN_EXPIRED'
  | 'ERR_TOKEN_CLAIM'
  | 'ERR_TOKEN_EVENT'
  | 'ERR_KEYS_UNAVAILABLE'

/** Why a token was refused. `code` is stable; `message` is for a log and holds neither the token nor its values. */
export class EntryTokenError extends Error {
  override readonly name = 'EntryTokenError'
  readonly code: EntryTokenErrorCode
  /** The claim at fault (`exp`, `aud`, `eventId`, ...), where it is one. */
  readonly claim: string | null

  constructor(code: EntryTokenErrorCode, claim: string | null = null, options?: ErrorOptions) {
    super(claim === null ? MESSAGES[code] : `${MESSAGES[code]}: ${claim}`, options)
    this.code = code
    this.claim = claim
  }
}

/** @throws {EntryTokenError} when the token is not a valid ticket, or the keys are out of reach. */
export type Verify = (token: string) => Promise<EntryTicket>

const MESSAGES: Readonly<Record<EntryTokenErrorCode, string>> = {
  ERR_TOKEN_MALFORMED: 'not an entry token',
  ERR_TOKEN_SIGNATURE: 'not signed by a key of this waiting room',
  ERR_TOKEN_EXPIRED: 'the entry token has expired',
  ERR_TOKEN_CLAIM: 'a claim is missing or wrong',
  ERR_TOKEN_EVENT: 'the entry token is for another event',
  ERR_KEYS_UNAVAILABLE: 'the keys of the waiting room cannot be had',
}

/** Longer texts are refused unread: a real token is below 600 characters. */
const TOKEN_LENGTH_MAX = 4096

/** RFC 7518 section 3.2: an HS512 key has at least the size of the hash. */
const SECRET_BYTES_MIN = 64

/** An unknown `kid` makes the keys be fetched again, so a rotation is seen, but not more often than this. */
const JWKS_COOLDOWN_MS = 5_000

/**
 * Makes the check for one shop; keep it, as it caches the keys.
 *
 * @throws {TypeError} at once when the options cannot be safe: no key source or two, a short secret, a key set over
 *   plain http from another host.
 */
export function createVerifier(options: VerifierOptions): Verify {
  const { getKey, algorithm } = keysOf(options)
  const checks = {
    algorithms: [algorithm],
    issuer: options.issuer ?? 'usher',
    audience: options.audience ?? 'shop',
    clockTolerance: options.clockToleranceSeconds ?? 0,
    requiredClaims: ['sub', 'jti', 'iat', 'exp'],
  }
  return async function verify(token) {
    if (typeof token !== 'string' || token.length > TOKEN_LENGTH_MAX)
      throw new EntryTokenError('ERR_TOKEN_MALFORMED')
    const { payload } = await jwtVerify(token, getKey, checks).catch((error: unknown) => {
      throw entryTokenErrorFrom(error)
    })
    return ticketFrom(payload, options.eventId)
  }
}

function keysOf(options: VerifierOptions): { getKey: JWTVerifyGetKey; algorithm: 'ES256' | 'HS512' } {
  const given = [options.jwksUrl, options.jwks, options.secret].filter((source) => source !== undefined)
  if (given.length !== 1) throw new TypeError('give exactly one of jwksUrl, jwks and secret')
  if (options.secret !== undefined) {
    const key = typeof options.secret === 'string' ? new TextEncoder().encode(options.secret) : options.secret
    if (key.byteLength < SECRET_BYTES_MIN) throw new TypeError(`secret: at least ${SECRET_BYTES_MIN} bytes`)
    return { getKey: () => key, algorithm: 'HS512' }
  }
  if (options.jwks !== undefined) return { getKey: createLocalJWKSet(options.jwks), algorithm: 'ES256' }
  const url = new URL(options.jwksUrl)
  // Whoever can answer in place of Usher could sign tickets of their own.
  const isLoopback = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback))
    throw new TypeError('jwksUrl: https only')
  const { fetch: fetchKeys } = options
  const keys = createRemoteJWKSet(url, {
    cooldownDuration: JWKS_COOLDOWN_MS,
    ...(fetchKeys && { [customFetch]: (href, init) => fetchKeys(new Request(href, init)) }),
  })
  return { getKey: keys, algorithm: 'ES256' }
}

/** jose's errors carry the claims of the token, so they are not kept as a `cause`. */
function entryTokenErrorFrom(error: unknown): EntryTokenError {
  if (error instanceof errors.JWTExpired) return new EntryTokenError('ERR_TOKEN_EXPIRED', error.claim)
  if (error instanceof errors.JWTClaimValidationFailed)
    return new EntryTokenError('ERR_TOKEN_CLAIM', error.claim)
  if (error instanceof errors.JWTInvalid || error instanceof errors.JWSInvalid) {
    return new EntryTokenError('ERR_TOKEN_MALFORMED')
  }
  if (isForeign(error)) return new EntryTokenError('ERR_TOKEN_SIGNATURE')
  return new EntryTokenError('ERR_KEYS_UNAVAILABLE', null, { cause: error })
}

function isForeign(error: unknown): boolean {
  return (
    error instanceof errors.JWSSignatureVerificationFailed ||
    error instanceof errors.JOSEAlgNotAllowed ||
    error instanceof errors.JOSENotSupported ||
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys
  )
}

function ticketFrom(payload: JWTPayload, expectedEventId: string | undefined): EntryTicket {
  if (payload['purpose'] !== 'QUEUE_ENTRY') throw new EntryTokenError('ERR_TOKEN_CLAIM', 'purpose')
  const eventId = textClaim(payload, 'eventId')
  if (expectedEventId !== undefined && eventId !== expectedEventId) {
    throw new EntryTokenError('ERR_TOKEN_EVENT', 'eventId')
  }
  return {
    admissionId: textClaim(payload, 'jti'),
    eventId,
    userId: textClaim(payload, 'sub'),
    issuedAt: timeClaim(payload, 'iat'),
    expiresAt: timeClaim(payload, 'exp'),
  }
}

function textClaim(payload: JWTPayload, claim: string): string {
  const value = payload[claim]
  if (typeof value !== 'string' || value === '') throw new EntryTokenError('ERR_TOKEN_CLAIM', claim)
  return value
}

/** RFC 7519 section 2, NumericDate: seconds since 1970-01-01 UTC. */
function timeClaim(payload: JWTPayload, claim: string): Date {
  const seconds = payload[claim]
  if (typeof seconds !== 'number' || !Number.isFinite(seconds))
    throw new EntryTokenError('ERR_TOKEN_CLAIM', claim)
  return new Date(seconds * 1_000)
}
