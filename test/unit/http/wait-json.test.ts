/** The waiting page for programs: what Cloudflare documents of its JSON, and who it takes into the line. */
import { describe, expect, it } from 'vitest'
import { err, ok } from '../../../src/core/result.ts'
import type { EventStatus, Place } from '../../../src/core/views.ts'
import { cfWaitingRoom } from '../../../src/http/pages/cf-waiting-room.ts'
import { waitingRoomAnswer } from '../../../src/http/schemas/cf-waiting-room.ts'
import { prefersJson } from '../../../src/http/wants-json.ts'
import { ORIGIN_KEY, SHOP_ORIGIN, bearer, cookie, createGateway, problemOf } from './gateway.ts'
import type { GatewayOptions } from './gateway.ts'
import { placeOf, statusOf } from './views.ts'

const NOW_MS = Date.parse('2026-03-01T10:00:00.000Z')
const EVENT = statusOf('demo')
const visitOf = (place: Place | null = null, event: Partial<EventStatus> = {}) => ({
  status: { ...EVENT, ...event },
  pacePerMinute: null,
  place,
})
const WAITING: Place = { ...placeOf('demo', 'ann'), etaSeconds: { low: 200, high: 290 } }
const ADMITTED: Place = {
  ...WAITING,
  state: 'ADMITTED',
  position: null,
  etaSeconds: null,
  entryToken: 'token',
}

function shown(event: Partial<EventStatus>, place: Place | null = WAITING) {
  return cfWaitingRoom({ ...EVENT, ...event }, place, NOW_MS)
}

describe('cfWaitingRoom', () => {
  it('has the 25 documented fields, with the values of a visitor who waits in a plain line', () => {
    expect(shown({})).toEqual({
      inWaitingRoom: true,
      waitTimeKnown: true,
      waitTime: 5,
      waitTime25Percentile: 0,
      waitTime50Percentile: 0,
      waitTime75Percentile: 0,
      waitTimeFormatted: '5 minutes',
      queueIsFull: false,
      queueAll: false,
      lastUpdated: '2026-03-01T10:00:00.000Z',
      refreshIntervalSeconds: 5,
      queueingMethod: 'fifo',
      isFIFOQueue: true,
      isRandomQueue: false,
      isPassthroughQueue: false,
      isRejectQueue: false,
      isEventActive: false,
      isEventPrequeueing: false,
      timeUntilEventStart: 0,
      timeUntilEventStartFormatted: 'unavailable',
      timeUntilEventEnd: 0,
      timeUntilEventEndFormatted: 'unavailable',
      shuffleAtEventStart: false,
      turnstile: '',
      infiniteQueue: false,
    })
    expect(Object.keys(shown({}))).toHaveLength(25)
  })

  it('is left by the admitted, and by nobody else', () => {
    expect(shown({}, ADMITTED)).toMatchObject({ inWaitingRoom: false, waitTimeKnown: false, waitTime: 0 })
    expect(shown({}, null).inWaitingRoom).toBe(true)
    expect(shown({}, { ...WAITING, state: 'EXPIRED' }).inWaitingRoom).toBe(true)
  })

  it.each([
    [{ low: 1, high: 4 }, 1, '1 minute'],
    [{ low: 30, high: 61 }, 2, '2 minutes'],
    [{ low: 3_000, high: 7_200 }, 120, '120 minutes'],
  ])('tells %j in whole minutes, none too few', (etaSeconds, waitTime, waitTimeFormatted) => {
    expect(shown({}, { ...WAITING, etaSeconds })).toMatchObject({
      waitTimeKnown: true,
      waitTime,
      waitTimeFormatted,
    })
  })

  it('says when the waiting time is not known', () => {
    const unknown = shown({}, { ...WAITING, etaSeconds: null })
    expect(unknown).toMatchObject({ waitTimeKnown: false, waitTime: 0, waitTimeFormatted: 'unavailable' })
  })

  it('asks as often as keeps the place, and never where there is no line', () => {
    expect(shown({}, { ...WAITING, pollAfterMs: 15_000 }).refreshIntervalSeconds).toBe(15)
    expect(shown({ status: 'closed' }, null).refreshIntervalSeconds).toBe(20)
    const reject = shown({ queueing: 'reject' }, null)
    expect(reject).toMatchObject({ refreshIntervalSeconds: 0, queueingMethod: 'reject', isRejectQueue: true })
  })

  it.each([
    [{ status: 'closed' }, { queueIsFull: true, queueAll: false }],
    [{ status: 'sold_out' }, { queueIsFull: true, queueAll: false }],
    [{ status: 'paused' }, { queueIsFull: false, queueAll: true }],
    [{ holding: true }, { queueIsFull: false, queueAll: true }],
    [
      { queueing: 'passthrough' },
      { queueingMethod: 'passthrough', isPassthroughQueue: true, isFIFOQueue: false },
    ],
  ] satisfies [Partial<EventStatus>, object][])('says of %j that %j', (event, expected) => {
    expect(shown(event)).toMatchObject(expected)
  })

  it('of a lottery before its opening is a prequeue that will be shuffled', () => {
    const opensAt = '2026-03-01T10:29:30.000Z'
    const before = shown({
      status: 'scheduled',
      queueing: 'lottery',
      opensAt,
      closesAt: '2026-03-01T12:00:00.000Z',
    })
    expect(before).toMatchObject({
      isEventActive: true,
      isEventPrequeueing: true,
      timeUntilEventStart: 30,
      timeUntilEventStartFormatted: '30 minutes',
      timeUntilEventEnd: 120,
      timeUntilEventEndFormatted: '120 minutes',
      shuffleAtEventStart: true,
      queueAll: true,
      isFIFOQueue: true,
    })
    expect(shown({ status: 'open', opensAt, closesAt: null })).toMatchObject({
      isEventActive: true,
      isEventPrequeueing: false,
      timeUntilEventStart: 0,
      timeUntilEventStartFormatted: 'unavailable',
      timeUntilEventEndFormatted: 'unavailable',
    })
  })
})

describe('a client wants JSON', () => {
  it.each([
    ['application/json', true],
    ['application/json, text/plain, */*', true],
    ['text/html;q=0.5, application/json', true],
    ['APPLICATION/JSON; q=0.9', true],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', false],
    ['application/json, text/html', false],
    ['application/json;q=0', false],
    ['application/json;q=nonsense', false],
    ['*/*', false],
    ['', false],
    [null, false],
  ])('%j: %s', (accept, expected) => {
    expect(prefersJson(accept)).toBe(expected)
  })
})

describe('GET /wait/{eventId} for programs', () => {
  const JSON_ONLY = { Accept: 'application/json' }
  const ask = (options: GatewayOptions = {}) => {
    const line: GatewayOptions['line'] = {
      visit: async () => ok(visitOf()),
      join: async (userId) => ok({ created: true, place: placeOf('demo', userId) }),
      ...options.line,
    }
    const gateway = createGateway({ ...options, line })
    const whats = () => gateway.calls.map(({ what }) => what)
    const get = (headers: Record<string, string> = {}, method = 'GET') =>
      gateway.fetch('/wait/demo', { method, headers: { ...JSON_ONLY, ...headers } })
    return { gateway, get, whats }
  }

  it('starts a session, joins, and answers by the schema that is documented', async () => {
    const { get, whats } = ask()
    const response = await get()
    expect(response.status).toBe(200)
    expect(response.headers.get('Content-Type')).toMatch(/^application\/json/)
    expect(response.headers.get('Cache-Control')).toBe('no-store')
    expect(response.headers.get('Set-Cookie')).toMatch(/^usher_visitor=.*HttpOnly; SameSite=Lax/)
    const body = waitingRoomAnswer.parse(await response.json())
    expect(body.usher.place?.state).toBe('WAITING')
    expect(whats()).toEqual(['line demo visit', 'line demo join'])
  })

  it('keeps the place of a visitor who is in line, by cookie or bearer, without joining again', async () => {
    const { gateway, get, whats } = ask({ line: { visit: async () => ok(visitOf(WAITING)) } })
    const { token } = await gateway.newVisitor()
    for (const headers of [cookie(token), bearer(token)]) {
      const response = await get(headers)
      expect([response.status, response.headers.get('Set-Cookie')]).toEqual([200, null])
    }
    expect(whats().filter((what) => what.endsWith('join'))).toEqual([])
  })

  it('hands the admitted their entry token and the address of the shop, beside Cloudflare’s object', async () => {
    const shopUrl = 'https://shop.example/usher/enter'
    const { gateway, get } = ask({
      env: { SHOP_URL: shopUrl },
      line: { visit: async () => ok(visitOf(ADMITTED)) },
    })
    const { token } = await gateway.newVisitor()
    const body = await (await get(cookie(token))).json()
    expect(body).toMatchObject({
      cfWaitingRoom: { inWaitingRoom: false },
      usher: { place: { state: 'ADMITTED', entryToken: 'token' }, shopUrl },
    })
  })

  it('takes a visitor whose place has ended into the line anew', async () => {
    const { gateway, get, whats } = ask({
      line: { visit: async () => ok(visitOf({ ...WAITING, state: 'EXPIRED' })) },
    })
    const { token } = await gateway.newVisitor()
    expect((await get(cookie(token))).status).toBe(200)
    expect(whats()).toContain('line demo join')
  })

  it.each([
    [{ status: 'closed' }],
    [{ status: 'sold_out' }],
    [{ status: 'scheduled' }],
    [{ queueing: 'reject' }],
  ] satisfies [Partial<EventStatus>][])(
    'starts no session and joins nobody while the event is %j',
    async (change) => {
      const { get, whats } = ask({ line: { visit: async () => ok(visitOf(null, change)) } })
      const response = await get()
      expect([response.status, response.headers.get('Set-Cookie')]).toEqual([200, null])
      expect(await response.json()).toMatchObject({
        cfWaitingRoom: { inWaitingRoom: true },
        usher: { place: null },
      })
      expect(whats()).toEqual(['line demo visit'])
    },
  )

  it.each([
    { 'Sec-Fetch-Site': 'cross-site' },
    { 'Sec-Fetch-Site': 'same-site' },
    { Origin: 'https://evil.example' },
  ])('is refused to a page of another site: %j', async (headers) => {
    const { get, whats } = ask()
    const response = await get(headers)
    expect(response.status).toBe(403)
    expect(await problemOf(response)).toMatchObject({ code: 'cross-site-request' })
    expect(whats()).toEqual([])
  })

  it('is given to a page of an origin that the operator has named', async () => {
    const response = await ask().get({ Origin: SHOP_ORIGIN, 'Sec-Fetch-Site': 'cross-site' })
    expect(response.status).toBe(200)
    expect(response.headers.get('Access-Control-Allow-Origin')).toBe(SHOP_ORIGIN)
  })

  it('refuses a bad bearer and the shop’s key, and takes a bad cookie for an old one', async () => {
    const { get } = ask()
    expect((await get(bearer('bad'))).status).toBe(401)
    expect((await get(bearer(ORIGIN_KEY))).status).toBe(403)
    expect((await get(cookie('bad'))).headers.get('Set-Cookie')).toMatch(/^usher_visitor=/)
  })

  it('starts no guest where an identity provider is configured', async () => {
    const visitorTokens = { createGuest: async () => null, verify: async () => err('token-invalid' as const) }
    expect((await ask({ deps: { visitorTokens } }).get()).status).toBe(401)
  })

  it('counts sessions and joins against their limits, and polls against none', async () => {
    const counted: string[] = []
    const limiter = (name: string) => ({
      limit: async () => {
        counted.push(name)
        return { success: true }
      },
    })
    const limits = {
      env: { RATE_LIMITS: 'on' },
      deps: { limiters: { join: limiter('join'), session: limiter('session') } },
    }
    await ask(limits).get()
    expect(counted).toEqual(['session', 'join', 'join'])
    const { gateway, get } = ask({ ...limits, line: { visit: async () => ok(visitOf(WAITING)) } })
    const { token } = await gateway.newVisitor()
    counted.length = 0
    await get(cookie(token))
    expect(counted).toEqual([])
  })

  it('answers problems as problems, and HEAD joins nobody', async () => {
    const { gateway, get, whats } = ask({
      line: { visit: async () => err({ reason: 'event-not-found' as const }) },
    })
    const missing = await get()
    expect([missing.status, missing.headers.get('Content-Type')]).toEqual([404, 'application/problem+json'])
    const malformed = await gateway.fetch('/wait/no!', { headers: JSON_ONLY })
    expect([malformed.status, malformed.headers.get('Content-Type')]).toEqual([
      400,
      'application/problem+json',
    ])
    await get({}, 'HEAD')
    expect(whats()).toEqual(['line demo visit', 'line demo visit'])
  })
})
