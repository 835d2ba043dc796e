/** Guest sessions: HS256 with the Worker's own secret, for visitors of a site without an identity provider. */
import { SignJWT, base64url, jwtVerify } from 'jose'
import type { GuestSession, VisitorTokens } from '../ports/tokens.ts'
import { visitorClaims } from './visitor-claims.ts'
import { err } from '../core/result.ts'

/** Not those of entry tokens: a token of one kind is never one of the other, whatever the keys. */
const ISSUER = 'usher:guest'
const AUDIENCE = 'usher:visitor'

/** As random as a UUID: two guests never share a place. */
const GUEST_ID_BYTES = 16

export function createGuestTokens(config: {
  readonly sessionSecret: string
  readonly visitorTokenTtlSeconds: number
}): VisitorTokens {
  const key = new TextEncoder().encode(config.sessionSecret)
  return {
    createGuest: (nowMs) => signGuest(key, Math.floor(nowMs / 1_000), config.visitorTokenTtlSeconds),
    verify: (token) =>
      jwtVerify(token, key, {
        algorithms: ['HS256'],
        issuer: ISSUER,
        audience: AUDIENCE,
        requiredClaims: ['sub', 'exp'],
      }).then(
        ({ payload }) => visitorClaims(payload),
        // Malformed, expired, forged or of another kind: all the same to a stranger.
        () => err('token-invalid'),
      ),
  }
}

async function signGuest(key: Uint8Array, nowSeconds: number, ttlSeconds: number): Promise<GuestSession> {
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
