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
  // Imported once: given bytes, the library imports them for every token. The key is kept and not the promise of it,
  // which would belong to the request that made it.
  let imported: CryptoKey | undefined
  const key = async (): Promise<CryptoKey> => (imported ??= await importKey(config.sessionSecret))
  return {
    createGuest: async (nowMs) =>
      signGuest(await key(), Math.floor(nowMs / 1_000), config.visitorTokenTtlSeconds),
    verify: async (token) =>
      jwtVerify(token, await key(), {
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
