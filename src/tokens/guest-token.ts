/** Guest sessions: HS256 with the Worker's own secret, for visitors of a site without an identity provider. */
import { SignJWT, base64url, jwtVerify } from 'jose'
import type { JWTPayload } from 'jose'
import type { GuestSession, VisitorClaims, VisitorTokens } from '../ports/tokens.ts'
import { visitorClaims } from './visitor-claims.ts'
import { err, ok } from '../core/result.ts'
import { VerifiedTokens } from './verified-tokens.ts'

/** Not those of entry tokens: a token of one kind is never one of the other, whatever the keys. */
const ISSUER = 'usher:guest'
const AUDIENCE = 'usher:visitor'

/** As random as a UUID: two guests never share a place. */
const GUEST_ID_BYTES = 16

export function createGuestTokens(config: {
  readonly sessionSecret: string
  readonly visitorTokenTtlSeconds: number
}): VisitorTokens {
  // Imported once: given bytes, the library imports them for every token. The key is kept and not the promise of it,
  // which would belong to the request that made it.
  let imported: CryptoKey | undefined
  const verified = new VerifiedTokens<VisitorClaims>()
  const key = async (): Promise<CryptoKey> => (imported ??= await importKey(config.sessionSecret))
  return {
    createGuest: async (nowMs) => {
      const guest = await signGuest(await key(), Math.floor(nowMs / 1_000), config.visitorTokenTtlSeconds)
      // What was signed here needs not be verified here, and whoever gets a session uses it at once.
      verified.put(guest.token, { userId: guest.userId, isOperator: false }, guest.expiresAtMs)
      return guest
    },
    verify: async (token) => {
      const known = verified.get(token, Date.now())
      if (known !== undefined) return ok(known)
      const payload = await verifiedPayload(token, await key())
      if (payload === null) return err('token-invalid')
      const claims = visitorClaims(payload)
      if (claims.ok) verified.put(token, claims.value, (payload.exp ?? 0) * 1_000)
      return claims
    },
  }
}

/** Null for what is malformed, expired, forged or of another kind: all the same to a stranger. */
function verifiedPayload(token: string, key: CryptoKey): Promise<JWTPayload | null> {
  return jwtVerify(token, key, {
    algorithms: ['HS256'],
    issuer: ISSUER,
    audience: AUDIENCE,
    requiredClaims: ['sub', 'exp'],
  }).then(
    ({ payload }) => payload,
    () => null,
  )
}

function importKey(secret: string): Promise<CryptoKey> {
  const bytes = new TextEncoder().encode(secret)
  return crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify'])
}

async function signGuest(key: CryptoKey, nowSeconds: number, ttlSeconds: number): Promise<GuestSession> {
  const userId = `g_${base64url.encode(crypto.getRandomValues(new Uint8Array(GUEST_ID_BYTES)))}`
  const expiresAtSeconds = nowSeconds + ttlSeconds
  const token = await new SignJWT({ role: 'USER' })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setSubject(userId)
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setIssuedAt(nowSeconds)
    .setExpirationTime(expiresAtSeconds)
    .sign(key)
  return { userId, token, expiresAtMs: expiresAtSeconds * 1_000 }
}
