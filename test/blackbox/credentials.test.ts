/** Who may ask what: credentials of each kind, and pages of other sites. */
import { base64url, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectProblem } from '../support/contract.ts'
import { exactRequest, type ExactOptions } from '../support/exact-request.ts'
import { untouchedEvent } from '../support/untouched-event.ts'
import {
  ADMIN_KEY,
  ORIGIN_KEY,
  startTestUsher,
  type Answer,
  type Api,
  type TestUsher,
  type Visitor,
} from '../support/usher.ts'

const SHOP = 'https://shop.example'

let usher: TestUsher
let api: Api
/** Pages of a shop on another site may call this one. */
let shared: TestUsher

beforeAll(async () => {
  usher = await startTestUsher()
  shared = await startTestUsher({ CORS_ORIGINS: SHOP })
  api = usher.api
})

afterAll(async () => {
  await usher.stop()
  await shared.stop()
})

const raw = (method: string, path: string, options?: ExactOptions): Promise<Answer> =>
  exactRequest(usher.url, method, path, options)

describe('credentials', () => {
  /** What each kind of caller is answered with at an address of each kind; 0: let in. */
  const EXPECTED = {
    visitor: { visitor: 0, origin: 403, operator: 403 },
    origin: { visitor: 403, origin: 0, operator: 403 },
    operator: { visitor: 403, origin: 403, operator: 0 },
  } as const

  it('of the wrong kind are 403, bad ones and none 401, at every address', async () => {
    const { eventId, admissionId, token: entryToken, visitor, check } = await untouchedEvent(api)
    const calls: readonly (readonly [keyof typeof EXPECTED, string, string])[] = [
      ['visitor', 'POST', `/api/v1/events/${eventId}/queue`],
      ['visitor', 'GET', `/api/v1/events/${eventId}/queue`],
      ['visitor', 'DELETE', `/api/v1/events/${eventId}/queue`],
      ['visitor', 'GET', `/api/v1/events/${eventId}/queue/stream`],
      ['visitor', 'GET', `/api/v1/broker/events/${eventId}/tickets/waiting`],
      ['origin', 'POST', '/api/v1/admissions/redeem'],
      ['origin', 'GET', `/api/v1/admissions/${admissionId}`],
      ['origin', 'POST', `/api/v1/admissions/${admissionId}/renew`],
      ['origin', 'POST', `/api/v1/admissions/${admissionId}/release`],
      ['operator', 'PUT', `/api/v1/admin/events/${eventId}`],
      ['operator', 'PATCH', `/api/v1/admin/events/${eventId}`],
      ['operator', 'GET', `/api/v1/admin/events/${eventId}`],
      ['operator', 'GET', '/api/v1/admin/events'],
      ['operator', 'DELETE', `/api/v1/admin/events/${eventId}`],
      ...['open', 'pause', 'resume', 'close', 'sold-out'].map(
        (action) => ['operator', 'POST', `/api/v1/admin/events/${eventId}/${action}`] as const,
      ),
      ['operator', 'POST', `/api/v1/admin/admissions/${admissionId}/revoke`],
      ['operator', 'PUT', '/api/v1/admin/pools/refused'],
      ['operator', 'GET', '/metrics'],
    ]
    const bearers = { visitor: visitor.token, origin: ORIGIN_KEY, operator: ADMIN_KEY } as const
    const bad = await badCredentials(visitor, entryToken)
    for (const [kind, method, path] of calls) {
      for (const [what, headers] of Object.entries(bad)) {
        const answer = await raw(method, path, { headers })
        expect([what, method, path, answer.status]).toEqual([what, method, path, 401])
        expectProblem(answer, 401, 'unauthenticated')
      }
      for (const caller of ['visitor', 'origin', 'operator'] as const) {
        if (EXPECTED[kind][caller] === 0) continue
        const answer = await raw(method, path, { headers: { authorization: `Bearer ${bearers[caller]}` } })
        expect([caller, method, path, answer.status]).toEqual([caller, method, path, 403])
        expectProblem(answer, 403, 'forbidden')
      }
      if (kind === 'visitor') continue
      expectProblem(
        await raw(method, path, { headers: { cookie: visitor.cookie, origin: usher.url } }),
        403,
        'forbidden',
      )
    }
    await check()
  })

  it('beat the cookie: a bad bearer beside a good cookie is refused', async () => {
    const { eventId, visitor } = await untouchedEvent(api)
    const headers = { authorization: 'Bearer nonsense', cookie: visitor.cookie }
    expectProblem(await raw('GET', `/api/v1/events/${eventId}/queue`, { headers }), 401, 'unauthenticated')
  })

  it('may write Bearer as they like', async () => {
    const { eventId, visitor } = await untouchedEvent(api)
    for (const scheme of ['bearer', 'BEARER']) {
      const headers = { authorization: `${scheme} ${visitor.token}` }
      expect((await raw('GET', `/api/v1/events/${eventId}/queue`, { headers })).status).toBe(200)
    }
  })
})

async function badCredentials(
  visitor: Visitor,
  entryToken: string,
): Promise<Record<string, Record<string, string>>> {
  const [header = '', payload = ''] = visitor.token.split('.')
  const admin = await new SignJWT({ role: 'ADMIN' })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setSubject(visitor.userId)
    .setIssuer('usher:guest')
    .setAudience('usher:visitor')
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode('x'.repeat(48)))
  const bearers = {
    nonsense: 'nonsense',
    'almost the operator key': `${ADMIN_KEY}x`,
    'an unsigned token': `${header}.${payload}.`,
    'a token that says it needs no signature': `${base64url.encode('{"alg":"none"}')}.${payload}.`,
    'a token of a foreign secret that claims to be an operator': admin,
    'an entry token': entryToken,
    'a very long one': 'x'.repeat(6_000),
  }
  return {
    none: {},
    'an empty one': { authorization: '' },
    'Bearer alone': { authorization: 'Bearer ' },
    'another scheme': { authorization: `Basic ${Buffer.from(`admin:${ADMIN_KEY}`).toString('base64')}` },
    'the bare key': { authorization: ADMIN_KEY },
    'a bad cookie': { cookie: 'usher_visitor=nonsense' },
    'a key in the cookie': { cookie: `usher_visitor=${ADMIN_KEY}` },
    'another cookie': { cookie: visitor.cookie.replace('usher_visitor', 'visitor') },
    ...Object.fromEntries(
      Object.entries(bearers).map(([what, bearer]) => [what, { authorization: `Bearer ${bearer}` }]),
    ),
  }
}

describe.concurrent('other sites', () => {
  const FOREIGN: readonly Record<string, string>[] = [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: 'http://127.0.0.1:1' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { origin: SHOP, 'sec-fetch-site': 'cross-site' },
  ]

  it('cannot change anything with the visitor’s cookie, nor can a request that hides where it comes from', async () => {
    const { eventId, visitor, check } = await untouchedEvent(api)
    const stranger = await api.visitor()
    const path = `/api/v1/events/${eventId}/queue`
    for (const from of [...FOREIGN, {}]) {
      for (const [method, who] of [
        ['POST', stranger],
        ['DELETE', visitor],
      ] as const) {
        const answer = await raw(method, path, { headers: { cookie: who.cookie, ...from } })
        expect([from, method, answer.status]).toEqual([from, method, 403])
        expectProblem(answer, 403, answer.body.code)
      }
    }
    for (const from of FOREIGN) {
      const broker = `/api/v1/broker/events/${eventId}/tickets/waiting`
      expect((await raw('GET', broker, { headers: { cookie: stranger.cookie, ...from } })).status).toBe(403)
      expect((await raw('POST', '/api/v1/sessions', { headers: from })).status).toBe(403)
    }
    expectProblem(await api.place(eventId, stranger), 404, 'not-in-queue')
    await check()
  })

  it('may do with a bearer token what its owner lets them: a token is no cookie', async () => {
    const { eventId } = await untouchedEvent(api)
    const visitor = await api.visitor()
    const headers = { authorization: `Bearer ${visitor.token}`, origin: SHOP, 'sec-fetch-site': 'cross-site' }
    expect((await raw('POST', `/api/v1/events/${eventId}/queue`, { headers })).status).toBe(201)
  })

  it('read nothing unless the operator has named them', async () => {
    for (const path of ['/api/v1/events', '/healthz']) {
      const { headers } = await api.request('GET', path, { headers: { origin: SHOP } })
      expect(headers.get('access-control-allow-origin')).toBe(null)
    }
  })

  it('that are named get their own origin back, with credentials, also in a preflight and a problem', async () => {
    const eventId = await shared.api.event({ status: 'paused' })
    const path = `/api/v1/events/${eventId}/queue`
    const visitor = await shared.api.visitor()
    const preflight = await shared.api.request('OPTIONS', path, {
      headers: {
        origin: SHOP,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization',
      },
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-methods')).toMatch(/\bPOST\b/)
    expect(preflight.headers.get('access-control-allow-headers')?.toLowerCase()).toMatch(/authorization/)
    const joined = await shared.api.request('POST', path, {
      headers: { cookie: visitor.cookie, origin: SHOP, 'sec-fetch-site': 'cross-site' },
    })
    expect(joined.status).toBe(201)
    const problem = await shared.api.request('GET', '/api/v1/events/nobody', { headers: { origin: SHOP } })
    for (const { headers } of [preflight, joined, problem]) {
      expect(headers.get('access-control-allow-origin')).toBe(SHOP)
      expect(headers.get('access-control-allow-credentials')).toBe('true')
      expect(headers.get('vary')).toMatch(/origin/i)
    }
  })

  it('that are not named get nothing beside those that are', async () => {
    for (const origin of ['https://evil.example', `${SHOP}.evil.example`, 'null', 'http://shop.example']) {
      const { headers } = await shared.api.request('GET', '/api/v1/events', { headers: { origin } })
      expect([origin, headers.get('access-control-allow-origin')]).toEqual([origin, null])
      expect(headers.get('vary')).toMatch(/origin/i)
    }
  })
})
