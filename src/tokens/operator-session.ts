/**
 * An operator's session: a short HS256 token for a cookie, so that a page need not keep the key. Its own key is made of
 * the session secret and the operator's key together: changing either ends every session. Nothing is stored.
 */
import { SignJWT, jwtVerify } from 'jose'
import type { JWTPayload } from 'jose'
import type { Config } from '../config.ts'
import type { EpochMs } from '../core/time.ts'
import type { OperatorSession, OperatorSessions, SignedSession } from '../ports/tokens.ts'

/** Not those of any other token. */
const ISSUER = 'usher:operator'
const AUDIENCE = 'usher:console'

/** A machine that was left unlocked stays signed in this long. */
export const SESSION_SECONDS = 1_800
/** A working day; then the key is asked for again, however busy the page was. */
const SESSION_SECONDS_MAX = 12 * 3_600

export function createOperatorSessions(
  config: Pick<Config, 'adminApiKey' | 'sessionSecret'>,
): OperatorSessions {
  // The key is kept and not the promise of it, which would belong to the request that made it.
  let derived: CryptoKey | undefined
  const key = async (): Promise<CryptoKey> => (derived ??= await deriveKey(config))
  const sign = async (name: string, startedAtMs: EpochMs, nowMs: EpochMs): Promise<SignedSession> => {
    const endsAtMs = startedAtMs + SESSION_SECONDS_MAX * 1_000
    const expiresAtMs = wholeSeconds(Math.min(nowMs + SESSION_SECONDS * 1_000, endsAtMs))
    const session = { name, startedAtMs, expiresAtMs }
    return { token: await signSession(await key(), session, nowMs), session }
  }
  return {
    start: (name, nowMs) => sign(name, wholeSeconds(nowMs), nowMs),
    async renew(session, nowMs) {
      if (session.expiresAtMs - nowMs > (SESSION_SECONDS * 1_000) / 2) return null
      const renewed = await sign(session.name, session.startedAtMs, nowMs)
      return renewed.session.expiresAtMs > session.expiresAtMs ? renewed : null
    },
    verify: async (token, nowMs) => verifiedSession(token, await key(), nowMs),
  }
}

async function deriveKey({
  adminApiKey,
  sessionSecret,
}: Pick<Config, 'adminApiKey' | 'sessionSecret'>): Promise<CryptoKey> {
  const text = new TextEncoder()
  const hmac = { name: 'HMAC', hash: 'SHA-256' }
  const secret = await crypto.subtle.importKey('raw', text.encode(sessionSecret), hmac, false, ['sign'])
  const bytes = await crypto.subtle.sign('HMAC', secret, text.encode(`${ISSUER}\n${adminApiKey}`))
  return crypto.subtle.importKey('raw', bytes, hmac, false, ['sign', 'verify'])
}

function signSession(key: CryptoKey, session: OperatorSession, nowMs: EpochMs): Promise<string> {
  return new SignJWT({ auth_time: session.startedAtMs / 1_000 })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setSubject(session.name)
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setIssuedAt(Math.floor(nowMs / 1_000))
    .setExpirationTime(session.expiresAtMs / 1_000)
    .sign(key)
}

/** Null for what is malformed, expired, forged or of another kind: all the same to a stranger. */
async function verifiedSession(
  token: string,
  key: CryptoKey,
  nowMs: EpochMs,
): Promise<OperatorSession | null> {
  const payload = await jwtVerify(token, key, {
    algorithms: ['HS256'],
    issuer: ISSUER,
    audience: AUDIENCE,
    requiredClaims: ['sub', 'exp', 'auth_time'],
    currentDate: new Date(nowMs),
  }).then(
    (verified): JWTPayload => verified.payload,
    () => null,
  )
  if (payload === null) return null
  const { sub, exp, auth_time: startedAtSeconds } = payload
  if (sub === undefined || exp === undefined || typeof startedAtSeconds !== 'number') return null
  return { name: sub, startedAtMs: startedAtSeconds * 1_000, expiresAtMs: exp * 1_000 }
}

/** A JWT counts in whole seconds (RFC 7519, NumericDate). */
function wholeSeconds(atMs: EpochMs): EpochMs {
  return Math.floor(atMs / 1_000) * 1_000
}
