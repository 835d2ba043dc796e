/** What an operator is promised of an event: its configuration and the limits of it, and the actions. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectFaults, expectProblem, fieldsOf, fromNow, ISO_TIME } from '../support/contract.ts'
import { insideAfterTicks, untilInside } from '../support/inside.ts'
import { startTestUsher, type Api, type TestUsher, type Visitor } from '../support/usher.ts'

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
    const { status, body } = await api.patch(eventId, { name: 'Two' })
    expect([status, body]).toEqual([
      200,
      expect.objectContaining({ ...DEFAULTS, name: 'Two', batchSizeMax: 7 }),
    ])
    expect((await api.patch(eventId, {})).body).toMatchObject({ name: 'Two', batchSizeMax: 7 })
    expectProblem(await api.patch('nobody', { name: 'Two' }), 404, 'event-not-found')
    expectProblem(await api.admin('GET', 'events/nobody'), 404, 'event-not-found')
  })

  it('is listed with its live counts', async () => {
    const eventId = await api.event({ capacity: 1, public: false })
    const visitors = await api.visitors(3)
    await api.joinAll(eventId, visitors)
    const stream = await api.stream(eventId, visitors[2] as Visitor)
    await untilInside(api, eventId, 1)
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
    expect(await api.detail(eventId)).toEqual(listed)
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
      const before = await api.detail(existing)
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
        expectFaults(await api.patch(existing, { [field]: value }), `/${field}`)
      }
      expectProblem(await api.status(created), 404, 'event-not-found')
      expect(await api.detail(existing)).toEqual(before)
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
    expectFaults(await api.patch(eventId, { closesAt }), '/closesAt')
    expect((await api.detail(eventId)).closesAt).toBe(null)
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
  expect((await api.act(eventId, 'sold-out')).status).toBe(200)
  return eventId
}

describe.concurrent('the actions', () => {
  it.each(Object.entries(TRANSITIONS))(
    'from %s lead where they should, or are 409 and change nothing',
    async (from, row) => {
      for (const [action, to] of Object.entries(row)) {
        const eventId = await eventIn(from)
        const answer = await api.act(eventId, action)
        if (to === null) expectProblem(answer, 409, 'invalid-transition')
        else expect([action, answer.status, answer.body.status]).toEqual([action, 200, to])
        expect((await api.status(eventId)).body.status).toBe(to ?? from)
      }
    },
  )

  it('are refused for an event that does not exist', async () => {
    for (const action of ['open', 'pause', 'resume', 'close', 'sold-out']) {
      expectProblem(await api.act('nobody', action), 404, 'event-not-found')
    }
    expectProblem(await api.act(await api.event(), 'explode'), 404, 'not-found')
  })

  it('as a status in PATCH act alike, and are heard', async () => {
    const eventId = await api.event()
    const visitor = await api.visitor()
    await api.join(eventId, visitor)
    const stream = await api.stream(eventId, visitor)
    expect((await api.patch(eventId, { status: 'paused' })).body.status).toBe('paused')
    await stream.next('status', ({ status }) => status === 'paused', 2_000)
    expectProblem(await api.patch(eventId, { status: 'scheduled' }), 409, 'invalid-transition')
    expect((await api.status(eventId)).body.status).toBe('paused')
    stream.close()
  })

  it('pause: visitors join and wait, nobody is admitted, those inside stay; resume: they go in, in order', async () => {
    const eventId = await api.event({ capacity: 2, status: 'paused' })
    const visitors = await api.visitors(3)
    await api.joinAll(eventId, visitors)
    expect(await insideAfterTicks(api, eventId, visitors[0] as Visitor)).toBe(0)
    await api.act(eventId, 'resume')
    await untilInside(api, eventId, 2)
    expect((await api.place(eventId, visitors[2] as Visitor)).body).toMatchObject({
      state: 'WAITING',
      position: 1,
    })
    await api.act(eventId, 'pause')
    const { admissionId } = (await api.place(eventId, visitors[0] as Visitor)).body
    expect((await api.release(admissionId)).status).toBe(200)
    expect(await insideAfterTicks(api, eventId, visitors[2] as Visitor)).toBe(1)
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
    await api.act(eventId, 'close')
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
    await api.joinAll(eventId, [first, second])
    const { admissionId, entryToken } = await api.admitted(eventId, first)
    expect((await api.admin('POST', `admissions/${admissionId}/revoke`, {})).status).toBe(200)
    await api.admitted(eventId, second)
    expectProblem(await api.redeem(entryToken, 's'), 410, 'admission-ended')
  })
})
