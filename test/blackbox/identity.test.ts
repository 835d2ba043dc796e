/** Who may call: the operator's own identity provider, rate limits, and a deployment that is not configured. */
import { createHmac, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { base64url, exportJWK, exportSPKI, generateKeyPair, SignJWT, type JWK } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bundleWorker } from '../../dev/bundle.ts'
import { freePort } from '../../dev/ports.ts'
import { PROJECT_ROOT } from '../../dev/settings.ts'
import { startWorkerd, type Workerd } from '../../dev/workerd.ts'
import { expectProblem, expectRetryAfter } from '../support/contract.ts'
import { Api, eventually, ORIGIN_KEY, startTestUsher, type Answer, type TestUsher } from '../support/usher.ts'

const ISSUER = 'https://id.example'
const AUDIENCE = 'tickets'
const SESSION_SECRET = randomBytes(48).toString('base64url')

type Signer = {
  readonly jwk: JWK
  readonly spki: string
  sign(claims: Claims, options?: SignOptions): Promise<string>
}
/** Those that are undefined are left out. */
type Claims = Readonly<Record<string, unknown>>

type SignOptions = {
  readonly kid?: string
  readonly expiresInSeconds?: number | null
  readonly notBeforeInSeconds?: number
}

async function newSigner(kid: string, alg = 'RS256'): Promise<Signer> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  return {
    jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' },
    spki: await exportSPKI(publicKey),
    sign: (claims, { kid: named = kid, expiresInSeconds = 600, notBeforeInSeconds } = {}) => {
      const nowSeconds = Math.floor(Date.now() / 1_000)
      const token = new SignJWT({ iss: ISSUER, aud: AUDIENCE, ...claims })
        .setProtectedHeader({ alg, kid: named })
        .setIssuedAt()
      if (expiresInSeconds !== null) token.setExpirationTime(nowSeconds + expiresInSeconds)
      if (notBeforeInSeconds !== undefined) token.setNotBefore(nowSeconds + notBeforeInSeconds)
      return token.sign(privateKey)
    },
  }
}

describe('with an identity provider', () => {
  let usher: TestUsher
  let api: Api
  let provider: Server
  let signer: Signer
  let published: JWK[] = []
  let isAway = true
  let fetches = 0

  beforeAll(async () => {
    signer = await newSigner('first')
    published = [signer.jwk]
    provider = createServer((_request, response) => {
      fetches += 1
      if (isAway) {
        response.destroy()
        return
      }
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ keys: published }))
    }).listen(0, '127.0.0.1')
    await once(provider, 'listening')
    const address = provider.address()
    const port = typeof address === 'object' ? address?.port : 0
    usher = await startTestUsher({
      SESSION_SECRET,
      IDENTITY_JWKS_URL: `http://127.0.0.1:${port}/keys`,
      IDENTITY_ISSUER: ISSUER,
      IDENTITY_AUDIENCE: AUDIENCE,
    })
    api = usher.api
  })

  afterAll(async () => {
    await usher.stop()
    provider.closeAllConnections()
    provider.close()
  })

  const joinWith = (eventId: string, token: string): Promise<Answer> =>
    api.request('POST', `/api/v1/events/${eventId}/queue`, { token })

  it('that is away, nobody is let in unchecked: 503, and it works again by itself', async () => {
    const eventId = await api.event({ status: 'paused' })
    const token = await signer.sign({ sub: 'early' })
    expectProblem(await joinWith(eventId, token), 503, 'identity-unavailable')
    expectProblem(await api.request('GET', '/metrics', { token }), 503, 'identity-unavailable')
    expect((await api.status(eventId)).body.waiting).toBe(0)
    isAway = false
    const joined = await eventually(async () => {
      const answer = await joinWith(eventId, token)
      return answer.status === 503 ? null : answer
    })
    expect(joined.status).toBe(201)
  })

  it('its users are the visitors, by bearer and by cookie', async () => {
    const eventId = await api.event()
    const token = await signer.sign({ sub: 'user|1', role: 'USER' })
    const { status, body } = await joinWith(eventId, token)
    expect([status, body.userId]).toEqual([201, 'user|1'])
    const cookie = `usher_visitor=${token}`
    const polled = await api.request('GET', `/api/v1/events/${eventId}/queue`, { headers: { cookie } })
    expect([polled.status, polled.body.userId]).toEqual([200, 'user|1'])
    const place = await api.admitted(eventId, { userId: 'user|1', token, cookie })
    expect((await api.redeem(place.entryToken, 's')).body).toMatchObject({
      userId: 'user|1',
      state: 'redeemed',
    })
  })

  it('two tokens of one user hold one place', async () => {
    const eventId = await api.event({ status: 'paused' })
    const tokens = [
      await signer.sign({ sub: 'same' }),
      await signer.sign({ sub: 'same' }, { expiresInSeconds: 700 }),
    ]
    const answers = [await joinWith(eventId, tokens[0] ?? ''), await joinWith(eventId, tokens[1] ?? '')]
    expect(answers.map(({ status }) => status)).toEqual([201, 200])
  })

  it('tokens that are not for us, not from there, forged or over are 401', async () => {
    const eventId = await api.event({ status: 'paused' })
    const [stranger, elliptic] = [await newSigner('first'), await newSigner('first', 'ES256')]
    const payload = base64url.encode(
      JSON.stringify({ iss: ISSUER, aud: AUDIENCE, sub: 'u', exp: Date.now() }),
    )
    const unsigned = `${base64url.encode('{"alg":"none"}')}.${payload}.`
    const head = base64url.encode('{"alg":"HS256","kid":"first"}')
    const hmac = createHmac('sha256', signer.spki).update(`${head}.${payload}`).digest('base64url')
    const bad: Readonly<Record<string, string>> = {
      'another issuer': await signer.sign({ sub: 'u', iss: 'https://evil.example' }),
      'no issuer': await signer.sign({ sub: 'u', iss: undefined }),
      'another audience': await signer.sign({ sub: 'u', aud: 'other' }),
      'no audience': await signer.sign({ sub: 'u', aud: undefined }),
      'over for more than the clocks may differ': await signer.sign({ sub: 'u' }, { expiresInSeconds: -90 }),
      'no end': await signer.sign({ sub: 'u' }, { expiresInSeconds: null }),
      'not yet good': await signer.sign({ sub: 'u' }, { notBeforeInSeconds: 120 }),
      'no subject': await signer.sign({}),
      'an empty subject': await signer.sign({ sub: '' }),
      'an endless subject': await signer.sign({ sub: 'x'.repeat(1_000) }),
      'the key of a stranger': await stranger.sign({ sub: 'u' }),
      'another algorithm': await elliptic.sign({ sub: 'u' }),
      'no signature': unsigned,
      'the public key as a secret': `${head}.${payload}.${hmac}`,
    }
    for (const [what, token] of Object.entries(bad)) {
      const answer = await joinWith(eventId, token)
      expect([what, answer.status]).toEqual([what, 401])
      expectProblem(answer, 401, 'unauthenticated')
    }
    expect((await api.status(eventId)).body.waiting).toBe(0)
  })

  it('clocks may differ by a minute', async () => {
    const eventId = await api.event({ status: 'paused' })
    expect(
      (await joinWith(eventId, await signer.sign({ sub: 'late' }, { expiresInSeconds: -45 }))).status,
    ).toBe(201)
    expect(
      (await joinWith(eventId, await signer.sign({ sub: 'early' }, { notBeforeInSeconds: 45 }))).status,
    ).toBe(201)
  })

  it('guests are refused: no session, and none from before', async () => {
    expectProblem(await api.request('POST', '/api/v1/sessions', { body: {} }), 403, 'forbidden')
    const guest = await new SignJWT({ role: 'USER' })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setSubject('g_guest')
      .setIssuer('usher:guest')
      .setAudience('usher:visitor')
      .setIssuedAt()
      .setExpirationTime('1h')
      .sign(new TextEncoder().encode(SESSION_SECRET))
    expectProblem(await joinWith(await api.event(), guest), 401, 'unauthenticated')
  })

  it('a user whose role is ADMIN is an operator and a visitor, and nobody else is', async () => {
    const eventId = await api.event({ status: 'paused' })
    const boss = await signer.sign({ sub: 'boss', role: 'ADMIN' })
    expect((await api.request('GET', `/api/v1/admin/events/${eventId}`, { token: boss })).status).toBe(200)
    expect(
      (await api.request('PATCH', `/api/v1/admin/events/${eventId}`, { token: boss, body: { name: 'B' } }))
        .status,
    ).toBe(200)
    expect((await api.request('GET', '/metrics', { token: boss })).status).toBe(200)
    expect((await joinWith(eventId, boss)).status).toBe(201)
    expectProblem(
      await api.request('GET', `/api/v1/admissions/${eventId}.AAAAAAAAAAAAAAAAAAAAAA`, { token: boss }),
      403,
      'forbidden',
    )
    for (const role of [undefined, 'USER', 'admin', 'ADMIN ', ['ADMIN'], true]) {
      const token = await signer.sign({ sub: 'other', role })
      expectProblem(
        await api.request('PATCH', `/api/v1/admin/events/${eventId}`, { token, body: { name: 'X' } }),
        403,
        'forbidden',
      )
    }
    expect((await api.status(eventId)).body.name).toBe('B')
  })

  it('an operator’s cookie works from our own pages alone', async () => {
    const eventId = await api.event({ name: 'A' })
    const cookie = `usher_visitor=${await signer.sign({ sub: 'boss', role: 'ADMIN' })}`
    const patch = (headers: Record<string, string>): Promise<Answer> =>
      api.request('PATCH', `/api/v1/admin/events/${eventId}`, {
        body: { name: 'B' },
        headers: { cookie, ...headers },
      })
    expect((await patch({ origin: 'https://evil.example' })).status).toBe(403)
    expect((await patch({ 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    expect((await api.status(eventId)).body.name).toBe('A')
    expect((await patch({ origin: usher.url })).status).toBe(200)
  })

  it('a key that is new is fetched when a token names it, and invented ones do not flood the provider', async () => {
    const eventId = await api.event({ status: 'paused' })
    const second = await newSigner('second')
    const token = await second.sign({ sub: 'rotated' })
    expect((await joinWith(eventId, token)).status).toBe(401)
    published = [signer.jwk, second.jwk]
    const joined = await eventually(async () => {
      const answer = await joinWith(eventId, token)
      return answer.status === 201 ? answer : null
    })
    expect(joined.body.userId).toBe('rotated')
    const before = fetches
    for (let index = 0; index < 40; index += 1) {
      expect(
        (await joinWith(eventId, await second.sign({ sub: 'u' }, { kid: `invented-${index}` }))).status,
      ).toBe(401)
    }
    expect(fetches - before).toBeLessThan(8)
  })

  it('that goes away later, known keys still verify and unknown ones are 503', async () => {
    const eventId = await api.event({ status: 'paused' })
    isAway = true
    expect((await joinWith(eventId, await signer.sign({ sub: 'known' }))).status).toBe(201)
    const token = await (await newSigner('third')).sign({ sub: 'unknown' })
    const answer = await eventually(async () => {
      const refused = await joinWith(eventId, token)
      expect([401, 503]).toContain(refused.status)
      return refused.status === 503 ? refused : null
    })
    expectProblem(answer, 503, 'identity-unavailable')
    isAway = false
  })
})

describe('with rate limits', () => {
  let usher: TestUsher
  let api: Api

  beforeAll(async () => {
    usher = await startTestUsher({ RATE_LIMITS: 'on' })
    api = usher.api
  })

  afterAll(() => usher.stop())

  it('too many joins of one visitor are 429, and the place is kept', async () => {
    const eventId = await api.event({ status: 'paused' })
    const visitor = await api.visitor()
    expect((await api.join(eventId, visitor)).status).toBe(201)
    const answers = await Promise.all(Array.from({ length: 60 }, () => api.join(eventId, visitor)))
    const refused = answers.filter(({ status }) => status !== 200)
    expect(refused.length).toBeGreaterThan(0)
    for (const answer of refused) expectProblem(answer, 429, 'rate-limited')
    expect((await api.place(eventId, visitor)).body).toMatchObject({ state: 'WAITING', position: 1 })
  })

  it('too many sessions from one address are 429, whatever address a header claims', async () => {
    const answers = await Promise.all(
      Array.from({ length: 120 }, (_, index) =>
        api.request('POST', '/api/v1/sessions', {
          body: {},
          headers: { 'x-forwarded-for': `10.0.0.${index}` },
        }),
      ),
    )
    const refused = answers.filter(({ status }) => status !== 201)
    expect(refused.length).toBeGreaterThan(0)
    for (const answer of refused) {
      expectProblem(answer, 429, 'rate-limited')
      expectRetryAfter(answer)
      expect(answer.headers.get('set-cookie')).toBe(null)
    }
  })

  it('reading, the shop and the operator are not held up', async () => {
    const eventId = await api.event()
    const asked = await Promise.all(
      Array.from({ length: 60 }, () => [
        api.status(eventId),
        api.admin('GET', `events/${eventId}`),
        api.request('GET', '/api/v1/admissions/nothing', { token: ORIGIN_KEY }),
      ]).flat(),
    )
    expect(asked.some(({ status }) => status === 429)).toBe(false)
  })
})

describe('a deployment', () => {
  const COMPLETE = {
    USHER_STAGE: 'production',
    ADMIN_API_KEY: 'an-admin-key-of-some-length',
    ORIGIN_API_KEY: 'an-origin-key-of-some-length',
    SESSION_SECRET,
    ENTRY_TOKEN_ALG: 'HS512',
    ENTRY_TOKEN_SECRET: randomBytes(64).toString('hex'),
    UPSTASH_REDIS_REST_URL: 'http://127.0.0.1:9',
    UPSTASH_REDIS_REST_TOKEN: 'a-redis-token-nobody-knows',
  }

  /** Only the Worker: a runtime waits for one that is well. */
  async function withWorker(
    variables: Record<string, string>,
    look: (api: Api, worker: Workerd) => Promise<void>,
  ): Promise<void> {
    const stateDir = mkdtempSync(join(tmpdir(), 'usher-deployment-'))
    const bundle = await bundleWorker(PROJECT_ROOT, join(tmpdir(), 'usher-test-bundle'))
    const recordFile = join(stateDir, 'workerd.json')
    const worker = await startWorkerd({
      bundle,
      port: await freePort(),
      stateDir,
      recordFile,
      variables,
      handlesSignals: false,
    })
    try {
      await look(new Api(worker.url), worker)
    } finally {
      await worker.stop()
      rmSync(stateDir, { recursive: true, force: true })
    }
  }

  it.each([
    ['the operator key of local runs', { ADMIN_API_KEY: 'dev-admin-key' }, 'ADMIN_API_KEY'],
    ['the origin key of local runs', { ORIGIN_API_KEY: 'dev-origin-key' }, 'ORIGIN_API_KEY'],
    ['one key for both', { ORIGIN_API_KEY: COMPLETE.ADMIN_API_KEY }, 'ORIGIN_API_KEY'],
    ['no session secret', { SESSION_SECRET: '' }, 'SESSION_SECRET'],
    ['a short entry token secret', { ENTRY_TOKEN_SECRET: 'short-entry-token-secret' }, 'ENTRY_TOKEN_SECRET'],
    ['no Redis', { UPSTASH_REDIS_REST_TOKEN: '' }, 'UPSTASH_REDIS_REST_TOKEN'],
  ])(
    'with %s serves nothing but 503, names nothing, and logs which variable it is',
    async (_what, change, variable) => {
      const variables: Record<string, string> = { ...COMPLETE, ...change }
      await withWorker(variables, async (api, worker) => {
        for (const [method, path] of [
          ['GET', '/healthz'],
          ['GET', '/api/v1/events'],
          ['POST', '/api/v1/sessions'],
          ['GET', '/api/v1/admin/events'],
          ['GET', '/metrics'],
          ['GET', '/wait/demo'],
          ['GET', '/openapi.json'],
          ['GET', '/nowhere'],
        ] as const) {
          const token = variables['ADMIN_API_KEY'] ?? ''
          const answer = await api.request(
            method,
            path,
            path.includes('admin') || path === '/metrics' ? { token } : {},
          )
          expectProblem(answer, 503, 'misconfigured')
          const said = JSON.stringify([answer.body, [...answer.headers]])
          for (const [name, value] of Object.entries(variables)) {
            expect(said).not.toContain(name)
            if (value.length > 6) expect(said).not.toContain(value)
          }
        }
        const log = await eventually(() => {
          const text = readFileSync(worker.logFile, 'utf8')
          return text.includes('configuration_refused') ? text : null
        })
        expect(log).toContain(variable)
        for (const value of Object.values(variables)) {
          if (value.length > 10) expect(log).not.toContain(value)
        }
      })
    },
  )

  it('that is complete serves, and says that its Redis is away', async () => {
    await withWorker(COMPLETE, async (api) => {
      expect((await api.request('GET', '/api/v1/events')).body).toEqual({ events: [] })
      const { status, body } = await api.request('GET', '/healthz')
      expect([status, body.status]).toEqual([503, 'degraded'])
      expectProblem(
        await api.request('GET', '/api/v1/admin/events', { token: 'dev-admin-key' }),
        401,
        'unauthenticated',
      )
      const { headers } = await api.request('POST', '/api/v1/sessions', { body: {} })
      expect(headers.get('set-cookie')).toMatch(/HttpOnly; SameSite=Lax$/)
    })
  })

  it('puts Secure on the cookie when it is not on loopback', async () => {
    await withWorker(COMPLETE, async (_api, worker) => {
      const { headers } = await worker.miniflare.dispatchFetch('https://tickets.example/api/v1/sessions', {
        method: 'POST',
      })
      expect(headers.get('set-cookie')).toMatch(/; Secure(;|$)/)
      expect(headers.get('strict-transport-security')).toMatch(/max-age=\d+/)
    })
  })
})
