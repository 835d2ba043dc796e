import { describe, expect, it } from 'vitest'
import { err, ok } from '../../../src/core/result.ts'
import { LINE_COUNTERS, LINE_GAUGES } from '../../../src/ports/lines.ts'
import type { LineMetrics } from '../../../src/ports/lines.ts'
import { PaymentCounts } from '../../../src/purchase/core/payment-counts.ts'
import type { PurchasePorts, SaleFigures } from '../../../src/purchase/ports.ts'
import { ADMIN_KEY, ORIGIN_KEY, bearer, createGateway, jsonBody, problemOf } from './gateway.ts'
import type { Gateway } from './gateway.ts'
import { admissionOf, placeOf, statusOf } from './views.ts'

const ADMISSION = 'demo.AAAAAAAAAAAAAAAAAAAAAA'
const STREAM = '/api/v1/events/demo/queue/stream'
const BROKER = '/api/v1/broker/events/demo/tickets/waiting'

describe('the queue', () => {
  it('joining is 201 the first time and 200 after it', async () => {
    let created = true
    const gateway = createGateway({
      line: { join: async (userId) => ok({ created, place: placeOf('demo', userId) }) },
    })
    const { token } = await gateway.newVisitor()
    const join = () => gateway.fetch('/api/v1/events/demo/queue', { method: 'POST', headers: bearer(token) })
    expect((await join()).status).toBe(201)
    created = false
    expect((await join()).status).toBe(200)
  })

  it('leaving is 204 also for somebody who is not there', async () => {
    const gateway = createGateway({ line: { leave: async () => err({ reason: 'not-in-queue' }) } })
    const { token } = await gateway.newVisitor()
    const response = await gateway.fetch('/api/v1/events/demo/queue', {
      method: 'DELETE',
      headers: bearer(token),
    })
    expect(response.status).toBe(204)
  })
})

describe('a stream', () => {
  async function streamed(
    gateway: Gateway,
    path: string,
    init: { method?: string; headers?: Record<string, string> } = {},
  ) {
    const guest = await gateway.newVisitor()
    const response = await gateway.fetch(path, {
      ...init,
      headers: { ...init.headers, ...bearer(guest.token) },
    })
    const opened = gateway.calls.filter((call) => call.what === 'line demo fetch')
    return { response, guest, opened: opened.map(({ args }) => new URL((args[0] as Request).url)) }
  }
  const line = {
    fetch: async () => new Response('retry: 1\n\n'),
    status: async () => ok(statusOf('demo')),
    place: async (userId: string) => ok(placeOf('demo', userId)),
  }

  it('passes the body on untouched, with the headers that keep proxies from holding it', async () => {
    const { response } = await streamed(createGateway({ line }), STREAM)
    expect(response.headers.get('Content-Type')).toBe('text/event-stream')
    expect(response.headers.get('Cache-Control')).toBe('no-store')
    expect(response.headers.get('X-Accel-Buffering')).toBe('no')
    expect(response.headers.has('X-Request-Id')).toBe(true)
    expect(await response.text()).toBe('retry: 1\n\n')
  })

  it('names the visitor of the credential, and says when it is a reconnect', async () => {
    const { guest, opened } = await streamed(createGateway({ line }), STREAM, {
      headers: { 'Last-Event-ID': '7' },
    })
    expect(Object.fromEntries(opened[0]?.searchParams ?? [])).toEqual({ userId: guest.userId, resumed: '1' })
  })

  it('joins by the other address only', async () => {
    expect((await streamed(createGateway({ line }), STREAM)).opened[0]?.searchParams.has('join')).toBe(false)
    expect((await streamed(createGateway({ line }), BROKER)).opened[0]?.searchParams.get('join')).toBe('1')
  })

  it.each([STREAM, BROKER])('HEAD %s opens nothing and joins nobody', async (path) => {
    const { response, opened } = await streamed(createGateway({ line }), path, { method: 'HEAD' })
    expect(response.status).toBe(200)
    expect(response.headers.get('Content-Type')).toBe('text/event-stream')
    expect(opened).toEqual([])
  })

  it('HEAD of one that could not be opened says so', async () => {
    const gateway = createGateway({ line: { ...line, place: async () => err({ reason: 'not-in-queue' }) } })
    const { response } = await streamed(gateway, STREAM, { method: 'HEAD' })
    expect(response.status).toBe(404)
  })

  it('that the line refuses is a problem', async () => {
    const refusing = {
      fetch: async () => Response.json({ reason: 'event-not-open', status: 'closed' }, { status: 409 }),
    }
    const { response } = await streamed(createGateway({ line: refusing }), BROKER)
    expect(await problemOf(response)).toMatchObject({
      status: 409,
      code: 'event-not-open',
      eventStatus: 'closed',
    })
  })

  it.each([Response.json({ reason: 'who knows' }, { status: 409 }), new Response('gone', { status: 500 })])(
    'that the line answers with nonsense is an internal error',
    async (answer) => {
      const { response } = await streamed(createGateway({ line: { fetch: async () => answer } }), STREAM)
      expect(response.status).toBe(500)
    },
  )
})

describe('admissions', () => {
  const post = (gateway: Gateway, path: string, body: unknown, key = ORIGIN_KEY) => {
    const { headers, ...rest } = jsonBody(body)
    return gateway.fetch(path, { method: 'POST', headers: { ...headers, ...bearer(key) }, ...rest })
  }
  async function entryToken(gateway: Gateway): Promise<string> {
    const times = { issuedAtMs: Date.now(), expiresAtMs: Date.now() + 60_000 }
    return gateway.deps.entryTokens.sign({ userId: 'v', eventId: 'demo', admissionId: ADMISSION, ...times })
  }

  it('redeeming asks the event of the token, and tells it a digest in place of the session', async () => {
    const gateway = createGateway({ line: { redeem: async () => ok(admissionOf(ADMISSION, 'v')) } })
    const response = await post(gateway, '/api/v1/admissions/redeem', {
      token: await entryToken(gateway),
      sessionId: 's1',
    })
    expect(await response.json()).toEqual(admissionOf(ADMISSION, 'v'))
    expect(gateway.calls).toEqual([
      {
        what: 'line demo redeem',
        // SHA-256 of "s1".
        args: [{ admissionId: ADMISSION, sessionDigest: '6LwWPILu4YczKIx9SsY22zpt6wE-8tN7aDIr4g7cRcw' }],
      },
    ])
  })

  it('a token that is none reaches no line', async () => {
    const gateway = createGateway()
    const response = await post(gateway, '/api/v1/admissions/redeem', { token: 'a.b.c', sessionId: 's1' })
    expect(await problemOf(response)).toMatchObject({ status: 401, code: 'token-invalid' })
    expect(gateway.calls).toEqual([])
  })

  it('a good token of an event that is gone has ended', async () => {
    const gateway = createGateway({ line: { redeem: async () => err({ reason: 'event-not-found' }) } })
    const response = await post(gateway, '/api/v1/admissions/redeem', {
      token: await entryToken(gateway),
      sessionId: 's1',
    })
    expect(await problemOf(response)).toMatchObject({ status: 410, code: 'admission-ended' })
  })

  it.each(['x', 'demo', 'demo.short', `${ADMISSION}x`, '%20'])(
    '%s is no admission, and no line is asked',
    async (id) => {
      const gateway = createGateway()
      const answers = [
        await gateway.fetch(`/api/v1/admissions/${id}`, { headers: bearer(ORIGIN_KEY) }),
        await post(gateway, `/api/v1/admissions/${id}/renew`, {}),
        await post(gateway, `/api/v1/admissions/${id}/release`, { outcome: 'completed' }),
        await post(gateway, `/api/v1/admin/admissions/${id}/revoke`, {}, ADMIN_KEY),
      ]
      for (const answer of answers) {
        expect(await problemOf(answer)).toMatchObject({ status: 404, code: 'admission-not-found' })
      }
      expect(gateway.calls).toEqual([])
    },
  )

  it('an admission of an event that does not exist is not found either', async () => {
    const gateway = createGateway({ line: { admission: async () => err({ reason: 'event-not-found' }) } })
    const response = await gateway.fetch(`/api/v1/admissions/${ADMISSION}`, { headers: bearer(ORIGIN_KEY) })
    expect(await problemOf(response)).toMatchObject({ code: 'admission-not-found' })
  })
})

describe('the list of events', () => {
  it('has the public ones that exist, and asks the lines once a second at most', async () => {
    let nowMs = 1_000_000
    const gateway = createGateway({
      registry: {
        events: async () =>
          ['open', 'hidden'].map((eventId) => ({ eventId, public: eventId === 'open', poolId: null })),
      },
      line: { status: async () => ok(statusOf('open')) },
      deps: { nowMs: () => nowMs },
    })
    const list = async () => (await gateway.fetch('/api/v1/events')).json()
    expect(await list()).toEqual({ events: [statusOf('open')] })
    await list()
    const asked = () => gateway.calls.filter((call) => call.what === 'line open status').length
    expect(asked()).toBe(1)
    nowMs += 1_000
    await list()
    expect(asked()).toBe(2)
  })

  it('shows a new event at once', async () => {
    const eventIds = ['a']
    const gateway = createGateway({
      registry: { events: async () => eventIds.map((eventId) => ({ eventId, public: true, poolId: null })) },
      line: { status: async () => ok(statusOf(eventIds.at(-1) ?? '')) },
      deps: { nowMs: () => 1_000_000 },
    })
    await gateway.fetch('/api/v1/events')
    eventIds.push('b')
    const response = await gateway.fetch('/api/v1/events')
    expect(await response.json()).toEqual({ events: [statusOf('a'), statusOf('b')] })
  })

  it('leaves out a line in trouble and shows the others', async () => {
    let asked = 0
    const gateway = createGateway({
      registry: {
        events: async () => ['a', 'b'].map((eventId) => ({ eventId, public: true, poolId: null })),
      },
      line: {
        async status() {
          asked += 1
          if (asked === 1) throw new Error('gone')
          return ok(statusOf('b'))
        },
      },
    })
    expect(await (await gateway.fetch('/api/v1/events')).json()).toEqual({ events: [statusOf('b')] })
    expect(gateway.logged.join()).toContain('event_unlisted')
  })
})

describe('rate limits', () => {
  const refusing = { limit: async () => ({ success: false }) }
  const limited = (env: Record<string, string>) => {
    const keys: string[] = []
    const counting = {
      async limit({ key }: { key: string }) {
        keys.push(key)
        return { success: !key.includes('192.0.2.99') }
      },
    }
    const line = { join: async (userId: string) => ok({ created: true, place: placeOf('demo', userId) }) }
    return {
      keys,
      gateway: createGateway({ env, line, deps: { limiters: { join: counting, session: counting } } }),
    }
  }

  it('count joins by visitor and address, sessions by address', async () => {
    const { gateway, keys } = limited({ RATE_LIMITS: 'on' })
    const { token, userId } = await gateway.newVisitor()
    const address = { 'CF-Connecting-IP': '2001:db8:1:2:3::4' }
    await gateway.fetch('/api/v1/events/demo/queue', {
      method: 'POST',
      headers: { ...bearer(token), ...address },
    })
    await gateway.fetch('/api/v1/sessions', { method: 'POST', headers: address })
    expect(keys).toEqual(['address:2001:db8:1:2', `user:${userId}`, 'address:2001:db8:1:2'])
  })

  it('are 429 with one to two of their periods to wait', async () => {
    const { gateway } = limited({ RATE_LIMITS: 'on' })
    const { token } = await gateway.newVisitor()
    const address = { 'CF-Connecting-IP': '192.0.2.99' }
    const answers = [
      await gateway.fetch('/api/v1/events/demo/queue', {
        method: 'POST',
        headers: { ...bearer(token), ...address },
      }),
      await gateway.fetch(BROKER, { headers: { ...bearer(token), ...address } }),
      await gateway.fetch('/api/v1/sessions', { method: 'POST', headers: address }),
    ]
    expect(answers.map(({ status }) => status)).toEqual([429, 429, 429])
    for (const [index, periodSeconds] of [10, 10, 60].entries()) {
      const waitSeconds = Number(answers[index]?.headers.get('Retry-After'))
      expect(waitSeconds).toBeGreaterThanOrEqual(periodSeconds)
      expect(waitSeconds).toBeLessThanOrEqual(2 * periodSeconds)
    }
  })

  it('are not asked where they are off', async () => {
    const gateway = createGateway({
      env: { RATE_LIMITS: 'off' },
      deps: { limiters: { join: refusing, session: refusing } },
    })
    expect((await gateway.fetch('/api/v1/sessions', { method: 'POST' })).status).toBe(201)
  })
})

describe('GET /healthz', () => {
  it('is ok when everything answers', async () => {
    const response = await createGateway().fetch('/healthz')
    expect([response.status, await response.json()]).toEqual([
      200,
      { status: 'ok', checks: { registry: 'ok', redis: 'ok' } },
    ])
  })

  it('names what does not answer, without its error', async () => {
    const pingStore = () => Promise.reject(new Error('connect ECONNREFUSED 10.0.0.7'))
    const response = await createGateway({ deps: { pingStore } }).fetch('/healthz')
    expect(response.headers.has('Retry-After')).toBe(true)
    expect([response.status, await response.json()]).toEqual([
      503,
      { status: 'degraded', checks: { registry: 'ok', redis: 'failing' } },
    ])
  })
})

describe('GET /metrics', () => {
  const metrics = (eventId: string): LineMetrics => {
    const snapshot = { boundsSeconds: [0.1, 1], cumulative: [2, 3], count: 4, sumSeconds: 5.5 }
    return {
      eventId,
      counters: Object.fromEntries(LINE_COUNTERS.map((name) => [name, 1])) as LineMetrics['counters'],
      gauges: Object.fromEntries(LINE_GAUGES.map((name) => [name, 2])) as LineMetrics['gauges'],
      histograms: {
        promotion_latency_seconds: snapshot,
        tick_lag_seconds: snapshot,
        redis_call_seconds: snapshot,
      },
    }
  }

  /** Of the purchase service the metrics ask this alone. */
  const selling = (figures: readonly SaleFigures[]): PurchasePorts => ({
    ...createGateway().deps.purchase,
    figures: async () => [...figures],
  })

  it('has one family per metric with a series per event, readable by Prometheus', async () => {
    const ids = ['a', 'b']
    const gateway = createGateway({
      registry: { activeEventIds: async () => [...ids] },
      line: { metrics: async () => ok(metrics(ids.shift() ?? '')) },
      deps: { purchase: selling([]) },
    })
    const response = await gateway.fetch('/metrics', { headers: bearer(ADMIN_KEY) })
    const text = await response.text()
    expect(response.headers.get('Content-Type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(text).toContain(
      '# TYPE usher_joins_total counter\nusher_joins_total{event="a"} 1\nusher_joins_total{event="b"} 1\n',
    )
    expect(text).toContain('# TYPE usher_waiting gauge\nusher_waiting{event="a"} 2\n')
    expect(text).toContain(
      'usher_tick_lag_seconds_bucket{event="a",le="0.1"} 2\nusher_tick_lag_seconds_bucket{event="a",le="1"} 3\n' +
        'usher_tick_lag_seconds_bucket{event="a",le="+Inf"} 4\nusher_tick_lag_seconds_sum{event="a"} 5.5\n' +
        'usher_tick_lag_seconds_count{event="a"} 4\n',
    )
    for (const row of text.trimEnd().split('\n')) {
      expect(row).toMatch(/^(# (HELP|TYPE) usher_\w+ .+|usher_\w+\{event="\w+"(,le="[\d.+Inf]+")?\} [\d.]+)$/)
    }
  })

  it('shows how each sale stands: seats, payments, what is owed, and for how long somebody waits for an operator', async () => {
    const payments = new PaymentCounts([
      { method: 'wallet', state: 'paid', count: 7 },
      { method: 'provider', state: 'stuck', count: 2 },
    ]).all()
    const sale: SaleFigures = {
      eventId: 'a',
      seats: { free: 1, held: 2, sold: 3 },
      payments,
      oldestStuckAt: '2026-11-21T10:00:00.000Z',
      owed: { debit: 0, close: 0, refund: 1, complete: 0, webhook: 4 },
    }
    const gateway = createGateway({
      registry: { activeEventIds: async () => ['a'] },
      line: { metrics: async () => ok(metrics('a')) },
      deps: { purchase: selling([sale]), nowMs: () => Date.parse('2026-11-21T10:02:05.000Z') },
    })
    const text = await (await gateway.fetch('/metrics', { headers: bearer(ADMIN_KEY) })).text()
    for (const series of [
      'usher_seats{event="a",state="held"} 2',
      'usher_payments{event="a",method="wallet",state="paid"} 7',
      'usher_payments{event="a",method="provider",state="stuck"} 2',
      'usher_payments{event="a",method="wallet",state="stuck"} 0',
      'usher_oldest_stuck_payment_seconds{event="a"} 125',
      'usher_errands_owed{event="a",kind="webhook"} 4',
    ])
      expect(text.split('\n')).toContain(series)
  })

  it('counts dead letters where there is a shop to tell, and does without them when they do not answer', async () => {
    const shown = async (env: Record<string, string>, count: () => Promise<number>): Promise<string> => {
      const gateway = createGateway({
        env,
        registry: { activeEventIds: async () => [] },
        deadLetters: { count },
      })
      return (await gateway.fetch('/metrics', { headers: bearer(ADMIN_KEY) })).text()
    }
    const told = { SHOP_WEBHOOK_URL: 'https://shop.example/hook', SHOP_WEBHOOK_SECRETS: 'whsec_0123456789' }
    expect(await shown(told, async () => 3)).toContain(
      '# TYPE usher_dead_letters gauge\nusher_dead_letters 3\n',
    )
    expect(await shown(told, async () => Promise.reject(new Error('away')))).not.toContain('dead_letters')
    expect(await shown({}, async () => 3)).not.toContain('dead_letters')
  })
})
describe('looking a visitor up', () => {
  it.each(['g_abc', 'auth0|a/b', 'ada@shop.example', '에이다', 'a b+c%d', '../events', 'x'.repeat(128)])(
    'finds %j by the id that the identity provider gave, percent-encoded',
    async (userId) => {
      const gateway = createGateway({
        line: { visitor: async (asked) => ok({ userId: asked, eventId: 'demo', places: [] }) },
      })
      const path = `/api/v1/admin/events/demo/visitors/${encodeURIComponent(userId)}`
      const response = await gateway.fetch(path, { headers: bearer(ADMIN_KEY) })
      expect(await response.json()).toEqual({ userId, eventId: 'demo', places: [] })
    },
  )
})
