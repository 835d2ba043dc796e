/**
 * Tokens and keys under attack: forged, replayed, raced, and rotated in the middle of a sale. Single forgeries of one
 * deployment's token are in contract-origins.test.ts, those of an identity provider and a deployment without its
 * secrets in identity.test.ts.
 */
import { createHmac, randomBytes } from 'node:crypto'
import {
  base64url,
  decodeJwt,
  decodeProtectedHeader,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  importJWK,
  SignJWT,
  UnsecuredJWT,
  type JWK,
} from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createVerifier } from '../../src/verify/verify.ts'
import { expectProblem } from '../support/contract.ts'
import {
  ADMIN_KEY,
  eventually,
  startTestUsher,
  type Answer,
  type Api,
  type TestUsher,
  type Visitor,
} from '../support/usher.ts'

type Admitted = {
  readonly eventId: string
  readonly visitor: Visitor
  readonly token: string
  readonly admissionId: string
}

async function newKey(kid: string): Promise<JWK> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  return { ...(await exportJWK(privateKey)), kid }
}

const keySet = (...keys: readonly JWK[]): string => JSON.stringify({ keys })

function publicPart({ d: _private, ...key }: JWK): JWK {
  return key
}

async function signed(claims: object, key: JWK, header: object = {}): Promise<string> {
  return new SignJWT({ ...claims })
    .setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid: key.kid ?? '', ...header })
    .sign(await importJWK(key, 'ES256'))
}

async function admit(api: Api, config: object = {}): Promise<Admitted> {
  const eventId = await api.event(config)
  return admitTo(api, eventId)
}

async function admitTo(api: Api, eventId: string): Promise<Admitted> {
  const visitor = await api.visitor()
  await api.join(eventId, visitor)
  const { entryToken, admissionId } = await api.admitted(eventId, visitor)
  return { eventId, visitor, token: entryToken, admissionId }
}

/** Ten at a time, so that there are always some who have their answer, some who wait for it and some who come later. */
async function inLanes<T>(sessions: readonly string[], ask: (session: string) => Promise<T>): Promise<T[]> {
  const answers: T[] = []
  const ahead = sessions.entries()
  const lane = async (): Promise<void> => {
    for (const [index, session] of ahead) answers[index] = await ask(session)
  }
  await Promise.all(Array.from({ length: 10 }, lane))
  return answers
}

const SESSION_SECRET = randomBytes(48).toString('base64url')

describe('with one deployment among several', () => {
  let usher: TestUsher
  let api: Api
  let key: JWK

  beforeAll(async () => {
    key = await newKey('2026-a')
    usher = await startTestUsher({
      SESSION_SECRET,
      ENTRY_TOKEN_PRIVATE_JWKS: keySet(key),
      ENTRY_TOKEN_ISSUER: 'usher-production',
      ENTRY_TOKEN_AUDIENCE: 'shop-production',
    })
    api = usher.api
  })

  afterAll(() => usher.stop())

  const refused = async (token: string, what: string): Promise<void> => {
    const answer = await api.redeem(token, 's')
    expect([what, answer.status, answer.body.code]).toEqual([what, 401, 'token-invalid'])
    expectProblem(answer, 401, 'token-invalid')
  }

  it('tokens of the others are refused, also those that call their key by the same name', async () => {
    const { token, admissionId } = await admit(api)
    const claims = decodeJwt(token)
    const foreign = await newKey('2026-a')
    const spki = await exportSPKI(
      (await importJWK(publicPart(key), 'ES256', { extractable: true })) as CryptoKey,
    )
    const hmac = (secret: string, header: object): string => {
      const head = `${base64url.encode(JSON.stringify(header))}.${token.split('.')[1]}`
      return `${head}.${createHmac('sha512', secret).update(head).digest('base64url')}`
    }
    const forgeries: Readonly<Record<string, string>> = {
      'another deployment, same kid': await signed(claims, foreign),
      'another deployment, its key in the header': await signed(claims, foreign, {
        jwk: publicPart(foreign),
        jku: 'http://127.0.0.1:9/keys',
        x5u: 'http://127.0.0.1:9/cert',
      }),
      'a kid that is a path': await signed(claims, foreign, { kid: '../../2026-a' }),
      'a kid that is a property of every object': await signed(claims, foreign, { kid: '__proto__' }),
      'the stage of tests, issuer': await signed({ ...claims, iss: 'usher-staging' }, key),
      'the stage of tests, audience': await signed({ ...claims, aud: 'shop-staging' }, key),
      'audiences, ours among them': await signed({ ...claims, aud: ['shop-production', 'x'] }, key),
      'HS512 with the public key as PEM': hmac(spki, { alg: 'HS512', typ: 'JWT' }),
      'HS512 with the public key as PEM, and its kid': hmac(spki, {
        alg: 'HS512',
        typ: 'JWT',
        kid: '2026-a',
      }),
      'HS512 with the public key as JWK': hmac(JSON.stringify(publicPart(key)), {
        alg: 'HS512',
        kid: '2026-a',
      }),
      'HS512 with an empty secret': hmac('', { alg: 'HS512', kid: '2026-a' }),
      'alg none': new UnsecuredJWT(claims).encode(),
      'alg None': `${base64url.encode('{"alg":"None","kid":"2026-a"}')}.${token.split('.')[1]}.`,
      'a critical extension that nobody knows': await (async () => {
        const head = { alg: 'ES256', kid: '2026-a', crit: ['exp2'], exp2: 1 }
        return [base64url.encode(JSON.stringify(head)), ...token.split('.').slice(1)].join('.')
      })(),
    }
    for (const [what, forged] of Object.entries(forgeries)) await refused(forged, what)
    expect((await api.origin('GET', admissionId)).body).toMatchObject({ state: 'admitted', redeemedAt: null })
    expect((await api.redeem(token, 's')).status).toBe(200)
  })

  it('a token opens its own event and no other, however it is bent', async () => {
    const [mine, other] = [await admit(api), await admit(api)]
    const claims = decodeJwt(mine.token)
    await refused(await signed({ ...claims, eventId: other.eventId }, key), 'another event')
    await refused(await signed({ ...claims, jti: other.admissionId }, key), 'another admission')
    const { body } = await api.redeem(mine.token, 's')
    expect(body).toMatchObject({ eventId: mine.eventId, admissionId: mine.admissionId })
    expect((await api.origin('GET', other.admissionId)).body.state).toBe('admitted')
    // Whoever has the key can name an admission that never was; the ledger does not know it.
    const invented = await signed({ ...claims, jti: `${mine.eventId}.${'A'.repeat(22)}` }, key)
    expectProblem(await api.redeem(invented, 's'), 410, 'admission-ended')
  })

  it('a token of one kind is none of the other', async () => {
    const { token, visitor, eventId } = await admit(api)
    await refused(visitor.token, 'a visitor’s token')
    const secret = new TextEncoder().encode(SESSION_SECRET)
    const hs256 = (claims: object): Promise<string> =>
      new SignJWT({ ...claims }).setProtectedHeader({ alg: 'HS256', typ: 'JWT' }).sign(secret)
    await refused(await hs256(decodeJwt(token)), 'an entry token signed as a session')
    const sessions = {
      'an entry token': token,
      'an entry token signed as a session': await hs256({ ...decodeJwt(token), role: 'ADMIN' }),
      'a session signed as an entry token': await signed(decodeJwt(visitor.token), key),
      'a session that has ended': await hs256({ ...decodeJwt(visitor.token), exp: 1 }),
      'a session without an end': await hs256({ ...decodeJwt(visitor.token), exp: undefined }),
      'a session of nobody': await hs256({ ...decodeJwt(visitor.token), sub: undefined }),
      'a session for something else': await hs256({ ...decodeJwt(visitor.token), aud: 'shop-production' }),
      'an unsigned operator': new UnsecuredJWT({ ...decodeJwt(visitor.token), role: 'ADMIN' }).encode(),
    }
    for (const [what, session] of Object.entries(sessions)) {
      for (const headers of [
        { authorization: `Bearer ${session}` },
        { cookie: `usher_visitor=${session}` },
      ]) {
        const answer = await api.request('GET', `/api/v1/events/${eventId}/queue`, { headers })
        expect([what, answer.status]).toEqual([what, 401])
      }
      expect((await api.request('GET', '/metrics', { token: session })).status).toBe(401)
    }
  })

  it('INV-5: what is over stays over: no replay after completing, cancelling, revoking, leaving or expiring', async () => {
    const [completed, cancelled, revoked, left, late] = await Promise.all([
      ...[1, 2, 3, 4].map(() => admit(api)),
      admit(api, { entryTokenTtlSeconds: 1 }),
    ])
    if (!completed || !cancelled || !revoked || !left || !late) throw new Error('nobody was admitted')
    for (const { token } of [completed, cancelled, revoked]) {
      expect((await api.redeem(token, 'mine')).status).toBe(200)
    }
    await api.release(completed.admissionId)
    await api.release(cancelled.admissionId, 'cancelled')
    await api.admin('POST', `admissions/${revoked.admissionId}/revoke`)
    await api.leave(left.eventId, left.visitor)
    await eventually(async () =>
      (await api.origin('GET', late.admissionId)).body.state === 'ended' ? true : null,
    )
    for (const { token, admissionId } of [completed, cancelled, revoked, left, late]) {
      const before = (await api.origin('GET', admissionId)).body
      for (const session of ['mine', 'theirs']) {
        const answer = await api.redeem(token, session)
        expect([answer.status, /^(admission-ended|token-expired)$/.test(answer.body.code)]).toEqual([
          410,
          true,
        ])
      }
      expectProblem(await api.origin('POST', `${admissionId}/renew`, {}), 410, 'admission-ended')
      const again = await api.release(admissionId)
      expect([again.status, again.body]).toEqual([200, before])
    }
  })

  it.each([1, 10, 50])(
    'INV-5: of a hundred sessions that race for one token exactly one wins, also when the server is killed at answer %i',
    async (fatal) => {
      const { token, admissionId } = await admit(api)
      const killed = usher.runtime.workerdPid()
      if (killed === null) throw new Error('no process to kill')
      let [answered, broken] = [0, 0]
      /** Asks until there is an answer, as a shop does whose connection broke. */
      const persist = async (session: string): Promise<Answer> => {
        const answer = await eventually(
          () =>
            api.redeem(token, session).catch(() => {
              broken += 1
              return null
            }),
          20_000,
        )
        answered += 1
        if (answered === fatal) process.kill(killed, 'SIGKILL')
        return answer
      }
      const sessions = Array.from({ length: 100 }, (_, index) => `racer-${index}`)
      const answers = await inLanes(sessions, persist)
      expect(broken).toBeGreaterThan(0)
      expect(usher.runtime.workerdPid()).not.toBe(killed)
      const winners = sessions.filter((_, index) => answers[index]?.status === 200)
      expect(winners).toHaveLength(1)
      for (const answer of answers)
        if (answer.status !== 200) expectProblem(answer, 409, 'token-already-redeemed')
      const again = await inLanes(sessions, persist)
      expect(sessions.filter((_, index) => again[index]?.status === 200)).toEqual(winners)
      const { body } = await api.origin('GET', admissionId)
      expect(body).toEqual(answers.find(({ status }) => status === 200)?.body)
    },
  )
})

describe('keys that change in the middle of a sale', () => {
  it('let those in flight arrive while the old one is listed, and nobody after', async () => {
    const [old, next] = [await newKey('old'), await newKey('next')]
    const first = await startTestUsher({ SESSION_SECRET, ENTRY_TOKEN_PRIVATE_JWKS: keySet(old) })
    const { stateDir } = first.runtime
    const eventId = await first.api.event({ capacity: 100 })
    const inFlight = await admitTo(first.api, eventId)
    const tooLate = await admitTo(first.api, eventId)
    const inside = await admitTo(first.api, eventId)
    expect((await first.api.redeem(inside.token, 's')).status).toBe(200)
    await first.runtime.stop()

    const during = await startTestUsher(
      { SESSION_SECRET, ENTRY_TOKEN_PRIVATE_JWKS: keySet(next, old) },
      stateDir,
    )
    const jwksUrl = `${during.url}/.well-known/jwks.json`
    const kids = async (at: TestUsher): Promise<string[]> =>
      (await at.api.request('GET', '/.well-known/jwks.json')).body.keys.map(({ kid }: JWK) => kid)
    expect(await kids(during)).toEqual(['next', 'old'])
    const fresh = await admitTo(during.api, eventId)
    expect([inFlight, fresh].map(({ token }) => decodeProtectedHeader(token).kid)).toEqual(['old', 'next'])
    // Delivered again, it is the same token to the letter, with the signature it had.
    expect((await during.api.place(eventId, tooLate.visitor)).body.entryToken).toBe(tooLate.token)
    for (const { token } of [inFlight, fresh]) {
      await createVerifier({ jwksUrl, eventId })(token)
      expect((await during.api.redeem(token, 's')).status).toBe(200)
    }
    await during.runtime.stop()

    const after = await startTestUsher(
      {
        SESSION_SECRET: randomBytes(48).toString('base64url'),
        ENTRY_TOKEN_PRIVATE_JWKS: keySet(next),
        ADMIN_API_KEY: 'another-admin-key',
        ORIGIN_API_KEY: 'another-origin-key',
      },
      stateDir,
    )
    try {
      expect(await kids(after)).toEqual(['next'])
      const origin = (method: string, path: string, body?: unknown): Promise<Answer> =>
        after.api.request(method, `/api/v1/admissions/${path}`, {
          token: 'another-origin-key',
          ...(body !== undefined && { body }),
        })
      for (const { token } of [tooLate, inFlight, inside]) {
        expectProblem(await origin('POST', 'redeem', { token, sessionId: 's' }), 401, 'token-invalid')
      }
      expect((await origin('POST', 'redeem', { token: fresh.token, sessionId: 's' })).status).toBe(200)
      // Who is inside stays inside: the shop renews and releases by id, not by token.
      expect((await origin('POST', `${inside.admissionId}/renew`, {})).status).toBe(200)

      // The keys and sessions of before are nobody's now.
      expectProblem(await after.api.admin('GET', `events/${eventId}`), 401, 'unauthenticated')
      expectProblem(await after.api.origin('GET', inside.admissionId), 401, 'unauthenticated')
      expectProblem(await after.api.place(eventId, tooLate.visitor), 401, 'unauthenticated')
      expect((await after.api.request('GET', '/metrics', { token: ADMIN_KEY })).status).toBe(401)
      expect((await after.api.request('GET', '/metrics', { token: 'another-admin-key' })).status).toBe(200)
      const newcomer = await after.api.visitor()
      expect((await after.api.join(eventId, newcomer)).body.userId).toBe(newcomer.userId)
    } finally {
      await after.stop()
    }
  })
})
