/** What is refused, how it is said, and that nothing has changed after it. */
import { request as httpRequest } from 'node:http'
import { base64url, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectFaults, expectProblem } from '../support/contract.ts'
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
const BODY_BYTES_MAX = 64 * 1024

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

type RawOptions = { readonly headers?: Record<string, string>; readonly chunks?: readonly Buffer[] }

/** A request byte by byte: no path is tidied, and a body in chunks has no length. */
function raw(method: string, path: string, { headers = {}, chunks = [] }: RawOptions = {}): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const { hostname, port } = new URL(usher.url)
  const sent = httpRequest({ hostname, port, method, path, headers, agent: false }, (response) => {
    const received: Buffer[] = []
    response.on('data', (chunk: Buffer) => received.push(chunk))
    response.on('error', reject)
    response.on('end', () => {
      const text = Buffer.concat(received).toString()
      const pairs = Object.entries(response.headers).map(([name, value]): [string, string] => [
        name,
        String(value),
      ])
      const isJson = /json/.test(String(response.headers['content-type']))
      resolve({
        status: response.statusCode ?? 0,
        body: isJson && text !== '' ? JSON.parse(text) : text,
        headers: new Headers(pairs),
      })
    })
  })
  sent.on('error', reject)
  for (const chunk of chunks) sent.write(chunk)
  sent.end()
  return promise
}

/** An event with one visitor who waits and one who is inside, and a check that this is still so. */
async function untouched(): Promise<{
  eventId: string
  visitor: Visitor
  admissionId: string
  token: string
  readonly check: () => Promise<void>
}> {
  const eventId = await api.event({ capacity: 1 })
  const [inside, visitor] = await Promise.all([api.visitor(), api.visitor()])
  await api.join(eventId, inside)
  const { admissionId, entryToken: token } = await api.admitted(eventId, inside)
  await api.join(eventId, visitor)
  const read = async () => {
    const { body } = await api.admin('GET', `events/${eventId}`)
    const { body: admission } = await api.origin('GET', admissionId)
    return { ...body, present: 0, admission }
  }
  const before = await read()
  expect(before).toMatchObject({ waiting: 1, admitted: 1 })
  return {
    eventId,
    visitor,
    admissionId,
    token,
    check: async () => {
      expect(await read()).toEqual(before)
    },
  }
}

describe.concurrent('ids', () => {
  const BAD_IDS = [
    '_a',
    '-a',
    'a.b',
    'a:b',
    'a%2Fb',
    'a%20b',
    'a%0Ab',
    '%00',
    'a'.repeat(65),
    '%EA%B0%80',
    '..%2f..',
    '*',
    "a'b",
    'a%22b',
  ]
  /** Not even percent-encoding. */
  const BROKEN_IDS = ['%', '%zz', '%E0%A4%A', '%ff']

  it('that are none are 400 with the name of the parameter, at every address', async () => {
    const visitor = await api.visitor()
    const calls = (id: string) => [
      ['GET', `/api/v1/events/${id}`, ''],
      ['POST', `/api/v1/events/${id}/queue`, visitor.token],
      ['GET', `/api/v1/events/${id}/queue`, visitor.token],
      ['DELETE', `/api/v1/events/${id}/queue`, visitor.token],
      ['GET', `/api/v1/events/${id}/queue/stream`, visitor.token],
      ['GET', `/api/v1/broker/events/${id}/tickets/waiting`, visitor.token],
      ['GET', `/api/v1/admin/events/${id}`, ADMIN_KEY],
      ['DELETE', `/api/v1/admin/events/${id}`, ADMIN_KEY],
      ['POST', `/api/v1/admin/events/${id}/open`, ADMIN_KEY],
    ]
    for (const id of [...BAD_IDS, ...BROKEN_IDS]) {
      for (const [method = '', path = '', token = ''] of calls(id)) {
        const answer = await raw(method, path, {
          headers: token === '' ? {} : { authorization: `Bearer ${token}` },
        })
        expect([method, path, answer.status, answer.body.code]).toEqual([
          method,
          path,
          400,
          'invalid-request',
        ])
        expectFaults(answer, '/eventId')
      }
      const headers = { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' }
      const put = { headers, chunks: [Buffer.from('{"capacity":1}')] }
      expectFaults(await raw('PUT', `/api/v1/admin/events/${id}`, put), '/eventId')
      expectFaults(await raw('PUT', `/api/v1/admin/pools/${id}`, put), '/poolId')
      const page = await raw('GET', `/wait/${id}`)
      expect([id, page.status, page.headers.get('content-type')]).toEqual([
        id,
        400,
        expect.stringMatching(/^text\/html/),
      ])
    }
  })

  it('of 1 to 64 letters, digits, hyphens and underscores are good', async () => {
    for (const id of ['a', '0', 'A_-z', 'x'.repeat(64)]) {
      expect((await api.putEvent(id, {})).status).toBe(201)
      expect((await api.status(id)).body.eventId).toBe(id)
    }
  })
})

describe.concurrent('bodies', () => {
  const BROKEN = [
    '{',
    '{"a":}',
    'nonsense',
    "{'a':1}",
    '[]',
    '[{}]',
    '"text"',
    '5',
    'true',
    'null',
    '{"a":1}{"b":2}',
    '\u0000',
  ]

  it('that are no JSON object are 400, wherever a body is taken', async () => {
    const { eventId, visitor, admissionId, check } = await untouched()
    const calls = [
      ['POST', '/api/v1/sessions', ''],
      ['POST', `/api/v1/events/${eventId}/queue`, visitor.token],
      ['POST', '/api/v1/admissions/redeem', ORIGIN_KEY],
      ['POST', `/api/v1/admissions/${admissionId}/renew`, ORIGIN_KEY],
      ['POST', `/api/v1/admissions/${admissionId}/release`, ORIGIN_KEY],
      ['POST', `/api/v1/admin/admissions/${admissionId}/revoke`, ADMIN_KEY],
      ['PUT', `/api/v1/admin/events/${eventId}`, ADMIN_KEY],
      ['PATCH', `/api/v1/admin/events/${eventId}`, ADMIN_KEY],
      ['POST', `/api/v1/admin/events/${eventId}/close`, ADMIN_KEY],
      ['PUT', '/api/v1/admin/pools/refused', ADMIN_KEY],
    ] as const
    for (const [method, path, token] of calls) {
      for (const body of BROKEN) {
        const answer = await api.request(method, path, { body, ...(token !== '' && { token }) })
        expect([method, path, body, answer.status]).toEqual([method, path, body, 400])
        expectProblem(answer, 400, 'invalid-request')
      }
    }
    await check()
  })

  it('that are no UTF-8, or try to reach past their fields, are refused or harmless', async () => {
    const headers = { 'content-type': 'application/json' }
    expectProblem(
      await raw('POST', '/api/v1/sessions', { headers, chunks: [Buffer.from([0x7b, 0xff, 0x7d])] }),
      400,
      'invalid-request',
    )
    const polluting = await api.admin(
      'PUT',
      'events/polluted',
      '{"__proto__":{"capacity":5},"constructor":{"prototype":{"capacity":5}}}',
    )
    expectProblem(polluting, 400, 'invalid-request')
    expectProblem(await api.status('polluted'), 404, 'event-not-found')
    const deep = `{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}`
    expect((await api.request('POST', '/api/v1/sessions', { body: deep })).status).toBe(201)
    expectProblem(await api.admin('PUT', 'events/deep', deep), 400, 'invalid-request')
  })

  it('may have 64 KiB to the byte, and no more, with a length or without', async () => {
    const ofSize = (bytes: number): string => `{"a":"${'x'.repeat(bytes - 8)}"}`
    const [fitting, tooLarge] = [ofSize(BODY_BYTES_MAX), ofSize(BODY_BYTES_MAX + 1)]
    expect([Buffer.byteLength(fitting), Buffer.byteLength(tooLarge)]).toEqual([
      BODY_BYTES_MAX,
      BODY_BYTES_MAX + 1,
    ])
    const headers = { 'content-type': 'application/json' }
    const chunked = (text: string): RawOptions => ({
      headers,
      chunks: [Buffer.from(text.slice(0, 7)), Buffer.from(text.slice(7))],
    })
    expect((await api.request('POST', '/api/v1/sessions', { body: fitting })).status).toBe(201)
    expect((await raw('POST', '/api/v1/sessions', chunked(fitting))).status).toBe(201)
    expectProblem(await api.request('POST', '/api/v1/sessions', { body: tooLarge }), 413, 'body-too-large')
    expectProblem(await raw('POST', '/api/v1/sessions', chunked(tooLarge)), 413, 'body-too-large')
    const { eventId, visitor, check } = await untouched()
    expectProblem(await api.admin('PUT', `events/${eventId}`, tooLarge), 413, 'body-too-large')
    expectProblem(
      await api.request('POST', `/api/v1/events/${eventId}/queue`, { token: visitor.token, body: tooLarge }),
      413,
      'body-too-large',
    )
    expectProblem(
      await api.request('POST', '/api/v1/admissions/redeem', { token: ORIGIN_KEY, body: tooLarge }),
      413,
      'body-too-large',
    )
    await check()
  })

  it('must be application/json, with any parameter', async () => {
    const { eventId, visitor, check } = await untouched()
    const body = '{}'
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/jsonx',
      'application/xml',
      'json',
      ' ',
    ]) {
      const headers = { 'content-type': type }
      expectProblem(
        await api.request('POST', '/api/v1/sessions', { body, headers }),
        415,
        'unsupported-media-type',
      )
      expectProblem(
        await api.request('PATCH', `/api/v1/admin/events/${eventId}`, { body, headers, token: ADMIN_KEY }),
        415,
        'unsupported-media-type',
      )
      expectProblem(
        await api.request('POST', `/api/v1/events/${eventId}/queue`, { body, headers, token: visitor.token }),
        415,
        'unsupported-media-type',
      )
    }
    expectProblem(
      await raw('POST', '/api/v1/sessions', { chunks: [Buffer.from(body)] }),
      415,
      'unsupported-media-type',
    )
    for (const type of [
      'application/json',
      'application/json; charset=utf-8',
      'APPLICATION/JSON;charset=UTF-8',
    ]) {
      expect(
        (await api.request('POST', '/api/v1/sessions', { body, headers: { 'content-type': type } })).status,
      ).toBe(201)
    }
    await check()
  })

  it('of the shop name the field at fault', async () => {
    const { admissionId, token, check } = await untouched()
    for (const [body, ...pointers] of [
      [{}, '/token', '/sessionId'],
      [{ token }, '/sessionId'],
      [{ token, sessionId: '' }, '/sessionId'],
      [{ token, sessionId: 5 }, '/sessionId'],
      [{ token, sessionId: 'x'.repeat(129) }, '/sessionId'],
      [{ token, sessionId: 'a\nb' }, '/sessionId'],
      [{ token: 5, sessionId: 's' }, '/token'],
      [{ token: '', sessionId: 's' }, '/token'],
      [{ token: 'x'.repeat(5_000), sessionId: 's' }, '/token'],
    ] as [object, ...string[]][]) {
      expectFaults(await api.origin('POST', 'redeem', body), ...pointers)
    }
    for (const body of [
      {},
      { outcome: 'expired' },
      { outcome: null },
      { outcome: 'Completed' },
      { outcome: ['completed'] },
    ]) {
      expectFaults(await api.origin('POST', `${admissionId}/release`, body), '/outcome')
    }
    await check()
  })
})

describe.concurrent('addresses', () => {
  it('that do not exist are 404', async () => {
    const eventId = await api.event()
    const paths = [
      '/nope',
      '/api',
      '/api/v1',
      '/api/v2/events',
      '/api/v1/nope',
      '/api/v1/events/',
      `/api/v1/events/${eventId}/`,
      `/api/v1/events/${eventId}/queue/stream/more`,
    ]
    for (const path of [
      ...paths,
      '/api/v1/admin',
      '/api/v1/admin/events/x/explode',
      '/wait',
      '/wait/',
      '/metrics/x',
      '/.well-known/nope',
      '/api//v1/events',
    ]) {
      for (const method of ['GET', 'POST', 'DELETE']) {
        const answer = await raw(method, path, { headers: { authorization: `Bearer ${ADMIN_KEY}` } })
        expect([method, path, answer.status]).toEqual([method, path, 404])
        expectProblem(answer, 404, 'not-found')
      }
    }
  })

  it('with another method are 405, with the methods in Allow, whoever asks', async () => {
    const { eventId, admissionId, check } = await untouched()
    const calls: readonly (readonly [string, string, readonly string[]])[] = [
      ['/api/v1/sessions', 'GET', ['POST']],
      ['/api/v1/events', 'POST', ['GET']],
      [`/api/v1/events/${eventId}`, 'DELETE', ['GET']],
      [`/api/v1/events/${eventId}/queue`, 'PUT', ['POST', 'GET', 'DELETE']],
      [`/api/v1/events/${eventId}/queue/stream`, 'POST', ['GET']],
      [`/api/v1/broker/events/${eventId}/tickets/waiting`, 'POST', ['GET']],
      [`/wait/${eventId}`, 'POST', ['GET']],
      ['/api/v1/admissions/redeem', 'PUT', ['POST']],
      [`/api/v1/admissions/${admissionId}`, 'DELETE', ['GET']],
      [`/api/v1/admissions/${admissionId}/renew`, 'GET', ['POST']],
      [`/api/v1/admissions/${admissionId}/release`, 'GET', ['POST']],
      [`/api/v1/admin/events/${eventId}`, 'POST', ['PUT', 'PATCH', 'GET', 'DELETE']],
      ['/api/v1/admin/events', 'POST', ['GET']],
      [`/api/v1/admin/events/${eventId}/close`, 'GET', ['POST']],
      [`/api/v1/admin/admissions/${admissionId}/revoke`, 'GET', ['POST']],
      ['/api/v1/admin/pools/p', 'POST', ['PUT']],
      ['/metrics', 'POST', ['GET']],
      ['/healthz', 'PATCH', ['GET']],
      ['/openapi.json', 'PUT', ['GET']],
      ['/.well-known/jwks.json', 'DELETE', ['GET']],
    ]
    for (const [path, method, allowed] of calls) {
      const answer = await raw(method, path)
      expect([path, answer.status]).toEqual([path, 405])
      expectProblem(answer, 405, 'method-not-allowed')
      const allow = (answer.headers.get('allow') ?? '').split(/, */)
      expect(allow).toEqual(expect.arrayContaining([...allowed]))
      expect(allow).not.toContain(method)
    }
    await check()
  })

  it('of the waiting page’s files take nothing but GET, and say so as a problem', async () => {
    for (const path of ['/wait.js', '/']) {
      for (const method of ['POST', 'PUT', 'DELETE']) {
        const answer = await raw(method, path)
        expect([path, method, answer.status]).toEqual([path, method, 405])
        expectProblem(answer, 405, 'method-not-allowed')
        expect(answer.headers.get('allow')).toMatch(/\bGET\b/)
      }
    }
  })

  it('answer HEAD as GET without its body, and HEAD joins nobody', async () => {
    const eventId = await api.event({ status: 'paused' })
    const visitor = await api.visitor()
    for (const path of [`/api/v1/events/${eventId}`, '/healthz', '/openapi.json', `/wait/${eventId}`]) {
      const [head, get] = [await raw('HEAD', path), await api.request('GET', path)]
      expect([path, head.status, head.body]).toEqual([path, get.status, ''])
      expect(head.headers.get('content-type')).toBe(get.headers.get('content-type'))
    }
    const broker = `/api/v1/broker/events/${eventId}/tickets/waiting`
    await raw('HEAD', broker, { headers: { authorization: `Bearer ${visitor.token}` } })
    expect((await api.status(eventId)).body.waiting).toBe(0)
  })
})

describe('credentials', () => {
  /** What each kind of caller is answered with at an address of each kind; 0: let in. */
  const EXPECTED = {
    visitor: { visitor: 0, origin: 403, operator: 403 },
    origin: { visitor: 403, origin: 0, operator: 403 },
    operator: { visitor: 403, origin: 403, operator: 0 },
  } as const

  it('of the wrong kind are 403, bad ones and none 401, at every address', async () => {
    const { eventId, admissionId, token: entryToken, visitor, check } = await untouched()
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
    const { eventId, visitor } = await untouched()
    const headers = { authorization: 'Bearer nonsense', cookie: visitor.cookie }
    expectProblem(await raw('GET', `/api/v1/events/${eventId}/queue`, { headers }), 401, 'unauthenticated')
  })

  it('may write Bearer as they like', async () => {
    const { eventId, visitor } = await untouched()
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
    const { eventId, visitor, check } = await untouched()
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
    const { eventId } = await untouched()
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

describe.concurrent('an idempotency key', () => {
  let keys = 0
  const newKey = (): string => `key-${process.pid}-${(keys += 1)}`
  const start = (key: string, body: unknown = {}): Promise<Answer> =>
    api.request('POST', '/api/v1/sessions', { body, headers: { 'idempotency-key': key } })
  const join = (eventId: string, { token }: Visitor, key: string, body?: unknown): Promise<Answer> =>
    api.request('POST', `/api/v1/events/${eventId}/queue`, {
      token,
      headers: { 'idempotency-key': key },
      ...(body !== undefined && { body }),
    })

  it('with the same body answers the same session, cookie included', async () => {
    const key = newKey()
    const [first, second] = [await start(key), await start(key)]
    expect([second.status, second.body]).toEqual([first.status, first.body])
    expect(second.headers.get('set-cookie')).toBe(first.headers.get('set-cookie'))
    expect((await start(newKey())).body.userId).not.toBe(first.body.userId)
  })

  it('answers the first join to a retry, although the place has moved on since', async () => {
    const eventId = await api.event({ status: 'paused' })
    const [ahead, visitor] = await Promise.all([api.visitor(), api.visitor()])
    await api.join(eventId, ahead)
    const key = newKey()
    const first = await join(eventId, visitor, key)
    await api.leave(eventId, ahead)
    const retried = await join(eventId, visitor, key)
    expect([retried.status, retried.body]).toEqual([201, first.body])
    expect((await api.place(eventId, visitor)).body.position).toBe(1)
  })

  it('with another body or at another address is 422, and changes nothing', async () => {
    const [eventId, otherId] = [await api.event({ status: 'paused' }), await api.event({ status: 'paused' })]
    const visitor = await api.visitor()
    const key = newKey()
    expect((await join(eventId, visitor, key, {})).status).toBe(201)
    expectProblem(await join(eventId, visitor, key, { other: 1 }), 422, 'idempotency-key-reused')
    expectProblem(await join(otherId, visitor, key, {}), 422, 'idempotency-key-reused')
    expect((await api.status(otherId)).body.waiting).toBe(0)
  })

  it('is the caller’s own: the same one of another visitor is another', async () => {
    const eventId = await api.event({ status: 'paused' })
    const visitors = await api.visitors(3)
    const key = newKey()
    for (const [index, visitor] of visitors.entries()) {
      const { status, body } = await join(eventId, visitor, key)
      expect([status, body.userId, body.position]).toEqual([201, visitor.userId, index + 1])
    }
  })

  it('used at once by many makes one session', async () => {
    const key = newKey()
    const answers = await Promise.all(Array.from({ length: 8 }, () => start(key)))
    const users = new Set(
      answers.filter(({ status }) => status === 201).map(({ body }) => body.userId as string),
    )
    expect(users.size).toBe(1)
    for (const answer of answers) if (answer.status !== 201) expectProblem(answer, 409, 'request-in-progress')
    expect((await start(key)).body.userId).toBe([...users][0])
  })

  it('has 1 to 128 printable characters, else it is 400', async () => {
    for (const key of ['', 'x'.repeat(129), 'caf\u00e9', 'a\tb']) {
      const answer = await raw('POST', '/api/v1/sessions', { headers: { 'idempotency-key': key } })
      expect([key, answer.status]).toEqual([key, 400])
      expectProblem(answer, 400, 'invalid-request')
    }
    expect((await start('x'.repeat(128))).status).toBe(201)
  })

  it('of a refused request may be used again', async () => {
    const eventId = await api.event({ status: 'scheduled' })
    const visitor = await api.visitor()
    const key = newKey()
    expectProblem(await join(eventId, visitor, key), 409, 'event-not-open')
    await api.admin('POST', `events/${eventId}/open`)
    expect((await join(eventId, visitor, key)).status).toBe(201)
  })
})

describe.concurrent('request ids', () => {
  it('are on every answer, never repeated, and never what a stranger wants them to be', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => api.request('GET', '/healthz')))
    expect(new Set(answers.map(({ headers }) => headers.get('x-request-id'))).size).toBe(20)
    const { headers } = await raw('GET', '/healthz', { headers: { 'x-request-id': '"><script>' } })
    expect(headers.get('x-request-id')).toMatch(/^[\w.-]+$/)
  })
})
