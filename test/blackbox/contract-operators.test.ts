/** What an operator is promised: the configuration and its limits, the actions, pools, schedules, draws and gauges. */
import { createHash, createHmac } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectFaults, expectProblem, fieldsOf, ISO_TIME } from '../support/contract.ts'
import {
  ADMIN_KEY,
  eventually,
  ORIGIN_KEY,
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

/** The defaults of the contract, beside the one required field. */
const DEFAULTS = {
  poolId: null,
  admitPerMinute: null,
  batchSizeMax: 1_000,
  entryTokenTtlSeconds: 300,
  leaseTtlSeconds: 600,
  maxSessionSeconds: 1_800,
  disconnectGraceSeconds: 60,
  queueing: 'fifo',
  status: 'open',
  opensAt: null,
  closesAt: null,
  public: true,
  expectedPeak: null,
}

const NO_COUNTS = {
  waiting: 0,
  present: 0,
  admitted: 0,
  streams: 0,
  nowServing: 0,
  joinedTotal: 0,
  admittedTotal: 0,
  holding: false,
}

const detailOf = async (eventId: string): Promise<Answer['body']> =>
  (await api.admin('GET', `events/${eventId}`)).body
const act = (eventId: string, action: string): Promise<Answer> =>
  api.admin('POST', `events/${eventId}/${action}`)
const patch = (eventId: string, change: object): Promise<Answer> =>
  api.admin('PATCH', `events/${eventId}`, change)
const fromNow = (seconds: number): string => new Date(Date.now() + seconds * 1_000).toISOString()

async function joinAll(eventId: string, visitors: readonly Visitor[]): Promise<void> {
  for (const visitor of visitors) expect((await api.join(eventId, visitor)).status).toBe(201)
}

async function untilInside(eventId: string, count: number, withinMs = 3_000): Promise<void> {
  await eventually(async () => ((await api.status(eventId)).body.admitted === count ? true : null), withinMs)
}

/** How many are inside after every stream has beaten once, so after several ticks. */
async function insideAfterTicks(eventId: string, visitor: Visitor): Promise<number> {
  const stream = await api.stream(eventId, visitor)
  await stream.next('heartbeat', undefined, 7_000)
  stream.close()
  return (await api.status(eventId)).body.admitted
}

let ownIds = 0
const newId = (): string => `op-${process.pid}-${(ownIds += 1)}`

describe.concurrent('an event', () => {
  it('is created with every default, and nothing but its capacity has to be said', async () => {
    const eventId = newId()
    const { status, body, headers } = await api.admin('PUT', `events/${eventId}`, { capacity: 5 })
    expect([status, headers.get('cache-control')]).toEqual([201, 'no-store'])
    expect(body).toEqual({
      ...DEFAULTS,
      ...NO_COUNTS,
      eventId,
      name: expect.stringMatching(/./),
      capacity: 5,
      createdAt: expect.stringMatching(ISO_TIME),
      updatedAt: expect.stringMatching(ISO_TIME),
    })
    const read = await api.admin('GET', `events/${eventId}`)
    expect([read.status, read.body]).toEqual([200, body])
  })

  it('takes every field that is said', async () => {
    const eventId = newId()
    await api.admin('PUT', 'pools/all-fields', { capacity: 3 })
    const config = {
      name: 'All of it',
      capacity: 9,
      poolId: 'all-fields',
      admitPerMinute: 30,
      batchSizeMax: 4,
      entryTokenTtlSeconds: 120,
      leaseTtlSeconds: 240,
      maxSessionSeconds: 480,
      disconnectGraceSeconds: 0,
      queueing: 'passthrough',
      status: 'paused',
      opensAt: fromNow(-60),
      closesAt: fromNow(3_600),
      public: false,
    }
    const { status, body } = await api.admin('PUT', `events/${eventId}`, config)
    expect([status, body]).toEqual([201, expect.objectContaining(config)])
  })

  it('is replaced as a whole by a second PUT, with 200', async () => {
    const eventId = await api.event({ name: 'One', batchSizeMax: 7, public: false })
    const { status, body } = await api.admin('PUT', `events/${eventId}`, { capacity: 4 })
    expect([status, body]).toEqual([200, expect.objectContaining({ ...DEFAULTS, capacity: 4 })])
    expect(body.name).not.toBe('One')
  })

  it('is changed in part by PATCH, and needs to be there', async () => {
    const eventId = await api.event({ name: 'One', batchSizeMax: 7 })
    const { status, body } = await patch(eventId, { name: 'Two' })
    expect([status, body]).toEqual([
      200,
      expect.objectContaining({ ...DEFAULTS, name: 'Two', batchSizeMax: 7 }),
    ])
    expect((await patch(eventId, {})).body).toMatchObject({ name: 'Two', batchSizeMax: 7 })
    expectProblem(await patch('nobody', { name: 'Two' }), 404, 'event-not-found')
    expectProblem(await api.admin('GET', 'events/nobody'), 404, 'event-not-found')
  })

  it('is listed with its live counts', async () => {
    const eventId = await api.event({ capacity: 1, public: false })
    const visitors = await api.visitors(3)
    await joinAll(eventId, visitors)
    const stream = await api.stream(eventId, visitors[2] as Visitor)
    await untilInside(eventId, 1)
    const { status, body } = await api.admin('GET', 'events')
    expect([status, fieldsOf(body)]).toEqual([200, ['events']])
    const listed = (body.events as { eventId: string }[]).find((event) => event.eventId === eventId)
    expect(listed).toMatchObject({
      waiting: 2,
      present: 2,
      admitted: 1,
      streams: 1,
      nowServing: 1,
      joinedTotal: 3,
      admittedTotal: 1,
    })
    expect(await detailOf(eventId)).toEqual(listed)
    stream.close()
  })

  it.each(['scheduled', 'open', 'paused', 'closed'])('may be created as %s', async (status) => {
    const eventId = await api.event({ status })
    expect((await api.status(eventId)).body.status).toBe(status)
  })
})

const BAD_VALUES: Readonly<Record<string, readonly unknown[]>> = {
  name: ['', 'x'.repeat(201), 5, null, 'a\nb', 'a\u0000'],
  capacity: [-1, 1.5, '10', null, true, 1e9, [1]],
  poolId: ['', 'a b', 'a:b', '_a', 'x'.repeat(65), 5, 'no-such-pool'],
  admitPerMinute: [0, -1, 1.5, '60', false, 1e9],
  batchSizeMax: [0, -1, 1.5, 1e9, '5', null],
  entryTokenTtlSeconds: [0, -1, 1.5, '300', null, 1e9],
  leaseTtlSeconds: [0, -1, 0.5, '600', null, 1e9],
  maxSessionSeconds: [0, -1, 0.5, '1800', null, 1e9],
  disconnectGraceSeconds: [-1, 0.5, '60', null, 1e9],
  queueing: ['lifo', '', null, 5, 'FIFO'],
  status: ['sold_out', 'opened', '', null, 5],
  opensAt: ['tomorrow', '2026-01-01', '', 5, '2026-13-01T00:00:00Z'],
  closesAt: ['tomorrow', '2026-01-01', '', 5, true],
  public: ['yes', 1, null],
  capacityMax: [1],
  eventId: ['other'],
}

describe.concurrent('a configuration that is out of range', () => {
  it.each(Object.entries(BAD_VALUES))(
    'in %s is 400 with its name, and changes nothing',
    async (field, values) => {
      const existing = await api.event({ name: 'As it was' })
      const before = await detailOf(existing)
      const created = newId()
      for (const value of values) {
        expectFaults(
          await api.admin('PUT', `events/${created}`, { capacity: 1, [field]: value }),
          `/${field}`,
        )
        expectFaults(
          await api.admin('PUT', `events/${existing}`, { capacity: 1, [field]: value }),
          `/${field}`,
        )
        expectFaults(await patch(existing, { [field]: value }), `/${field}`)
      }
      expectProblem(await api.status(created), 404, 'event-not-found')
      expect(await detailOf(existing)).toEqual(before)
    },
  )

  it('names every field at fault at once', async () => {
    const answer = await api.putEvent(newId(), { capacity: -1, batchSizeMax: 0, nonsense: 1 })
    expectProblem(answer, 400, 'invalid-request')
    const pointers = (answer.body.errors as { pointer: string }[]).map(({ pointer }) => pointer)
    expect(new Set(pointers)).toEqual(new Set(['/capacity', '/batchSizeMax', '/nonsense']))
  })

  it('without a capacity is refused', async () => {
    expectFaults(await api.admin('PUT', `events/${newId()}`, {}), '/capacity')
  })

  it('closes no later than it opens, also when the two come one after the other', async () => {
    const [opensAt, closesAt] = [fromNow(7_200), fromNow(3_600)]
    expectFaults(await api.putEvent(newId(), { opensAt, closesAt }), '/closesAt')
    const eventId = await api.event({ opensAt })
    expectFaults(await patch(eventId, { closesAt }), '/closesAt')
    expect((await detailOf(eventId)).closesAt).toBe(null)
  })

  it('of a pool is refused in the same way', async () => {
    for (const [body, pointer] of [
      [{}, '/capacity'],
      [{ capacity: -1 }, '/capacity'],
      [{ capacity: '5' }, '/capacity'],
      [{ capacity: 5, admitPerMinute: 0 }, '/admitPerMinute'],
      [{ capacity: 5, admitPerMinute: 1.5 }, '/admitPerMinute'],
      [{ capacity: 5, size: 5 }, '/size'],
    ] as const) {
      expectFaults(await api.admin('PUT', 'pools/refused', body), pointer)
    }
    expectProblem(await api.admin('GET', 'pools/refused'), 404, 'pool-not-found')
  })
})

/** What each action leads to from each status; null: refused. */
const TRANSITIONS: Readonly<Record<string, Readonly<Record<string, string | null>>>> = {
  scheduled: { open: 'open', pause: null, resume: null, close: 'closed', 'sold-out': 'sold_out' },
  open: { open: 'open', pause: 'paused', resume: 'open', close: 'closed', 'sold-out': 'sold_out' },
  paused: { open: 'open', pause: 'paused', resume: 'open', close: 'closed', 'sold-out': 'sold_out' },
  closed: { open: 'open', pause: null, resume: null, close: 'closed', 'sold-out': null },
  sold_out: { open: 'open', pause: null, resume: null, close: 'closed', 'sold-out': 'sold_out' },
}

async function eventIn(status: string): Promise<string> {
  if (status !== 'sold_out') return api.event({ status })
  const eventId = await api.event()
  expect((await act(eventId, 'sold-out')).status).toBe(200)
  return eventId
}

describe.concurrent('the actions', () => {
  it.each(Object.entries(TRANSITIONS))(
    'from %s lead where they should, or are 409 and change nothing',
    async (from, row) => {
      for (const [action, to] of Object.entries(row)) {
        const eventId = await eventIn(from)
        const answer = await act(eventId, action)
        if (to === null) expectProblem(answer, 409, 'invalid-transition')
        else expect([action, answer.status, answer.body.status]).toEqual([action, 200, to])
        expect((await api.status(eventId)).body.status).toBe(to ?? from)
      }
    },
  )

  it('are refused for an event that does not exist', async () => {
    for (const action of ['open', 'pause', 'resume', 'close', 'sold-out']) {
      expectProblem(await act('nobody', action), 404, 'event-not-found')
    }
    expectProblem(await act(await api.event(), 'explode'), 404, 'not-found')
  })

  it('as a status in PATCH act alike, and are heard', async () => {
    const eventId = await api.event()
    const visitor = await api.visitor()
    await api.join(eventId, visitor)
    const stream = await api.stream(eventId, visitor)
    expect((await patch(eventId, { status: 'paused' })).body.status).toBe('paused')
    await stream.next('status', ({ status }) => status === 'paused', 2_000)
    expectProblem(await patch(eventId, { status: 'scheduled' }), 409, 'invalid-transition')
    expect((await api.status(eventId)).body.status).toBe('paused')
    stream.close()
  })

  it('pause: visitors join and wait, nobody is admitted, those inside stay; resume: they go in, in order', async () => {
    const eventId = await api.event({ capacity: 2, status: 'paused' })
    const visitors = await api.visitors(3)
    await joinAll(eventId, visitors)
    expect(await insideAfterTicks(eventId, visitors[0] as Visitor)).toBe(0)
    await act(eventId, 'resume')
    await untilInside(eventId, 2)
    expect((await api.place(eventId, visitors[2] as Visitor)).body).toMatchObject({
      state: 'WAITING',
      position: 1,
    })
    await act(eventId, 'pause')
    const { admissionId } = (await api.place(eventId, visitors[0] as Visitor)).body
    expect((await api.release(admissionId)).status).toBe(200)
    expect(await insideAfterTicks(eventId, visitors[2] as Visitor)).toBe(1)
  })

  it('delete: only a closed event, and then it is gone as if it had never been', async () => {
    for (const status of ['scheduled', 'open', 'paused', 'sold_out']) {
      const eventId = await eventIn(status)
      expectProblem(await api.admin('DELETE', `events/${eventId}`), 409, 'event-not-closed')
      expect((await api.status(eventId)).body.status).toBe(status)
    }
    const eventId = await api.event({ capacity: 1 })
    const [first, second] = await Promise.all([api.visitor(), api.visitor()])
    await api.join(eventId, first)
    await api.admitted(eventId, first)
    await act(eventId, 'close')
    const { status, body } = await api.admin('DELETE', `events/${eventId}`)
    expect([status, body]).toEqual([204, ''])
    expectProblem(await api.status(eventId), 404, 'event-not-found')
    expectProblem(await api.admin('DELETE', `events/${eventId}`), 404, 'event-not-found')
    expect(
      ((await api.admin('GET', 'events')).body.events as { eventId: string }[]).map((e) => e.eventId),
    ).not.toContain(eventId)
    // Made again, it has its whole capacity and nobody's place.
    expect((await api.putEvent(eventId, { capacity: 1 })).status).toBe(201)
    expectProblem(await api.place(eventId, first), 404, 'not-in-queue')
    expect((await api.join(eventId, second)).body.joinNumber).toBe(1)
    await api.admitted(eventId, second)
  })

  it('revoke: the place inside goes to the next, the token is refused', async () => {
    const eventId = await api.event({ capacity: 1 })
    const [first, second] = await Promise.all([api.visitor(), api.visitor()])
    await joinAll(eventId, [first, second])
    const { admissionId, entryToken } = await api.admitted(eventId, first)
    expect((await api.admin('POST', `admissions/${admissionId}/revoke`, {})).status).toBe(200)
    await api.admitted(eventId, second)
    expectProblem(await api.redeem(entryToken, 's'), 410, 'admission-ended')
  })
})

describe.concurrent('a change for those who already wait', () => {
  it('of the capacity: raised it admits at once, lowered it throws nobody out and admits nobody more', async () => {
    const eventId = await api.event({ capacity: 1 })
    const visitors = await api.visitors(6)
    await joinAll(eventId, visitors)
    await untilInside(eventId, 1)
    expect((await patch(eventId, { capacity: 3 })).body.capacity).toBe(3)
    await untilInside(eventId, 3, 2_000)
    await patch(eventId, { capacity: 1 })
    const places = await Promise.all(visitors.slice(0, 3).map((visitor) => api.place(eventId, visitor)))
    const ids = places.map(({ body }) => body.admissionId as string)
    for (const id of ids.slice(0, 2)) await api.release(id)
    expect(await insideAfterTicks(eventId, visitors[5] as Visitor)).toBe(1)
    await api.release(ids[2] ?? '')
    await api.admitted(eventId, visitors[3] as Visitor)
  })

  it('of the rate: it holds them, and lets them go when it is lifted', async () => {
    const eventId = await api.event({ capacity: 50, admitPerMinute: 2 })
    const visitors = await api.visitors(8)
    await joinAll(eventId, visitors)
    const inside = await insideAfterTicks(eventId, visitors[7] as Visitor)
    expect(inside).toBeGreaterThanOrEqual(1)
    expect(inside).toBeLessThanOrEqual(2)
    await patch(eventId, { admitPerMinute: null })
    await untilInside(eventId, 8, 2_000)
  })

  it('of the rate: lowered it takes effect as well', async () => {
    const eventId = await api.event({ capacity: 50, admitPerMinute: 6_000, status: 'paused' })
    const visitors = await api.visitors(6)
    await joinAll(eventId, visitors)
    await patch(eventId, { admitPerMinute: 1 })
    await act(eventId, 'resume')
    expect(await insideAfterTicks(eventId, visitors[5] as Visitor)).toBe(1)
  })

  it('of the queueing: rejecting refuses newcomers and keeps those who wait', async () => {
    const eventId = await api.event({ status: 'paused' })
    const [early, late] = await Promise.all([api.visitor(), api.visitor()])
    await joinAll(eventId, [early])
    await patch(eventId, { queueing: 'reject' })
    expectProblem(await api.join(eventId, late), 403, 'queue-rejecting')
    expect((await api.place(eventId, early)).body).toMatchObject({ state: 'WAITING', position: 1 })
    expect((await api.join(eventId, early)).status).toBe(200)
  })

  it('of the token’s life: it holds for the next admission', async () => {
    const eventId = await api.event({ status: 'paused' })
    const visitor = await api.visitor()
    await joinAll(eventId, [visitor])
    await patch(eventId, { entryTokenTtlSeconds: 1_000 })
    await act(eventId, 'resume')
    const { entryTokenExpiresAt } = await api.admitted(eventId, visitor)
    expect(Date.parse(entryTokenExpiresAt) - Date.now()).toBeGreaterThan(900_000)
  })
})

describe.concurrent('the rate', () => {
  it('lets in no more than it says, evenly, while there is room', async () => {
    const eventId = await api.event({ capacity: 200, admitPerMinute: 240 })
    const visitors = await api.visitors(30)
    await Promise.all(visitors.map((visitor) => api.join(eventId, visitor)))
    await untilInside(eventId, 30, 15_000)
    const places = await Promise.all(visitors.map((visitor) => api.place(eventId, visitor)))
    const admissions = await Promise.all(places.map(({ body }) => api.origin('GET', body.admissionId)))
    const times = admissions.map(({ body }) => Date.parse(body.admittedAt)).toSorted((a, b) => a - b)
    const [first = 0, last = 0] = [times[0], times.at(-1)]
    // Four a second: thirty take seven seconds, and no window of a second has more than twice its share.
    expect(last - first).toBeGreaterThan(5_500)
    for (const time of times)
      expect(times.filter((other) => other >= time && other < time + 1_000).length).toBeLessThanOrEqual(8)
  })
})

describe.concurrent('a pool', () => {
  it('is created and changed with 200, and shown', async () => {
    const created = await api.admin('PUT', 'pools/shown', { capacity: 2 })
    expect([created.status, created.body]).toEqual([
      200,
      expect.objectContaining({ poolId: 'shown', capacity: 2, admitPerMinute: null }),
    ])
    const changed = await api.admin('PUT', 'pools/shown', { capacity: 3, admitPerMinute: 60 })
    expect([changed.status, changed.body]).toEqual([
      200,
      expect.objectContaining({ capacity: 3, admitPerMinute: 60 }),
    ])
    expect((await api.admin('GET', 'pools/shown')).body).toEqual(changed.body)
  })

  it('INV-1: is shared by its events, whose own capacity still holds, and a change of it takes effect at once', async () => {
    await api.admin('PUT', 'pools/shared', { capacity: 2 })
    const [a, b] = [
      await api.event({ poolId: 'shared', capacity: 3 }),
      await api.event({ poolId: 'shared', capacity: 10 }),
    ]
    const visitors = await api.visitors(5)
    for (const eventId of [a, b]) await joinAll(eventId, visitors)
    const inside = async () =>
      (await Promise.all([a, b].map((id) => api.status(id)))).map(({ body }) => body.admitted as number)
    const total = async () => (await inside()).reduce((sum, count) => sum + count, 0)
    await eventually(async () => ((await total()) === 2 ? true : null))
    await insideAfterTicks(a, visitors[4] as Visitor)
    expect(await total()).toBe(2)
    await api.admin('PUT', 'pools/shared', { capacity: 7 })
    await eventually(async () => ((await total()) === 7 ? true : null), 2_500)
    expect((await inside())[0]).toBeLessThanOrEqual(3)
    await api.admin('PUT', 'pools/shared', { capacity: 20 })
    await eventually(async () => ((await inside()).join() === '3,5' ? true : null), 2_500)
  })

  it('keeps its rate over all its events', async () => {
    await api.admin('PUT', 'pools/slow', { capacity: 50, admitPerMinute: 1 })
    const [a, b] = [await api.event({ poolId: 'slow' }), await api.event({ poolId: 'slow' })]
    const visitors = await api.visitors(3)
    for (const eventId of [a, b]) await joinAll(eventId, visitors)
    const counts = await Promise.all(
      [a, b].map((eventId) => insideAfterTicks(eventId, visitors[2] as Visitor)),
    )
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(1)
    await api.admin('PUT', 'pools/slow', { capacity: 50 })
    for (const eventId of [a, b]) await untilInside(eventId, 3, 2_500)
  })
})

describe.concurrent('the schedule', () => {
  it('opens and closes the event by itself', async () => {
    const [opensAt, closesAt] = [fromNow(2), fromNow(6)]
    const eventId = await api.event({ opensAt, closesAt, capacity: 1 })
    const [first, second] = await Promise.all([api.visitor(), api.visitor()])
    expect((await api.status(eventId)).body).toMatchObject({ status: 'scheduled', opensAt, closesAt })
    expectProblem(await api.join(eventId, first), 409, 'event-not-open')
    await eventually(async () => ((await api.status(eventId)).body.status === 'open' ? true : null))
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(opensAt))
    expect(Date.now()).toBeLessThan(Date.parse(opensAt) + 2_000)
    await joinAll(eventId, [first, second])
    await api.admitted(eventId, first)
    const stream = await api.stream(eventId, second)
    const { data, atMs } = await stream.next('end', undefined, 8_000)
    expect(data.reason).toBe('closed')
    expect(atMs).toBeGreaterThanOrEqual(Date.parse(closesAt))
    expect(atMs).toBeLessThan(Date.parse(closesAt) + 2_000)
    expect((await api.status(eventId)).body).toMatchObject({ status: 'closed', waiting: 0 })
    // The sale is over, not the visit of somebody who is inside.
    expect((await api.place(eventId, first)).body.state).toBe('ADMITTED')
  })
})

describe.concurrent('a change of the schedule', () => {
  it('takes effect within a tick', async () => {
    const eventId = await api.event({ opensAt: fromNow(3_600) })
    const statusIs = (status: string) =>
      eventually(async () => ((await api.status(eventId)).body.status === status ? true : null), 2_000)
    await statusIs('scheduled')
    await patch(eventId, { opensAt: fromNow(-1) })
    await statusIs('open')
    await patch(eventId, { closesAt: fromNow(-0.5) })
    await statusIs('closed')
  })

  it('of who may see the event takes effect at once', async () => {
    const eventId = await api.event({ public: false })
    const isListed = async () =>
      ((await api.request('GET', '/api/v1/events')).body.events as { eventId: string }[]).some(
        (event) => event.eventId === eventId,
      )
    for (const listed of [true, false]) {
      await patch(eventId, { public: listed })
      await eventually(async () => ((await isListed()) === listed ? true : null), 2_500)
    }
  })
})

describe.concurrent('a lottery', () => {
  it('takes joins before the opening, commits to its seed, and draws an order that anybody can repeat', async () => {
    const eventId = await api.event({ queueing: 'lottery', opensAt: fromNow(4), capacity: 0 })
    const before = (await api.status(eventId)).body
    expect(before).toMatchObject({ status: 'scheduled', lottery: { seed: null, entrants: null } })
    expect(before.lottery.commitment).toMatch(/^[0-9a-f]{64}$/)
    const visitors = await api.visitors(15)
    const joinNumbers: number[] = []
    for (const visitor of visitors) {
      const { status, body } = await api.join(eventId, visitor)
      expect([status, body.state, body.position]).toEqual([201, 'WAITING', null])
      joinNumbers.push(body.joinNumber)
    }
    expect(joinNumbers).toEqual(visitors.map((_, index) => index + 1))
    const listening = await api.stream(eventId, visitors[3] as Visitor)
    expect((await listening.next('position')).data).toMatchObject({ position: null, totalWaiting: 15 })
    await api.leave(eventId, visitors[7] as Visitor)

    const { lottery } = await eventually(async () => {
      const { body } = await api.status(eventId)
      return body.status === 'open' ? body : null
    }, 8_000)
    expect(lottery).toEqual({
      commitment: before.lottery.commitment,
      seed: expect.stringMatching(/^[0-9a-f]{64}$/),
      entrants: 15,
    })
    const seed = Buffer.from(lottery.seed, 'hex')
    expect(createHash('sha256').update(seed).digest('hex')).toBe(lottery.commitment)

    const ticketOf = (joinNumber: number): string =>
      createHmac('sha256', seed).update(String(joinNumber)).digest('hex')
    const drawn = joinNumbers
      .filter((joinNumber) => joinNumber !== 8)
      .toSorted((a, b) => (ticketOf(a) < ticketOf(b) ? -1 : 1))
    for (const [index, visitor] of visitors.entries()) {
      if (index === 7) continue
      expect((await api.place(eventId, visitor)).body.position).toBe(drawn.indexOf(index + 1) + 1)
    }
    await listening.next('position', ({ position }) => position === drawn.indexOf(4) + 1)
    expect((await api.join(eventId, visitors[7] as Visitor)).body.position).toBe(15)

    await patch(eventId, { capacity: 2 })
    await untilInside(eventId, 2)
    for (const joinNumber of drawn.slice(0, 2)) {
      expect((await api.place(eventId, visitors[joinNumber - 1] as Visitor)).body.state).toBe('ADMITTED')
    }
    listening.close()
  })

  it('has another commitment for every event', async () => {
    const ids = await Promise.all(
      [1, 2, 3].map(() => api.event({ queueing: 'lottery', status: 'scheduled' })),
    )
    const statuses = await Promise.all(ids.map((eventId) => api.status(eventId)))
    expect(new Set(statuses.map(({ body }) => body.lottery.commitment)).size).toBe(3)
  })
})

describe.concurrent('the other queueings', () => {
  it('passthrough admits in the answer to the join while capacity lasts, whatever the rate', async () => {
    const eventId = await api.event({ queueing: 'passthrough', capacity: 3, admitPerMinute: 1 })
    const visitors = await api.visitors(5)
    for (const [index, visitor] of visitors.entries()) {
      const { status, body } = await api.join(eventId, visitor)
      expect([index, status, body.state]).toEqual([index, 201, index < 3 ? 'ADMITTED' : 'WAITING'])
      expect(body.entryToken === null).toBe(index >= 3)
    }
    const { admissionId, entryToken } = (await api.place(eventId, visitors[0] as Visitor)).body
    expect((await api.redeem(entryToken, 's')).status).toBe(200)
    await api.release(admissionId)
    await api.admitted(eventId, visitors[3] as Visitor)
  })

  it('passthrough admits at once at the broker address too, and nobody while paused', async () => {
    const eventId = await api.event({ queueing: 'passthrough', capacity: 5 })
    const late = await api.visitor()
    for (const visitor of await api.visitors(3)) {
      const stream = await api.brokerStream(eventId, visitor)
      await stream.next('promotion', undefined, 500)
      stream.close()
    }
    await act(eventId, 'pause')
    expect((await api.join(eventId, late)).body).toMatchObject({ state: 'WAITING', position: 1 })
  })

  it('reject refuses with 403 and leaves no trace', async () => {
    const eventId = await api.event({ queueing: 'reject' })
    const visitor = await api.visitor()
    expectProblem(await api.join(eventId, visitor), 403, 'queue-rejecting')
    expect(await detailOf(eventId)).toMatchObject({ waiting: 0, joinedTotal: 0 })
  })
})

type Series = { readonly name: string; readonly labels: string; readonly value: number }

/** Prometheus text format 0.0.4, strictly: anything that is no comment must be a sample of a declared family. */
function parseMetrics(text: string): { types: Map<string, string>; series: Series[] } {
  const types = new Map<string, string>()
  const series: Series[] = []
  expect(text.endsWith('\n')).toBe(true)
  for (const line of text.slice(0, -1).split('\n')) {
    const [, name = '', type = ''] = /^# TYPE (\w+) (counter|gauge|histogram)$/.exec(line) ?? []
    if (type !== '') expect(types.has(name)).toBe(false)
    if (type !== '') types.set(name, type)
    if (line.startsWith('#')) {
      expect(line).toMatch(/^# (HELP \w+ \S.*|TYPE \w+ (counter|gauge|histogram))$/)
      continue
    }
    const sample =
      /^([a-zA-Z_:][\w:]*)(\{(?:\w+="[^"\\\n]*",?)*\})? (-?\d+(?:\.\d+)?(?:e[-+]\d+)?|NaN|\+Inf)$/.exec(line)
    expect(sample, line).not.toBe(null)
    const [, sampleName = '', labels = '', value = ''] = sample ?? []
    const family = types.has(sampleName) ? sampleName : sampleName.replace(/_(bucket|sum|count)$/, '')
    expect(types.has(family), line).toBe(true)
    series.push({ name: sampleName, labels, value: Number(value) })
  }
  return { types, series }
}

describe('the service', () => {
  it('has metrics in the text format, for operators alone, that tell the truth', async () => {
    const eventId = await api.event({ capacity: 2 })
    const visitors = await api.visitors(5)
    await joinAll(eventId, visitors)
    await untilInside(eventId, 2)
    const { entryToken } = (await api.place(eventId, visitors[0] as Visitor)).body
    await api.redeem(entryToken, 's')
    const { status, body, headers } = await api.request('GET', '/metrics', { token: ADMIN_KEY })
    expect([status, headers.get('content-type')]).toEqual([
      200,
      expect.stringMatching(/^text\/plain; *version=0\.0\.4/),
    ])
    const { types, series } = parseMetrics(body)
    const valueOf = (name: string): number | undefined =>
      series.find((found) => found.name === name && found.labels === `{event="${eventId}"}`)?.value
    for (const [name, value] of Object.entries({
      usher_waiting: 3,
      usher_present: 3,
      usher_live_admissions: 2,
      usher_capacity: 2,
      usher_holding: 0,
      usher_joins_total: 5,
      usher_promotions_total: 2,
      usher_redemptions_total: 1,
    })) {
      expect([name, valueOf(name)]).toEqual([name, value])
    }
    for (const [name, type] of types) expect(name.endsWith('_total')).toBe(type === 'counter')
    for (const { name, labels, value } of series.filter((found) => found.labels.includes('le="+Inf"'))) {
      const count = name.replace(/_bucket$/, '_count')
      expect(
        series.find((found) => found.name === count && labels.startsWith(found.labels.slice(0, -1)))?.value,
      ).toBe(value)
    }
    expectProblem(await api.request('GET', '/metrics'), 401, 'unauthenticated')
    expectProblem(await api.request('GET', '/metrics', { token: ORIGIN_KEY }), 403, 'forbidden')
  })

  it('is healthy, and says so to anybody', async () => {
    const { status, body, headers } = await api.request('GET', '/healthz')
    expect([status, body.status, headers.get('cache-control')]).toEqual([200, 'ok', 'no-store'])
  })

  it('describes itself in OpenAPI 3.1: every call of the contract, every reference resolved', async () => {
    const { status, body } = await api.request('GET', '/openapi.json')
    expect([status, body.openapi]).toEqual([200, expect.stringMatching(/^3\.1\.\d+$/)])
    const operations = Object.entries(body.paths as Record<string, Record<string, any>>).flatMap(
      ([path, item]) =>
        Object.entries(item).map(([method, operation]) => ({
          call: `${method.toUpperCase()} ${path}`,
          path,
          operation,
        })),
    )
    expect(operations.map(({ call }) => call)).toEqual(expect.arrayContaining(CALLS))
    const ids = operations.map(({ operation }) => operation.operationId as string)
    expect(new Set(ids).size).toBe(ids.length)
    for (const { path, operation } of operations) {
      const declared = (operation.parameters as { in: string; name: string }[]).filter(
        (one) => one.in === 'path',
      )
      expect(declared.map(({ name }) => `{${name}}`)).toEqual(path.match(/\{\w+\}/g) ?? [])
      expect(Object.keys(operation.responses).length).toBeGreaterThan(1)
    }
    const references = new Set(
      [...JSON.stringify(body).matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref]) => ref ?? ''),
    )
    expect(references.size).toBeGreaterThan(0)
    for (const reference of references) {
      const found = reference
        .slice(2)
        .split('/')
        .reduce<any>((node, step) => node?.[step], body)
      expect([reference, typeof found]).toEqual([reference, 'object'])
    }
    for (const schema of ['EventStatus', 'Place', 'Admission', 'EventConfig', 'Problem']) {
      expect(Object.keys(body.components.schemas)).toContain(schema)
    }
  })
})

const CALLS = [
  'POST /api/v1/sessions',
  'GET /api/v1/events',
  'GET /api/v1/events/{eventId}',
  'POST /api/v1/events/{eventId}/queue',
  'GET /api/v1/events/{eventId}/queue',
  'DELETE /api/v1/events/{eventId}/queue',
  'GET /api/v1/events/{eventId}/queue/stream',
  'GET /api/v1/broker/events/{eventId}/tickets/waiting',
  'GET /wait/{eventId}',
  'GET /.well-known/jwks.json',
  'POST /api/v1/admissions/redeem',
  'GET /api/v1/admissions/{admissionId}',
  'POST /api/v1/admissions/{admissionId}/renew',
  'POST /api/v1/admissions/{admissionId}/release',
  'PUT /api/v1/admin/events/{eventId}',
  'PATCH /api/v1/admin/events/{eventId}',
  'GET /api/v1/admin/events',
  'GET /api/v1/admin/events/{eventId}',
  'DELETE /api/v1/admin/events/{eventId}',
  'POST /api/v1/admin/events/{eventId}/open',
  'POST /api/v1/admin/events/{eventId}/pause',
  'POST /api/v1/admin/events/{eventId}/resume',
  'POST /api/v1/admin/events/{eventId}/close',
  'POST /api/v1/admin/events/{eventId}/sold-out',
  'POST /api/v1/admin/admissions/{admissionId}/revoke',
  'PUT /api/v1/admin/pools/{poolId}',
  'GET /metrics',
  'GET /healthz',
  'GET /openapi.json',
]
