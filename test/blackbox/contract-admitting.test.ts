/** What an operator is promised of letting people in: changes, rates, pools, schedules, draws and queueings. */
import { createHash, createHmac } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectProblem, fromNow } from '../support/contract.ts'
import { insideAfterTicks, untilInside } from '../support/inside.ts'
import { eventually, startTestUsher, type Api, type TestUsher, type Visitor } from '../support/usher.ts'

let usher: TestUsher
let api: Api

beforeAll(async () => {
  usher = await startTestUsher()
  api = usher.api
})

afterAll(() => usher.stop())

describe.concurrent('a change for those who already wait', () => {
  it('of the capacity: raised it admits at once, lowered it throws nobody out and admits nobody more', async () => {
    const eventId = await api.event({ capacity: 1 })
    const visitors = await api.visitors(6)
    await api.joinAll(eventId, visitors)
    await untilInside(api, eventId, 1)
    expect((await api.patch(eventId, { capacity: 3 })).body.capacity).toBe(3)
    await untilInside(api, eventId, 3, 2_000)
    await api.patch(eventId, { capacity: 1 })
    const places = await Promise.all(visitors.slice(0, 3).map((visitor) => api.place(eventId, visitor)))
    const ids = places.map(({ body }) => body.admissionId as string)
    for (const id of ids.slice(0, 2)) await api.release(id)
    expect(await insideAfterTicks(api, eventId, visitors[5] as Visitor)).toBe(1)
    await api.release(ids[2] ?? '')
    await api.admitted(eventId, visitors[3] as Visitor)
  })

  it('of the rate: it holds them, and lets them go when it is lifted', async () => {
    const eventId = await api.event({ capacity: 50, admitPerMinute: 2 })
    const visitors = await api.visitors(8)
    await api.joinAll(eventId, visitors)
    const inside = await insideAfterTicks(api, eventId, visitors[7] as Visitor)
    expect(inside).toBeGreaterThanOrEqual(1)
    expect(inside).toBeLessThanOrEqual(2)
    await api.patch(eventId, { admitPerMinute: null })
    await untilInside(api, eventId, 8, 2_000)
  })

  it('of the rate: lowered it takes effect as well', async () => {
    const eventId = await api.event({ capacity: 50, admitPerMinute: 6_000, status: 'paused' })
    const visitors = await api.visitors(6)
    await api.joinAll(eventId, visitors)
    await api.patch(eventId, { admitPerMinute: 1 })
    await api.act(eventId, 'resume')
    expect(await insideAfterTicks(api, eventId, visitors[5] as Visitor)).toBe(1)
  })

  it('of the queueing: rejecting refuses newcomers and keeps those who wait', async () => {
    const eventId = await api.event({ status: 'paused' })
    const [early, late] = await Promise.all([api.visitor(), api.visitor()])
    await api.joinAll(eventId, [early])
    await api.patch(eventId, { queueing: 'reject' })
    expectProblem(await api.join(eventId, late), 403, 'queue-rejecting')
    expect((await api.place(eventId, early)).body).toMatchObject({ state: 'WAITING', position: 1 })
    expect((await api.join(eventId, early)).status).toBe(200)
  })

  it('of the token’s life: it holds for the next admission', async () => {
    const eventId = await api.event({ status: 'paused' })
    const visitor = await api.visitor()
    await api.joinAll(eventId, [visitor])
    await api.patch(eventId, { entryTokenTtlSeconds: 1_000 })
    await api.act(eventId, 'resume')
    const { entryTokenExpiresAt } = await api.admitted(eventId, visitor)
    expect(Date.parse(entryTokenExpiresAt) - Date.now()).toBeGreaterThan(900_000)
  })
})

describe.concurrent('the rate', () => {
  it('lets in no more than it says, evenly, while there is room', async () => {
    const eventId = await api.event({ capacity: 200, admitPerMinute: 240 })
    const visitors = await api.visitors(30)
    await Promise.all(visitors.map((visitor) => api.join(eventId, visitor)))
    await untilInside(api, eventId, 30, 15_000)
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
    for (const eventId of [a, b]) await api.joinAll(eventId, visitors)
    const inside = async () =>
      (await Promise.all([a, b].map((id) => api.status(id)))).map(({ body }) => body.admitted as number)
    const total = async () => (await inside()).reduce((sum, count) => sum + count, 0)
    await eventually(async () => ((await total()) === 2 ? true : null))
    await insideAfterTicks(api, a, visitors[4] as Visitor)
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
    for (const eventId of [a, b]) await api.joinAll(eventId, visitors)
    const counts = await Promise.all(
      [a, b].map((eventId) => insideAfterTicks(api, eventId, visitors[2] as Visitor)),
    )
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(1)
    await api.admin('PUT', 'pools/slow', { capacity: 50 })
    for (const eventId of [a, b]) await untilInside(api, eventId, 3, 2_500)
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
    await api.joinAll(eventId, [first, second])
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
    await api.patch(eventId, { opensAt: fromNow(-1) })
    await statusIs('open')
    await api.patch(eventId, { closesAt: fromNow(-0.5) })
    await statusIs('closed')
  })

  it('of who may see the event takes effect at once', async () => {
    const eventId = await api.event({ public: false })
    const isListed = async () =>
      ((await api.request('GET', '/api/v1/events')).body.events as { eventId: string }[]).some(
        (event) => event.eventId === eventId,
      )
    for (const listed of [true, false]) {
      await api.patch(eventId, { public: listed })
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

    await api.patch(eventId, { capacity: 2 })
    await untilInside(api, eventId, 2)
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
    await api.act(eventId, 'pause')
    expect((await api.join(eventId, late)).body).toMatchObject({ state: 'WAITING', position: 1 })
  })

  it('reject refuses with 403 and leaves no trace', async () => {
    const eventId = await api.event({ queueing: 'reject' })
    const visitor = await api.visitor()
    expectProblem(await api.join(eventId, visitor), 403, 'queue-rejecting')
    expect(await api.detail(eventId)).toMatchObject({ waiting: 0, joinedTotal: 0 })
  })
})
