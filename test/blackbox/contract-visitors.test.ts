/** What a visitor is promised: the calls, answers, headers and states of the contract, word for word. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EVENT_STATUS_FIELDS, expectProblem, fieldsOf, ISO_TIME, PLACE_FIELDS } from '../support/contract.ts'
import {
  eventually,
  startTestUsher,
  type Answer,
  type Api,
  type TestUsher,
  type Visitor,
} from '../support/usher.ts'

let usher: TestUsher
let api: Api

beforeAll(async () => {
  usher = await startTestUsher()
  api = usher.api
})

afterAll(() => usher.stop())

/** Null unless ADMITTED. The admission's id stays readable after its end. */
const NOT_INSIDE = { entryToken: null, entryTokenExpiresAt: null, leaseExpiresAt: null }

async function placeOnceEnded(eventId: string, visitor: Visitor): Promise<Answer> {
  return eventually(async () => {
    const answer = await api.place(eventId, visitor)
    return ['WAITING', 'ADMITTED'].includes(answer.body.state) ? null : answer
  })
}

describe('a session', () => {
  it('is 201 with the user, the token and its end, and nothing else', async () => {
    const { status, body, headers } = await api.request('POST', '/api/v1/sessions', { body: {} })
    expect(status).toBe(201)
    expect(fieldsOf(body)).toEqual(['expiresAt', 'token', 'userId'])
    expect(body.userId).toMatch(/^\S+$/)
    expect(body.expiresAt).toMatch(ISO_TIME)
    expect(Date.parse(body.expiresAt)).toBeGreaterThan(Date.now())
    expect(headers.get('content-type')).toMatch(/^application\/json/)
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('x-request-id')).toBeTruthy()
  })

  it('puts the same token into a cookie that scripts cannot read, without Secure on loopback', async () => {
    const { body, headers } = await api.request('POST', '/api/v1/sessions', { body: {} })
    const [pair, ...attributes] = (headers.get('set-cookie') ?? '').split(/; */)
    expect(pair).toBe(`usher_visitor=${body.token}`)
    const names = attributes.map((attribute) => attribute.toLowerCase())
    expect(names).toEqual(expect.arrayContaining(['httponly', 'samesite=lax', 'path=/']))
    expect(names).not.toContain('secure')
    expect(names.some((name) => name.startsWith('domain'))).toBe(false)
  })

  it('is another one each time, also without a body', async () => {
    const [first, second] = await Promise.all([api.visitor(), api.visitor()])
    const bare = await api.request('POST', '/api/v1/sessions')
    expect(bare.status).toBe(201)
    expect(new Set([first.userId, second.userId, bare.body.userId]).size).toBe(3)
    expect(new Set([first.token, second.token, bare.body.token]).size).toBe(3)
  })
})

describe('the events', () => {
  it('show every field of EventStatus, and nothing else', async () => {
    const opensAt = new Date(Date.now() - 60_000).toISOString()
    const closesAt = new Date(Date.now() + 3_600_000).toISOString()
    const config = { name: 'Ürün & <b>', capacity: 7, admitPerMinute: 60, opensAt, closesAt }
    const eventId = await api.event(config)
    const { status, body, headers } = await api.status(eventId)
    expect(status).toBe(200)
    expect(headers.get('cache-control')).toBe('public, max-age=1')
    expect(headers.get('x-request-id')).toBeTruthy()
    expect(fieldsOf(body)).toEqual(EVENT_STATUS_FIELDS)
    expect(body).toEqual({
      ...config,
      eventId,
      status: 'open',
      queueing: 'fifo',
      waiting: 0,
      admitted: 0,
      nowServing: 0,
      etaSeconds: null,
      updatedAt: expect.stringMatching(ISO_TIME),
      holding: false,
    })
  })

  it('have null for what was not configured', async () => {
    const { body } = await api.status(await api.event())
    expect(body).toMatchObject({ admitPerMinute: null, opensAt: null, closesAt: null, etaSeconds: null })
  })

  it('need no credential, and ignore a bad one', async () => {
    const eventId = await api.event()
    expect((await api.request('GET', `/api/v1/events/${eventId}`, { token: 'nonsense' })).status).toBe(200)
    expect((await api.request('GET', '/api/v1/events', { token: 'nonsense' })).status).toBe(200)
  })

  it('are listed when public as soon as they are there, and found by their id when not', async () => {
    const list = async (): Promise<{ eventId: string }[]> => {
      const { status, body, headers } = await api.request('GET', '/api/v1/events')
      expect([status, headers.get('cache-control')]).toEqual([200, 'no-store'])
      expect(fieldsOf(body)).toEqual(['events'])
      return body.events
    }
    await list()
    const [shown, hidden] = [await api.event(), await api.event({ public: false })]
    const events = await list()
    expect(events.map(({ eventId }) => eventId)).toContain(shown)
    expect(events.map(({ eventId }) => eventId)).not.toContain(hidden)
    for (const event of events) expect(fieldsOf(event)).toEqual(EVENT_STATUS_FIELDS)
    expect((await api.status(hidden)).status).toBe(200)
  })

  it('that do not exist are 404, whatever is asked of them', async () => {
    const visitor = await api.visitor()
    for (const answer of [
      await api.status('nobody'),
      await api.join('nobody', visitor),
      await api.place('nobody', visitor),
      await api.request('GET', '/api/v1/events/nobody/queue/stream', { token: visitor.token }),
      await api.request('GET', '/api/v1/broker/events/nobody/tickets/waiting', { token: visitor.token }),
    ]) {
      expectProblem(answer, 404, 'event-not-found')
    }
  })

  it('count who waits and who is inside, and whom they serve now', async () => {
    const eventId = await api.event({ capacity: 2 })
    const visitors = await api.visitors(5)
    for (const visitor of visitors) await api.join(eventId, visitor)
    const { body } = await eventually(async () => {
      const answer = await api.status(eventId)
      return answer.body.admitted === 2 ? answer : null
    })
    expect(body).toMatchObject({ waiting: 3, admitted: 2, nowServing: 2, status: 'open' })
    expect(body.etaSeconds).toEqual({ low: expect.any(Number), high: expect.any(Number) })
    expect(body.etaSeconds.low).toBeLessThanOrEqual(body.etaSeconds.high)
  })
})

describe.concurrent('a place', () => {
  it('has every field, those of an admission null while waiting', async () => {
    const eventId = await api.event({ status: 'paused' })
    const [first, second] = await Promise.all([api.visitor(), api.visitor()])
    await api.join(eventId, first)
    const { status, body, headers } = await api.join(eventId, second)
    expect(status).toBe(201)
    expect(fieldsOf(body)).toEqual(PLACE_FIELDS)
    expect(body).toMatchObject({
      ...NOT_INSIDE,
      admissionId: null,
      eventId,
      userId: second.userId,
      state: 'WAITING',
      position: 2,
      totalWaiting: 2,
      etaSeconds: null,
      joinedAt: expect.stringMatching(ISO_TIME),
    })
    expect(Number.isInteger(body.pollAfterMs) && body.pollAfterMs > 0).toBe(true)
    expect(Math.abs(Date.now() - Date.parse(body.joinedAt))).toBeLessThan(5_000)
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('x-request-id')).toBeTruthy()
  })

  it('is answered again with 200 to a repeated join and to a poll, the very same', async () => {
    const eventId = await api.event({ status: 'paused' })
    const visitor = await api.visitor()
    const joined = await api.join(eventId, visitor)
    const [again, polled] = [await api.join(eventId, visitor), await api.place(eventId, visitor)]
    expect([joined.status, again.status, polled.status]).toEqual([201, 200, 200])
    expect([again.body, polled.body]).toEqual([joined.body, joined.body])
  })

  it('says when the visitor is admitted, with the token and both ends', async () => {
    const eventId = await api.event({ entryTokenTtlSeconds: 120 })
    const visitor = await api.visitor()
    const { body: joined } = await api.join(eventId, visitor)
    const place = await api.admitted(eventId, visitor)
    expect(fieldsOf(place)).toEqual(PLACE_FIELDS)
    expect(place).toMatchObject({
      eventId,
      userId: visitor.userId,
      state: 'ADMITTED',
      position: null,
      totalWaiting: 0,
      etaSeconds: null,
      joinedAt: joined.joinedAt,
      admissionId: expect.stringMatching(/./),
      entryToken: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      entryTokenExpiresAt: expect.stringMatching(ISO_TIME),
      leaseExpiresAt: expect.stringMatching(ISO_TIME),
    })
    const livesSeconds = (Date.parse(place.entryTokenExpiresAt) - Date.now()) / 1_000
    expect(livesSeconds).toBeGreaterThan(110)
    expect(livesSeconds).toBeLessThanOrEqual(120)
    const repeated = await api.join(eventId, visitor)
    expect([repeated.status, repeated.body]).toEqual([200, place])
  })

  it('does not exist before the join', async () => {
    const eventId = await api.event()
    expectProblem(await api.place(eventId, await api.visitor()), 404, 'not-in-queue')
  })

  it('is held by the cookie as well as by the bearer token', async () => {
    const eventId = await api.event({ status: 'paused' })
    const visitor = await api.visitor()
    const headers = { cookie: `other=1; ${visitor.cookie}`, origin: usher.url }
    const path = `/api/v1/events/${eventId}/queue`
    expect((await api.request('POST', path, { headers })).status).toBe(201)
    expect((await api.join(eventId, visitor)).status).toBe(200)
    expect((await api.request('GET', path, { headers: { cookie: visitor.cookie } })).body.position).toBe(1)
    const bySite = { cookie: visitor.cookie, 'sec-fetch-site': 'same-origin' }
    expect((await api.request('DELETE', path, { headers: bySite })).status).toBe(204)
  })

  it('moves up when somebody ahead leaves, and never otherwise', async () => {
    const eventId = await api.event({ status: 'paused' })
    const [a, b, c] = await Promise.all([api.visitor(), api.visitor(), api.visitor()])
    for (const visitor of [a, b, c]) await api.join(eventId, visitor)
    await api.leave(eventId, b)
    expect((await api.place(eventId, a)).body).toMatchObject({ position: 1, totalWaiting: 2 })
    expect((await api.place(eventId, c)).body).toMatchObject({ position: 2, totalWaiting: 2 })
  })
})

describe.concurrent('refused joins', () => {
  it('are 409 before the opening and after the close, 410 when sold out, 403 when rejecting', async () => {
    const visitor = await api.visitor()
    const [scheduled, closed] = [
      await api.event({ status: 'scheduled' }),
      await api.event({ status: 'closed' }),
    ]
    const [soldOut, rejecting] = [await api.event(), await api.event({ queueing: 'reject' })]
    await api.admin('POST', `events/${soldOut}/sold-out`)
    const expected = [
      [scheduled, 409, 'event-not-open'],
      [closed, 409, 'event-not-open'],
      [soldOut, 410, 'sold-out'],
      [rejecting, 403, 'queue-rejecting'],
    ] as const
    for (const [eventId, status, code] of expected) {
      expectProblem(await api.join(eventId, visitor), status, code)
      const broker = `/api/v1/broker/events/${eventId}/tickets/waiting`
      expectProblem(await api.request('GET', broker, { token: visitor.token }), status, code)
      expectProblem(await api.place(eventId, visitor), 404, 'not-in-queue')
      expect((await api.status(eventId)).body.waiting).toBe(0)
    }
  })

  it('do not take away the place of somebody who is inside', async () => {
    const eventId = await api.event()
    const visitor = await api.visitor()
    await api.join(eventId, visitor)
    const place = await api.admitted(eventId, visitor)
    await api.admin('POST', `events/${eventId}/close`)
    const again = await api.join(eventId, visitor)
    expect([again.status, again.body.state, again.body.entryToken]).toEqual([
      200,
      'ADMITTED',
      place.entryToken,
    ])
  })
})

describe.concurrent('the end of a place', () => {
  it('by leaving is 204, also a second time and when never there', async () => {
    const eventId = await api.event({ status: 'paused' })
    const [visitor, stranger] = await Promise.all([api.visitor(), api.visitor()])
    await api.join(eventId, visitor)
    for (const who of [visitor, visitor, stranger]) {
      const { status, body, headers } = await api.leave(eventId, who)
      expect([status, body, headers.get('content-type')]).toEqual([204, '', null])
      expect(headers.get('x-request-id')).toBeTruthy()
    }
    expectProblem(await api.place(eventId, stranger), 404, 'not-in-queue')
    const { status, body } = await api.place(eventId, visitor)
    expect(status).toBe(200)
    expect(fieldsOf(body)).toEqual(PLACE_FIELDS)
    expect(body).toMatchObject({ ...NOT_INSIDE, state: 'LEFT', position: null, totalWaiting: 0 })
  })

  it('gives an admission back: its token is refused and the next is admitted', async () => {
    const eventId = await api.event({ capacity: 1 })
    const [first, second] = await Promise.all([api.visitor(), api.visitor()])
    await api.join(eventId, first)
    const place = await api.admitted(eventId, first)
    await api.join(eventId, second)
    expect((await api.leave(eventId, first)).status).toBe(204)
    expect((await api.place(eventId, first)).body).toMatchObject({ ...NOT_INSIDE, state: 'LEFT' })
    expectProblem(await api.redeem(place.entryToken, 's'), 410, 'admission-ended')
    await api.admitted(eventId, second)
  })

  it('is shown as COMPLETED, EXPIRED or LEFT, and each may join again at the end of the line', async () => {
    const eventId = await api.event({ capacity: 3, entryTokenTtlSeconds: 2 })
    const [completed, expired, left] = await Promise.all([api.visitor(), api.visitor(), api.visitor()])
    for (const visitor of [completed, expired, left]) await api.join(eventId, visitor)
    const { admissionId } = await api.admitted(eventId, completed)
    await api.release(admissionId, 'completed')
    await api.leave(eventId, left)
    for (const [visitor, state] of [
      [completed, 'COMPLETED'],
      [expired, 'EXPIRED'],
      [left, 'LEFT'],
    ] as const) {
      const { status, body } = await placeOnceEnded(eventId, visitor)
      expect([status, body]).toEqual([200, expect.objectContaining({ ...NOT_INSIDE, state, position: null })])
    }
    await api.admin('POST', `events/${eventId}/pause`)
    await api.join(eventId, await api.visitor())
    for (const [index, visitor] of [completed, expired, left].entries()) {
      const { status, body } = await api.join(eventId, visitor)
      expect([status, body.state, body.position]).toEqual([201, 'WAITING', index + 2])
    }
  })

  it('of those who wait comes with the end of the sale, and is shown', async () => {
    const eventId = await api.event({ status: 'paused' })
    const visitor = await api.visitor()
    await api.join(eventId, visitor)
    await api.admin('POST', `events/${eventId}/close`)
    expect((await api.place(eventId, visitor)).body).toMatchObject({ ...NOT_INSIDE, state: 'EXPIRED' })
    expectProblem(await api.join(eventId, visitor), 409, 'event-not-open')
  })
})

describe.concurrent('presence', () => {
  it('a poll is a sign of life: who polls as told keeps the place, who falls silent loses it', async () => {
    const eventId = await api.event({ capacity: 1, disconnectGraceSeconds: 1, entryTokenTtlSeconds: 600 })
    const [inside, polling, silent] = await Promise.all([api.visitor(), api.visitor(), api.visitor()])
    await api.join(eventId, inside)
    await api.admitted(eventId, inside)
    const { body: joined } = await api.join(eventId, polling)
    await api.join(eventId, silent)
    let polledAtMs = Date.now()
    // `waiting` tells of the silent one without being a sign of its life.
    await eventually(async () => {
      if (Date.now() - polledAtMs >= joined.pollAfterMs) {
        polledAtMs = Date.now()
        expect((await api.place(eventId, polling)).body.state).toBe('WAITING')
      }
      return (await api.status(eventId)).body.waiting === 1 ? true : null
    }, 20_000)
    expect((await api.place(eventId, silent)).body).toMatchObject({ ...NOT_INSIDE, state: 'EXPIRED' })
    expect((await api.place(eventId, polling)).body).toMatchObject({ state: 'WAITING', position: 1 })
  })

  it('nobody who is silent for less than twice the delay that was handed out is passed over', async () => {
    const eventId = await api.event({ capacity: 1, disconnectGraceSeconds: 0, status: 'paused' })
    const visitor = await api.visitor()
    const { body } = await api.join(eventId, visitor)
    const detail = await eventually(async () => {
      const { body: event } = await api.admin('GET', `events/${eventId}`)
      return event.present === 0 ? event : null
    }, 20_000)
    expect(Date.now() - Date.parse(body.joinedAt)).toBeGreaterThanOrEqual(2 * body.pollAfterMs - 100)
    expect(detail.waiting).toBe(1)
  })
})

describe.concurrent('the broker address', () => {
  it('joins if needed, answers a stream, and holds the same place as the queue', async () => {
    const eventId = await api.event({ status: 'paused' })
    const visitor = await api.visitor()
    const stream = await api.brokerStream(eventId, visitor)
    expect([stream.response.status, stream.response.headers.get('content-type')]).toEqual([
      200,
      'text/event-stream',
    ])
    expect((await stream.next('position')).data).toMatchObject({
      type: 'QUEUE_POSITION',
      eventId,
      position: 1,
    })
    const again = await api.join(eventId, visitor)
    expect([again.status, again.body.position]).toEqual([200, 1])
    stream.close()
  })
})

const FILE_TYPES: Readonly<Record<string, RegExp>> = {
  css: /^text\/css/,
  js: /^text\/javascript/,
  svg: /^image\/svg\+xml/,
}

describe('the waiting page', () => {
  it('is HTML under a policy that allows nothing inline and nothing from elsewhere', async () => {
    const eventId = await api.event({ name: 'The <script>alert(1)</script> & "Show"' })
    const { status, body, headers } = await api.request('GET', `/wait/${eventId}`)
    expect(status).toBe(200)
    expect(headers.get('content-type')).toMatch(/^text\/html; *charset=utf-8$/i)
    expect(headers.get('x-request-id')).toBeTruthy()
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    const policy = headers.get('content-security-policy') ?? ''
    expect(policy).toMatch(/default-src 'none'/)
    expect(policy).toMatch(/script-src 'self'(;|$)/)
    expect(policy).toMatch(/frame-ancestors 'none'/)
    expect(policy).not.toMatch(/unsafe|\*|http:/)
    expect(body).toMatch(/^<!doctype html>/i)
    expect(body).toContain('The &lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;Show&quot;')
    expect(body).not.toMatch(/<script>|<style|\son\w+=|\sstyle=/)
  })

  it('loads only files that are there', async () => {
    const { body } = await api.request('GET', `/wait/${await api.event()}`)
    const files = [...String(body).matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file]) => file ?? '')
    expect(files.length).toBeGreaterThan(0)
    for (const file of files) {
      const { status, headers } = await api.request('GET', file)
      expect([file, status]).toEqual([file, 200])
      expect(headers.get('content-type')).toMatch(FILE_TYPES[file.split('.').at(-1) ?? ''] ?? /^$/)
      expect([file, headers.get('x-request-id')]).toEqual([file, expect.stringMatching(/./)])
    }
  })

  it('is a page also when there is no such event', async () => {
    const { status, body, headers } = await api.request('GET', '/wait/nobody')
    expect([status, headers.get('content-type')]).toEqual([404, expect.stringMatching(/^text\/html/)])
    expect(headers.get('content-security-policy')).toMatch(/default-src 'none'/)
    expect(body).not.toContain('<script')
  })
})
