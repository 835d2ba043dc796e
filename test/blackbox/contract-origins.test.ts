/** What the shop's server is promised: entry tokens that it can check by itself, and admissions that end exactly once. */
import { createHmac, randomBytes } from 'node:crypto'
import {
  base64url,
  createLocalJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  importJWK,
  jwtVerify,
  SignJWT,
  type JWK,
  type JWTPayload,
} from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createVerifier, EntryTokenError } from '../../src/verify/verify.ts'
import { ADMISSION_FIELDS, expectProblem, fieldsOf, ISO_TIME } from '../support/contract.ts'
import {
  eventually,
  startTestUsher,
  type Api,
  type TestStream,
  type TestUsher,
  type Visitor,
} from '../support/usher.ts'

type Admitted = {
  readonly eventId: string
  readonly visitor: Visitor
  readonly token: string
  readonly admissionId: string
}

let usher: TestUsher
let api: Api
/** The first signs, the second still verifies: the middle of a rotation. */
let signingKey: JWK
let formerKey: JWK

async function newSigningKey(kid: string): Promise<JWK> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  return { ...(await exportJWK(privateKey)), kid }
}

beforeAll(async () => {
  signingKey = await newSigningKey('now')
  formerKey = await newSigningKey('before')
  usher = await startTestUsher({
    ENTRY_TOKEN_PRIVATE_JWKS: JSON.stringify({ keys: [signingKey, formerKey] }),
  })
  api = usher.api
})

afterAll(() => usher.stop())

async function admit(config: object = {}, from: Api = api): Promise<Admitted> {
  const eventId = await from.event(config)
  const visitor = await from.visitor()
  await from.join(eventId, visitor)
  const { entryToken, admissionId } = await from.admitted(eventId, visitor)
  return { eventId, visitor, token: entryToken, admissionId }
}

/** Claims that are undefined are left out. */
async function resign(
  claims: Readonly<Record<string, unknown>>,
  key: JWK,
  header: { alg?: string; kid?: string } = {},
): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid: key.kid ?? '', ...header })
    .sign(await importJWK(key, 'ES256'))
}

const jwksUrl = (): string => `${usher.url}/.well-known/jwks.json`

describe.concurrent('an entry token', () => {
  it('says who, where, what for and how long, and nothing else', async () => {
    const { eventId, visitor, token, admissionId } = await admit({ entryTokenTtlSeconds: 77 })
    const claims = decodeJwt(token)
    expect(claims).toEqual({
      iss: 'usher',
      aud: 'shop',
      sub: visitor.userId,
      eventId,
      purpose: 'QUEUE_ENTRY',
      jti: admissionId,
      iat: expect.any(Number),
      exp: (claims.iat ?? 0) + 77,
    })
    expect(Math.abs((claims.iat ?? 0) - Date.now() / 1_000)).toBeLessThan(5)
    const { body } = await api.place(eventId, visitor)
    expect(Date.parse(body.entryTokenExpiresAt)).toBe((claims.exp ?? 0) * 1_000)
  })

  it('lives 300 seconds unless told otherwise', async () => {
    const { exp = 0, iat = 0 } = decodeJwt((await admit()).token)
    expect(exp - iat).toBe(300)
  })

  it('is verified by anybody with the published keys, private parts not among them', async () => {
    const { token, admissionId } = await admit()
    const { status, body: jwks, headers } = await api.request('GET', '/.well-known/jwks.json')
    expect([status, headers.get('content-type')]).toEqual([200, expect.stringMatching(/json/)])
    expect(jwks.keys.map(({ kid }: JWK) => kid)).toEqual(['now', 'before'])
    for (const key of jwks.keys) expect(fieldsOf(key)).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'ES256', typ: 'JWT', kid: 'now' })
    const { payload } = await jwtVerify(token, createLocalJWKSet(jwks), {
      algorithms: ['ES256'],
      issuer: 'usher',
      audience: 'shop',
    })
    expect(payload.jti).toBe(admissionId)
  })

  it('is verified by our own verifier, for its event alone', async () => {
    const { token, eventId, visitor, admissionId } = await admit()
    const ticket = await createVerifier({ jwksUrl: jwksUrl(), eventId })(token)
    expect(ticket).toMatchObject({ admissionId, eventId, userId: visitor.userId })
    const refusal = createVerifier({ jwksUrl: jwksUrl(), eventId: 'other' })(token)
    await expect(refusal).rejects.toThrow(EntryTokenError)
  })

  it('of the former key is good until the rotation is over', async () => {
    const { token } = await admit()
    const old = await resign(decodeJwt(token), formerKey)
    await createVerifier({ jwksUrl: jwksUrl() })(old)
    expect((await api.redeem(old, 's')).status).toBe(200)
  })
})

describe.concurrent('a token that is not good', () => {
  async function forgeries(token: string): Promise<Record<string, string>> {
    const claims = decodeJwt(token)
    const [header = '', payload = '', signature = ''] = token.split('.')
    const stranger = await newSigningKey('now')
    const spki = await exportSPKI(
      (await importJWK(publicPart(signingKey), 'ES256', { extractable: true })) as CryptoKey,
    )
    const altered = base64url.encode(JSON.stringify({ ...claims, eventId: 'other' }))
    const none = base64url.encode(JSON.stringify({ alg: 'none', typ: 'JWT' }))
    const hmacHead = base64url.encode(JSON.stringify({ alg: 'HS256', typ: 'JWT', kid: 'now' }))
    const hmac = (key: string): string =>
      `${hmacHead}.${payload}.${createHmac('sha256', key).update(`${hmacHead}.${payload}`).digest('base64url')}`
    return {
      'is no token': 'nonsense',
      'has two parts': `${header}.${payload}`,
      'has no signature': `${header}.${payload}.`,
      'has another signature': `${header}.${payload}.${base64url.encode(randomBytes(64))}`,
      'has been cut': token.slice(0, -4),
      'names another event, unsigned': `${header}.${altered}.${signature}`,
      'says that it needs no signature': `${none}.${payload}.`,
      'uses the public key as a shared secret': hmac(spki),
      'uses the public JWK as a shared secret': hmac(JSON.stringify(publicPart(signingKey))),
      'is signed by a stranger': await resign(claims, stranger),
      'is signed by a key that nobody knows': await resign(claims, { ...stranger, kid: 'unknown' }),
      'names another event than its admission': await resign({ ...claims, eventId: 'other' }, signingKey),
      'is for another purpose': await resign({ ...claims, purpose: 'SESSION' }, signingKey),
      'has no purpose': await resign({ ...claims, purpose: undefined }, signingKey),
      'is from another issuer': await resign({ ...claims, iss: 'other' }, signingKey),
      'is for another audience': await resign({ ...claims, aud: 'other' }, signingKey),
      'has no end': await resign({ ...claims, exp: undefined }, signingKey),
      'names no admission': await resign({ ...claims, jti: 'x' }, signingKey),
    }
  }

  it('is 401 `token-invalid`, and the admission is as it was', async () => {
    const { token, admissionId } = await admit()
    for (const [what, forged] of Object.entries(await forgeries(token))) {
      const answer = await api.redeem(forged, 's')
      expect([what, answer.status, answer.body.code]).toEqual([what, 401, 'token-invalid'])
      expectProblem(answer, 401, 'token-invalid')
      expect(JSON.stringify(answer.body)).not.toContain(forged)
    }
    expect((await api.origin('GET', admissionId)).body).toMatchObject({ state: 'admitted', redeemedAt: null })
  })

  it('is refused by our own verifier as well', async () => {
    const { token, eventId } = await admit()
    const verify = createVerifier({ jwksUrl: jwksUrl(), eventId })
    for (const [what, forged] of Object.entries(await forgeries(token))) {
      if (what === 'names no admission') continue
      await expect(verify(forged), what).rejects.toThrow(EntryTokenError)
    }
  })

  it("is a visitor's token, which lets nobody in", async () => {
    const { visitor } = await admit()
    expectProblem(await api.redeem(visitor.token, 's'), 401, 'token-invalid')
  })

  it('is 410 when it was good: expired, or its admission has ended', async () => {
    const [late, ended] = [await admit({ entryTokenTtlSeconds: 1 }), await admit()]
    await api.release(ended.admissionId)
    expectProblem(await api.redeem(ended.token, 's'), 410, 'admission-ended')
    const endedBody = await eventually(async () => {
      const { body } = await api.origin('GET', late.admissionId)
      return body.state === 'ended' ? body : null
    })
    expect(endedBody).toMatchObject({
      outcome: 'expired',
      redeemedAt: null,
      endedAt: expect.stringMatching(ISO_TIME),
    })
    expectProblem(await api.redeem(late.token, 's'), 410, 'token-expired')
    await expect(createVerifier({ jwksUrl: jwksUrl() })(late.token)).rejects.toMatchObject({
      code: 'ERR_TOKEN_EXPIRED',
    })
  })

  it('is 410 when its event was deleted', async () => {
    const { eventId, token, admissionId } = await admit()
    await api.admin('POST', `events/${eventId}/close`)
    expect((await api.admin('DELETE', `events/${eventId}`)).status).toBe(204)
    expectProblem(await api.redeem(token, 's'), 410, 'admission-ended')
    expectProblem(await api.origin('GET', admissionId), 404, 'admission-not-found')
  })
})

describe.concurrent('redeeming', () => {
  it('answers the Admission with a lease of its own', async () => {
    const { token, eventId, visitor, admissionId } = await admit({ leaseTtlSeconds: 500 })
    const { body: before } = await api.origin('GET', admissionId)
    const { status, body, headers } = await api.redeem(token, 'session-1')
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store'])
    expect(fieldsOf(body)).toEqual(ADMISSION_FIELDS)
    expect(body).toEqual({
      admissionId,
      eventId,
      userId: visitor.userId,
      state: 'redeemed',
      admittedAt: before.admittedAt,
      redeemedAt: expect.stringMatching(ISO_TIME),
      leaseExpiresAt: expect.stringMatching(ISO_TIME),
      endedAt: null,
      outcome: null,
    })
    expect(before).toMatchObject({ state: 'admitted', redeemedAt: null, endedAt: null, outcome: null })
    expect(Date.parse(body.leaseExpiresAt) - Date.parse(body.redeemedAt)).toBe(500_000)
  })

  it('INV-5: repeated by the same session answers the same, by another is 409', async () => {
    const { token, admissionId } = await admit()
    const first = await api.redeem(token, 'session-1')
    expect((await api.redeem(token, 'session-1')).body).toEqual(first.body)
    expectProblem(await api.redeem(token, 'session-2'), 409, 'token-already-redeemed')
    expect((await api.origin('GET', admissionId)).body).toEqual(first.body)
  })

  it('INV-5: of fifty sessions at once, exactly one wins, and keeps winning', async () => {
    const { token } = await admit()
    const sessions = Array.from({ length: 50 }, (_, index) => `session-${index}`)
    const answers = await Promise.all(sessions.map((session) => api.redeem(token, session)))
    const winners = sessions.filter((_, index) => answers[index]?.status === 200)
    expect(winners).toHaveLength(1)
    for (const answer of answers)
      if (answer.status !== 200) expectProblem(answer, 409, 'token-already-redeemed')
    const again = await Promise.all(sessions.map((session) => api.redeem(token, session)))
    expect(sessions.filter((_, index) => again[index]?.status === 200)).toEqual(winners)
  })

  it('holds past the end of the token, as long as the lease', async () => {
    const { token, admissionId } = await admit({ entryTokenTtlSeconds: 1 })
    const { body } = await api.redeem(token, 's')
    const { exp = 0 } = decodeJwt(token)
    await eventually(() => (Date.now() > exp * 1_000 + 1_100 ? true : null))
    expect((await api.redeem(token, 's')).body).toEqual(body)
    expect((await api.origin('GET', admissionId)).body.state).toBe('redeemed')
  })

  it('is refused after a revocation', async () => {
    const { token, admissionId, eventId, visitor } = await admit()
    const { status, body } = await api.admin('POST', `admissions/${admissionId}/revoke`, {})
    expect([status, body.state, body.outcome]).toEqual([200, 'ended', 'revoked'])
    expectProblem(await api.redeem(token, 's'), 410, 'admission-ended')
    expect((await api.place(eventId, visitor)).body).toMatchObject({ state: 'EXPIRED', entryToken: null })
    const again = await api.admin('POST', `admissions/${admissionId}/revoke`)
    expect([again.status, again.body]).toEqual([200, body])
  })
})

describe.concurrent('renewing', () => {
  it('moves the end of the lease on', async () => {
    const { token, admissionId } = await admit({ leaseTtlSeconds: 100, maxSessionSeconds: 200 })
    const { body } = await api.redeem(token, 's')
    const renewed = await eventually(async () => {
      const answer = await api.origin('POST', `${admissionId}/renew`, {})
      expect(answer.status).toBe(200)
      expect(fieldsOf(answer.body)).toEqual(ADMISSION_FIELDS)
      return answer.body.leaseExpiresAt > body.leaseExpiresAt ? answer.body : null
    })
    expect(renewed).toEqual({ ...body, leaseExpiresAt: renewed.leaseExpiresAt })
    expect(Date.parse(renewed.leaseExpiresAt)).toBeLessThanOrEqual(Date.parse(body.admittedAt) + 200_000)
  })

  it('never reaches past the longest session, and is 410 after it', async () => {
    const { token, admissionId, eventId, visitor } = await admit({
      leaseTtlSeconds: 60,
      maxSessionSeconds: 2,
    })
    const { body } = await api.redeem(token, 's')
    const endsAtMs = Date.parse(body.admittedAt) + 2_000
    expect(Date.parse(body.leaseExpiresAt)).toBe(endsAtMs)
    const refused = await eventually(async () => {
      const answer = await api.origin('POST', `${admissionId}/renew`, {})
      if (answer.status !== 200) return answer
      expect(Date.parse(answer.body.leaseExpiresAt)).toBe(endsAtMs)
      return null
    })
    expectProblem(refused, 410, 'admission-ended')
    expect(Date.now()).toBeGreaterThanOrEqual(endsAtMs)
    const ended = await eventually(async () => {
      const { body: admission } = await api.origin('GET', admissionId)
      return admission.state === 'ended' ? admission : null
    })
    expect(ended).toMatchObject({ outcome: 'expired', redeemedAt: body.redeemedAt })
    expect((await api.place(eventId, visitor)).body.state).toBe('EXPIRED')
    expectProblem(await api.redeem(token, 's'), 410, 'admission-ended')
  })

  it('is 410 once ended', async () => {
    const { admissionId } = await admit()
    await api.release(admissionId)
    expectProblem(await api.origin('POST', `${admissionId}/renew`, {}), 410, 'admission-ended')
  })
})

describe.concurrent('releasing', () => {
  it.each(['completed', 'cancelled'] as const)(
    'as %s ends the admission once; the first outcome stays',
    async (outcome) => {
      const { token, admissionId, eventId, visitor } = await admit()
      await api.redeem(token, 's')
      const { status, body } = await api.release(admissionId, outcome)
      expect(status).toBe(200)
      expect(fieldsOf(body)).toEqual(ADMISSION_FIELDS)
      expect(body).toMatchObject({ state: 'ended', outcome, endedAt: expect.stringMatching(ISO_TIME) })
      for (const later of ['completed', 'cancelled'] as const) {
        const again = await api.release(admissionId, later)
        expect([again.status, again.body]).toEqual([200, body])
      }
      expect((await api.origin('GET', admissionId)).body).toEqual(body)
      expect((await api.place(eventId, visitor)).body.state).toBe(
        outcome === 'completed' ? 'COMPLETED' : 'LEFT',
      )
      expectProblem(await api.redeem(token, 's'), 410, 'admission-ended')
    },
  )

  it('of an admission that was never redeemed makes room as well', async () => {
    const { admissionId, eventId } = await admit({ capacity: 1 })
    const next = await api.visitor()
    await api.join(eventId, next)
    expect((await api.release(admissionId, 'cancelled')).status).toBe(200)
    await api.admitted(eventId, next)
  })

  it('admits the next in line at once: a line of twelve is through before its second heartbeat', async () => {
    const eventId = await api.event({ capacity: 1, status: 'paused' })
    const visitors = await api.visitors(12)
    for (const visitor of visitors) await api.join(eventId, visitor)
    const streams = await Promise.all(visitors.map((visitor) => api.stream(eventId, visitor)))
    await api.admin('POST', `events/${eventId}/resume`)
    const last = streams.at(-1) as TestStream
    for (const stream of streams) {
      const { data } = await stream.next('promotion')
      await api.release(data.admissionId)
    }
    const heartbeats = last.events.filter(({ event }) => event === 'heartbeat')
    expect(heartbeats.length).toBeLessThan(2)
  })

  it('INV-6: fifty times at once gives one place, not fifty', async () => {
    const { admissionId, eventId } = await admit({ capacity: 1 })
    const visitors = await api.visitors(4)
    for (const visitor of visitors) await api.join(eventId, visitor)
    const answers = await Promise.all(Array.from({ length: 50 }, () => api.release(admissionId)))
    expect(new Set(answers.map(({ status, body }) => `${status} ${body.endedAt}`)).size).toBe(1)
    await eventually(async () => ((await api.status(eventId)).body.admitted === 1 ? true : null))
    const stream = await api.stream(eventId, visitors[3] as Visitor)
    await stream.next('heartbeat', undefined, 7_000)
    expect((await api.status(eventId)).body).toMatchObject({ admitted: 1, waiting: 3 })
    stream.close()
  })
})

describe.concurrent('an admission that does not exist', () => {
  it('is 404, whatever is asked of it and whatever it is called', async () => {
    const { eventId } = await admit()
    for (const id of [
      'nothing',
      `${eventId}.AAAAAAAAAAAAAAAAAAAAAA`,
      'nobody.AAAAAAAAAAAAAAAAAAAAAA',
      'a%2Fb',
      '%00',
    ]) {
      expectProblem(await api.origin('GET', id), 404, 'admission-not-found')
      expectProblem(await api.origin('POST', `${id}/renew`, {}), 404, 'admission-not-found')
      expectProblem(await api.release(id), 404, 'admission-not-found')
      expectProblem(await api.admin('POST', `admissions/${id}/revoke`, {}), 404, 'admission-not-found')
    }
  })
})

describe('with a shared secret', () => {
  const [secret, former] = [randomBytes(64).toString('hex'), randomBytes(64).toString('hex')]
  let shared: TestUsher

  beforeAll(async () => {
    shared = await startTestUsher({
      ENTRY_TOKEN_ALG: 'HS512',
      ENTRY_TOKEN_SECRET: secret,
      ENTRY_TOKEN_SECRET_PREVIOUS: former,
      ENTRY_TOKEN_ISSUER: 'room',
      ENTRY_TOKEN_AUDIENCE: 'till',
    })
  })

  afterAll(() => shared.stop())

  const sign = (claims: JWTPayload, key: string, alg: string): Promise<string> =>
    new SignJWT(claims).setProtectedHeader({ alg, typ: 'JWT' }).sign(new TextEncoder().encode(key))

  it('tokens are HS512 for the configured issuer and audience, verified offline, redeemed once', async () => {
    const { token, eventId, visitor, admissionId } = await admit({}, shared.api)
    expect(decodeProtectedHeader(token)).toMatchObject({ alg: 'HS512' })
    expect(decodeJwt(token)).toMatchObject({
      iss: 'room',
      aud: 'till',
      sub: visitor.userId,
      eventId,
      purpose: 'QUEUE_ENTRY',
      jti: admissionId,
    })
    const { payload } = await jwtVerify(token, new TextEncoder().encode(secret), { algorithms: ['HS512'] })
    expect(payload.jti).toBe(admissionId)
    const verify = createVerifier({ secret, issuer: 'room', audience: 'till', eventId })
    expect(await verify(token)).toMatchObject({ admissionId })
    expect((await shared.api.redeem(token, 's')).status).toBe(200)
    expectProblem(await shared.api.redeem(token, 't'), 409, 'token-already-redeemed')
  })

  it('no key is published, and the former secret still verifies', async () => {
    const { token } = await admit({}, shared.api)
    expect((await shared.api.request('GET', '/.well-known/jwks.json')).body).toEqual({ keys: [] })
    expect((await shared.api.redeem(await sign(decodeJwt(token), former, 'HS512'), 's')).status).toBe(200)
  })

  it('another secret, another algorithm and none at all are 401', async () => {
    const { token } = await admit({}, shared.api)
    const claims = decodeJwt(token)
    const none = `${base64url.encode('{"alg":"none"}')}.${token.split('.')[1] ?? ''}.`
    for (const forged of [
      await sign(claims, randomBytes(64).toString('hex'), 'HS512'),
      await sign(claims, secret, 'HS256'),
      await resign(claims, signingKey),
      none,
    ]) {
      expectProblem(await shared.api.redeem(forged, 's'), 401, 'token-invalid')
    }
  })
})

function publicPart({ kty = '', crv = '', x = '', y = '' }: JWK): JWK {
  return { kty, crv, x, y }
}
