/**
 * The shop's session: who was let in, and until when, in a cookie that only the shop can write. It has no store, so
 * any instance of the shop can read it.
 */
import { base64url } from 'jose'

export type Session = {
  readonly eventId: string
  readonly admissionId: string
  readonly userId: string
  /** As in redeem: the one session that the admission belongs to. */
  readonly sessionId: string
  /** When the lease was taken or last renewed. */
  readonly sinceMs: number
  readonly expiresAtMs: number
}

export interface SessionSeal {
  /** The cookie's value. */
  seal(session: Session): Promise<string>
  /** Null for what this shop has not sealed, or has sealed for another event. Does not judge the expiry. */
  open(text: string | null, eventId: string): Promise<Session | null>
}

/** RFC 2104: a key as long as the hash. */
const SECRET_CHARS_MIN = 32
/** A cookie of ours has some 400 characters. */
const TEXT_CHARS_MAX = 2_048
/** What the signature is for, so that no other use of the same secret makes a session. */
const PURPOSE = 'usher-session.v1.'

/**
 * `secrets`: the first seals, all open, so that they can be rotated.
 * @throws {TypeError} without a secret, or with one of fewer than 32 characters.
 */
export function createSessionSeal(secrets: readonly string[]): SessionSeal {
  if (secrets.length === 0 || secrets.some((secret) => secret.length < SECRET_CHARS_MIN))
    throw new TypeError(`secrets: one or more, each of at least ${SECRET_CHARS_MIN} characters`)
  // Keys, not promises of them: on some platforms a promise belongs to the request that made it.
  let imported: readonly CryptoKey[] | undefined
  const keys = async (): Promise<readonly CryptoKey[]> =>
    (imported ??= await Promise.all(secrets.map(importKey)))
  return {
    async seal(session) {
      const payload = base64url.encode(JSON.stringify(session))
      const [key] = await keys()
      if (key === undefined) throw new Error('no secret')
      const mac = await crypto.subtle.sign('HMAC', key, signedBytes(payload))
      return `${payload}.${base64url.encode(new Uint8Array(mac))}`
    },
    async open(text, eventId) {
      const [payload, mac, rest] = (text ?? '').split('.', 3)
      if (payload === undefined || mac === undefined || rest !== undefined) return null
      if ((text ?? '').length > TEXT_CHARS_MAX) return null
      const macBytes = decoded(mac)
      const payloadBytes = decoded(payload)
      if (macBytes === null || payloadBytes === null) return null
      for (const key of await keys()) {
        if (!(await crypto.subtle.verify('HMAC', key, macBytes, signedBytes(payload)))) continue
        const session = JSON.parse(new TextDecoder().decode(payloadBytes)) as Session // Sealed by us.
        return session.eventId === eventId ? session : null
      }
      return null
    },
  }
}

function importKey(secret: string): Promise<CryptoKey> {
  const bytes = new TextEncoder().encode(secret)
  return crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify'])
}

function signedBytes(payload: string) {
  return new TextEncoder().encode(PURPOSE + payload)
}

function decoded(text: string): Uint8Array<ArrayBuffer> | null {
  try {
    return new Uint8Array(base64url.decode(text))
  } catch {
    // Not base64url, so not ours.
    return null
  }
}
