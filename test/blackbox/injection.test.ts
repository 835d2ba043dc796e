/**
 * What strangers say is data and never becomes anything else: no property of an object, no markup, no event of a
 * stream. Headers and addresses are in hostile-requests.test.ts.
 */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectFaults, expectProblem } from '../support/contract.ts'
import {
  ADMIN_KEY,
  startTestUsher,
  type Api,
  type TestStream,
  type TestUsher,
  type Visitor,
} from '../support/usher.ts'

const SHOP = 'https://shop.example'
const SHOP_URL = `${SHOP}/enter?a="><script>alert(1)</script>&b='`

let usher: TestUsher
let api: Api

beforeAll(async () => {
  usher = await startTestUsher({ SHOP_URL })
  api = usher.api
})

afterAll(() => usher.stop())

/** What a stream consists of, line by line; anything else came from outside. */
const STREAM_LINE = /^(|:|retry: \d+|id: \d+|event: (position|promotion|heartbeat|status|end)|data: \{.*\})$/

function expectPureStream(stream: TestStream): void {
  // The format ends lines at CR, LF and both, and at nothing else.
  for (const line of stream.text.split(/\r\n|\r|\n/)) expect(line).toMatch(STREAM_LINE)
}

describe.concurrent('bodies', () => {
  const POLLUTION = '"__proto__":{"capacity":9,"polluted":true},"constructor":{"prototype":{"polluted":true}}'

  it('do not reach the prototype of anything', async () => {
    for (const key of ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty']) {
      expectFaults(await api.admin('PUT', 'events/polluted', `{"capacity":1,"${key}":{"x":1}}`), `/${key}`)
      expectFaults(await api.admin('PUT', 'pools/polluted', `{"capacity":1,"${key}":{"x":1}}`), `/${key}`)
    }
    expectProblem(await api.status('polluted'), 404, 'event-not-found')
    const eventId = await api.event()
    const before = (await api.admin('GET', `events/${eventId}`)).body
    expectProblem(await api.admin('PATCH', `events/${eventId}`, `{${POLLUTION}}`), 400, 'invalid-request')
    expect((await api.admin('GET', `events/${eventId}`)).body).toEqual(before)

    const visitor = await api.visitor()
    const joined = await api.request('POST', `/api/v1/events/${eventId}/queue`, {
      token: visitor.token,
      body: `{${POLLUTION},"userId":"somebody","isOperator":true}`,
    })
    expect([joined.status, joined.body.userId]).toEqual([201, visitor.userId])
    const { entryToken } = await api.admitted(eventId, visitor)
    const redeemed = await api.origin(
      'POST',
      'redeem',
      `{${POLLUTION},"token":${JSON.stringify(entryToken)},"sessionId":"s"}`,
    )
    expect([redeemed.status, redeemed.body.polluted]).toEqual([200, undefined])
    expect((await api.request('POST', '/api/v1/sessions', { body: `{${POLLUTION}}` })).status).toBe(201)
    expect((await api.request('GET', '/metrics', { token: visitor.token })).status).toBe(403)
  })

  it('with one key twice mean the last, for every reader alike', async () => {
    const eventId = await api.event()
    const { status, body } = await api.admin('PATCH', `events/${eventId}`, '{"capacity":5,"capacity":7}')
    expect([status, body.capacity]).toEqual([200, 7])
    expectFaults(await api.admin('PATCH', `events/${eventId}`, '{"capacity":5,"capacity":-1}'), '/capacity')
    expect((await api.admin('GET', `events/${eventId}`)).body.capacity).toBe(7)
  })
})

describe.concurrent('the waiting page', () => {
  const NAMES = [
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    "'; alert(1); //",
    '</title><script>alert(1)</script>',
    '<!-- -->&lt;b&gt;',
    '{{constructor.constructor("alert(1)")()}}${alert(1)}',
    'line\u2028separators\u2029and \u202e turned',
  ]

  it('shows a name as text, and posts the token to the shop and nowhere else', async () => {
    for (const name of NAMES) {
      const eventId = await api.event({ name })
      const { body, headers } = await api.request('GET', `/wait/${eventId}`)
      const page = String(body)
      const tags = [...page.matchAll(/<([a-z]+)\b/gi)].map(([, tag]) => tag)
      expect(tags.filter((tag) => tag === 'script')).toHaveLength(1)
      expect(tags).not.toContain('img')
      expect(page).toContain('<script type="module" src="/wait.js"></script>')
      // A name may stand in the value of an attribute, where a quote cannot end it.
      expect(page.replaceAll(/"[^"]*"/g, '""')).not.toMatch(/<[^>]*\son\w+\s*=|javascript:/i)
      const [, title = ''] = /<title>([^<]*)<\/title>/.exec(page) ?? []
      expect(unescaped(title)).toBe(name)
      const actions = Array.from(page.matchAll(/ action="([^"]*)"/g), ([, address = '']) =>
        unescaped(address),
      )
      expect(actions).toEqual([SHOP_URL, `/wait/${eventId}/join`, `/wait/${eventId}/leave`])
      const policy = headers.get('content-security-policy') ?? ''
      expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'")
      expect(policy).toContain(`form-action 'self' ${SHOP};`)
      expect(policy).not.toMatch(/unsafe|\*|http:/)
    }
  })

  function unescaped(text: string): string {
    const entities = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'", '&amp;': '&' }
    return text.replaceAll(/&[a-z0-9#]+;/g, (entity) => entities[entity as keyof typeof entities] ?? entity)
  }
})

describe.concurrent('a stream', () => {
  it('has no line that an event’s name put there, and a name has no line breaks', async () => {
    for (const name of ['a\nevent: end', 'a\r\ndata: {}', 'a\rb', 'a\u0085b', 'a\u0000b', '\ud800']) {
      expectFaults(await api.admin('PUT', 'events/broken', { capacity: 1, name }), '/name')
    }
    const name = 'a\u2028event: end\u2029data: {"type":"END"}'
    const eventId = await api.event({ name, status: 'paused' })
    const visitor = await api.visitor()
    await api.join(eventId, visitor)
    const stream = await api.stream(eventId, visitor, { 'last-event-id': 'x%0aevent: end' })
    await stream.next('position')
    await api.admin('PATCH', `events/${eventId}`, { name: `${name}!` })
    await api.admin('POST', `events/${eventId}/resume`)
    await stream.next('promotion')
    stream.close()
    expectPureStream(stream)
    expect(stream.events.map(({ event }) => event)).not.toContain('end')
  })
})

describe('users whose names are not of our making', () => {
  const ISSUER = 'https://id.example'
  const NAMES = [
    'a\nevent: end\ndata: {"type":"END","reason":"left"}\n\n',
    'a\r\nSet-Cookie: x=1',
    'a',
    'a\u0000b',
    'a\u2028b',
    'a:b}{c',
    "'; DROP TABLE places; --",
    '__proto__',
    'constructor',
    '\u{1f3ab}'.repeat(64),
    '&join=1&resumed=1',
  ]
  let provider: Server
  let withUsers: TestUsher
  let tokenOf: (sub: unknown) => Promise<string>

  beforeAll(async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
    const keys = [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256' }]
    provider = createServer((_request, response) => response.end(JSON.stringify({ keys }))).listen(
      0,
      '127.0.0.1',
    )
    await once(provider, 'listening')
    const address = provider.address()
    withUsers = await startTestUsher({
      IDENTITY_JWKS_URL: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/keys`,
      IDENTITY_ISSUER: ISSUER,
      IDENTITY_AUDIENCE: 'tickets',
      IDENTITY_ALG: 'ES256',
    })
    tokenOf = (sub) =>
      new SignJWT({ iss: ISSUER, aud: 'tickets', sub } as Record<string, unknown>)
        .setProtectedHeader({ alg: 'ES256', kid: 'k' })
        .setExpirationTime('1h')
        .sign(privateKey)
  })

  afterAll(async () => {
    await withUsers.stop()
    provider.closeAllConnections()
    provider.close()
  })

  it('keep their own place, put nothing into a stream, and are the same after a restart', async () => {
    const eventId = await withUsers.api.event({ status: 'paused' })
    const users: Visitor[] = []
    for (const userId of NAMES) users.push({ userId, token: await tokenOf(userId), cookie: '' })
    for (const [index, user] of users.entries()) {
      const { status, body } = await withUsers.api.join(eventId, user)
      expect([status, body.userId, body.position]).toEqual([201, user.userId, index + 1])
    }
    const streams: TestStream[] = []
    for (const user of users) streams.push(await withUsers.api.stream(eventId, user))
    for (const [index, stream] of streams.entries()) {
      expect((await stream.next('position')).data.position).toBe(index + 1)
    }
    for (const stream of streams) stream.close()
    for (const stream of streams) expectPureStream(stream)
    // The streams' address takes the name as well: nobody has joined twice by it.
    expect((await withUsers.api.status(eventId)).body.waiting).toBe(NAMES.length)

    withUsers = await withUsers.restart()
    for (const [index, user] of users.entries()) {
      const { status, body } = await withUsers.api.place(eventId, user)
      expect([status, body.userId, body.position]).toEqual([200, user.userId, index + 1])
    }
    const log = await withUsers.api.request('GET', '/metrics', { token: ADMIN_KEY })
    expect(log.body).not.toContain('DROP TABLE')
  })

  it('that no text can carry are nobody', async () => {
    const eventId = await withUsers.api.event({ status: 'paused' })
    for (const sub of ['\ud800', 'a\udc00b', '', ['a'], { a: 1 }, 5, null, true]) {
      const answer = await withUsers.api.request('POST', `/api/v1/events/${eventId}/queue`, {
        token: await tokenOf(sub),
      })
      expectProblem(answer, 401, 'unauthenticated')
    }
    expect((await withUsers.api.status(eventId)).body.waiting).toBe(0)
  })
})
