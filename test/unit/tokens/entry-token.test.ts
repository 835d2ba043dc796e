import {
  SignJWT,
  UnsecuredJWT,
  createLocalJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  importJWK,
  jwtVerify,
} from 'jose'
import type { JWK } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { parseConfig } from '../../../src/config.ts'
import type { ConfigEnv } from '../../../src/config.ts'
import type { EntryGrant, EntryTokens } from '../../../src/ports/tokens.ts'
import { createEntryTokens } from '../../../src/tokens/entry-token.ts'
import { TEST_ENV } from '../http/gateway.ts'
import { signingJwks } from './keys.ts'

const SECRET = 's'.repeat(64)
const T0 = Date.UTC(2026, 2, 1, 10)
const GRANT: EntryGrant = {
  userId: 'g_visitor',
  eventId: 'demo',
  admissionId: 'demo.AAAAAAAAAAAAAAAAAAAAAA',
  issuedAtMs: T0 + 250,
  expiresAtMs: T0 + 300_000,
}
const CLAIMS = {
  iss: 'usher',
  aud: 'shop',
  sub: GRANT.userId,
  eventId: GRANT.eventId,
  purpose: 'QUEUE_ENTRY',
  jti: GRANT.admissionId,
  iat: T0 / 1_000,
  exp: T0 / 1_000 + 300,
}

let oldKey: JWK
let newKey: JWK
beforeAll(async () => {
  ;[oldKey, newKey] = (await signingJwks('old', 'new')) as [JWK, JWK]
})

function tokensWith(env: ConfigEnv): EntryTokens {
  const parsed = parseConfig({ ...TEST_ENV, ...env })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error))
  return createEntryTokens(parsed.value)
}

function es256(...keys: readonly JWK[]): EntryTokens {
  return tokensWith({ ENTRY_TOKEN_PRIVATE_JWKS: JSON.stringify({ keys }) })
}

async function signed(
  claims: Record<string, unknown>,
  header: { alg: string; kid?: string },
  key: Uint8Array | JWK,
) {
  const signing = key instanceof Uint8Array ? key : await importJWK(key, header.alg)
  return new SignJWT(claims).setProtectedHeader(header).sign(signing)
}

describe('ES256', () => {
  it('the token carries exactly the claims of the contract, in whole seconds', async () => {
    const token = await es256(newKey).sign(GRANT)
    expect(decodeJwt(token)).toEqual(CLAIMS)
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'ES256', kid: 'new', typ: 'JWT' })
  })

  it('anybody verifies it with the published keys, which hold nothing private', async () => {
    const tokens = es256(newKey, oldKey)
    const { keys } = tokens.jwks()
    expect(keys.map((key) => Object.keys(key).toSorted())).toEqual(
      Array.from({ length: 2 }, () => ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']),
    )
    const keySet = createLocalJWKSet({ keys: keys.map((key) => ({ ...key })) })
    const verified = await jwtVerify(await tokens.sign(GRANT), keySet, {
      issuer: 'usher',
      audience: 'shop',
      currentDate: new Date(T0),
    })
    expect(verified.payload.jti).toBe(GRANT.admissionId)
  })

  it('says whose admission it is, also after it has expired: the ledger judges that', async () => {
    const tokens = es256(newKey)
    const { userId, eventId, admissionId, expiresAtMs } = GRANT
    const past = { ...GRANT, issuedAtMs: 0, expiresAtMs: 1_000 }
    expect(await tokens.verify(await tokens.sign(GRANT))).toEqual({
      ok: true,
      value: { userId, eventId, admissionId, expiresAtMs },
    })
    expect(await tokens.verify(await tokens.sign(past))).toMatchObject({
      ok: true,
      value: { expiresAtMs: 1_000 },
    })
  })

  it('a token of the old key verifies during a rotation, and no longer after it', async () => {
    const token = await es256(oldKey).sign(GRANT)
    expect(await es256(newKey, oldKey).verify(token)).toMatchObject({ ok: true })
    expect(await es256(newKey).verify(token)).toEqual({ ok: false, error: 'token-invalid' })
  })

  it('both keys of a rotation are published, and the first one signs', async () => {
    const tokens = es256(newKey, oldKey)
    expect(tokens.jwks().keys.map((key) => key.kid)).toEqual(['new', 'old'])
    expect(decodeProtectedHeader(await tokens.sign(GRANT)).kid).toBe('new')
  })
})

describe('a verifier of ES256', () => {
  it('refuses a token of another algorithm before a key is tried', async () => {
    const tokens = es256(newKey)
    const publicBytes = new TextEncoder().encode(JSON.stringify(tokens.jwks().keys[0]))
    const forged = [
      new UnsecuredJWT(CLAIMS).encode(),
      await signed(CLAIMS, { alg: 'HS256', kid: 'new' }, publicBytes),
      await signed(CLAIMS, { alg: 'HS512', kid: 'new' }, new TextEncoder().encode(SECRET)),
    ]
    for (const token of forged)
      expect(await tokens.verify(token)).toEqual({ ok: false, error: 'token-invalid' })
  })

  it('refuses a token of a stranger’s key, whatever it calls the key', async () => {
    const [stranger] = (await signingJwks('new')) as [JWK]
    const tokens = es256(newKey)
    for (const header of [{ alg: 'ES256', kid: 'new' }, { alg: 'ES256', kid: 'unknown' }, { alg: 'ES256' }]) {
      expect(await tokens.verify(await signed(CLAIMS, header, stranger))).toEqual({
        ok: false,
        error: 'token-invalid',
      })
    }
    expect(await tokens.verify(await signed(CLAIMS, { alg: 'ES256' }, newKey))).toMatchObject({ ok: false })
  })

  it.each([
    ['another issuer', { iss: 'somebody' }],
    ['another audience', { aud: 'elsewhere' }],
    ['a list of audiences', { aud: ['shop', 'elsewhere'] }],
    ['another purpose', { purpose: 'LOGIN' }],
    ['no purpose', { purpose: undefined }],
    ['an admission of another event', { eventId: 'other' }],
    ['an id that is no admission', { jti: 'demo' }],
    ['no subject', { sub: undefined }],
    ['an empty subject', { sub: '' }],
    ['no expiry', { exp: undefined }],
    ['an expiry that is no number', { exp: '1' }],
  ])('refuses a token of our key with %s', async (_what, change) => {
    const token = await signed({ ...CLAIMS, ...change }, { alg: 'ES256', kid: 'new' }, newKey)
    expect(await es256(newKey).verify(token)).toEqual({ ok: false, error: 'token-invalid' })
  })

  it.each(['', 'a', 'a.b', 'a.b.c', '..', 'null', '{"alg":"ES256"}', '💥.💥.💥'])(
    'refuses %j, which is no token',
    async (text) => {
      expect(await es256(newKey).verify(text)).toEqual({ ok: false, error: 'token-invalid' })
    },
  )

  it('refuses a changed payload, header or signature', async () => {
    const tokens = es256(newKey)
    const parts = (await tokens.sign(GRANT)).split('.')
    for (const index of parts.keys()) {
      const changed = parts.map((part, at) =>
        at === index ? part.slice(0, 4) + flip(part.charAt(4)) + part.slice(5) : part,
      )
      expect(await tokens.verify(changed.join('.'))).toEqual({ ok: false, error: 'token-invalid' })
    }
  })
})

describe('HS512', () => {
  const hs512 = (secret: string, previous?: string): EntryTokens =>
    tokensWith({
      ENTRY_TOKEN_ALG: 'HS512',
      ENTRY_TOKEN_SECRET: secret,
      ...(previous !== undefined && { ENTRY_TOKEN_SECRET_PREVIOUS: previous }),
    })

  it('publishes no key and says nothing of the secret', async () => {
    const tokens = hs512(SECRET)
    expect(tokens.jwks()).toEqual({ keys: [] })
    expect(decodeProtectedHeader(await tokens.sign(GRANT))).toEqual({ alg: 'HS512', typ: 'JWT' })
  })

  it('the previous secret verifies until it is removed', async () => {
    const token = await hs512(SECRET).sign(GRANT)
    const next = 'n'.repeat(64)
    expect(await hs512(next, SECRET).verify(token)).toMatchObject({ ok: true })
    expect(await hs512(next).verify(token)).toEqual({ ok: false, error: 'token-invalid' })
  })

  it('a token of a weaker algorithm with the right secret is refused', async () => {
    const token = await signed(CLAIMS, { alg: 'HS256' }, new TextEncoder().encode(SECRET))
    expect(await hs512(SECRET).verify(token)).toEqual({ ok: false, error: 'token-invalid' })
    expect(await hs512(SECRET).verify(new UnsecuredJWT(CLAIMS).encode())).toMatchObject({ ok: false })
  })
})

function flip(character: string): string {
  return character === 'A' ? 'B' : 'A'
}
