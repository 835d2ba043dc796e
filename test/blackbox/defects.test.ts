/**
 * What went wrong in the systems that this project grew from, each as the guarantee that is given instead. The ids are
 * those of docs/invariants.md ("Defects that must not come back").
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RespClient } from '../../dev/redis/resp.ts'
import {
  eventually,
  pause,
  startTestUsher,
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

async function admittedAmong(eventId: string, visitors: readonly Visitor[]): Promise<Visitor[]> {
  const places = await Promise.all(visitors.map((visitor) => api.place(eventId, visitor)))
  return visitors.filter((_, index) => places[index]?.body.state === 'ADMITTED')
}

async function untilAdmitted(
  eventId: string,
  visitors: readonly Visitor[],
  count: number,
): Promise<Visitor[]> {
  return eventually(async () => {
    const inside = await admittedAmong(eventId, visitors)
    return inside.length >= count ? inside : null
  }, 10_000)
}

/** How often the engine has run each command since it started. */
async function commandCounts(): Promise<Map<string, number>> {
  const { redis } = usher.runtime
  if (redis === null) throw new Error('no engine')
  const client = new RespClient(redis)
  const [info] = await client.send([['INFO', 'commandstats']])
  client.close()
  const rows = String(info).matchAll(/cmdstat_([a-z|]+):calls=(\d+)/g)
  return new Map([...rows].map(([, name, calls]) => [name ?? '', Number(calls)]))
}

describe('capacity', () => {
  it('D1, INV-6: an entry token that expires gives its slot back, every time', async () => {
    const eventId = await api.event({ capacity: 1, entryTokenTtlSeconds: 1 })
    const visitors = await api.visitors(3)
    await api.joinAll(eventId, visitors)
    for (const visitor of visitors) await api.admitted(eventId, visitor, 8_000)
    await eventually(async () => ((await api.status(eventId)).body.admitted === 0 ? true : null))
  })

  it('D2: completing, cancelling and leaving each make room for the next', async () => {
    const eventId = await api.event({ capacity: 1 })
    const visitors = await api.visitors(4)
    await api.joinAll(eventId, visitors)
    const endings: ((admissionId: string, visitor: Visitor) => Promise<unknown>)[] = [
      (admissionId) => api.release(admissionId, 'completed'),
      (admissionId) => api.release(admissionId, 'cancelled'),
      (_, visitor) => api.leave(eventId, visitor),
    ]
    for (const [index, ending] of endings.entries()) {
      const visitor = visitors[index] as Visitor
      const { admissionId } = await api.admitted(eventId, visitor)
      await ending(admissionId, visitor)
    }
    await api.admitted(eventId, visitors[3] as Visitor)
  })

  it('D3, INV-6: leaving twice and releasing twice return one slot, and none to another event', async () => {
    const [eventId, otherId] = [await api.event({ capacity: 2 }), await api.event({ capacity: 1 })]
    const visitors = await api.visitors(6)
    await api.joinAll(eventId, visitors)
    await api.joinAll(otherId, visitors)
    const first = visitors[0] as Visitor
    const { admissionId } = await api.admitted(eventId, first)
    await untilAdmitted(otherId, visitors, 1)
    await Promise.all([
      api.leave(eventId, first),
      api.leave(eventId, first),
      api.release(admissionId),
      api.release(admissionId),
    ])
    await untilAdmitted(eventId, visitors, 2)
    await pause(2_500)
    expect(await admittedAmong(eventId, visitors)).toEqual(visitors.slice(1, 3))
    expect(await admittedAmong(otherId, visitors)).toEqual(visitors.slice(0, 1))
  })

  it('D5, INV-1: events that share a pool never admit more than it holds, however they race', async () => {
    expect((await api.admin('PUT', 'pools/arena', { capacity: 5 })).status).toBe(200)
    const eventIds = await Promise.all(
      Array.from({ length: 4 }, () => api.event({ capacity: 5, poolId: 'arena' })),
    )
    const visitors = await api.visitors(5)
    await Promise.all(eventIds.map((eventId) => api.joinAll(eventId, visitors)))
    const inside = async () =>
      (await Promise.all(eventIds.map((eventId) => api.status(eventId)))).reduce(
        (sum, { body }) => sum + body.admitted,
        0,
      )
    await eventually(async () => ((await inside()) >= 5 ? true : null), 10_000)
    await pause(2_500)
    expect(await inside()).toBe(5)
  })

  it('D13: an admission stays inside after it was told, until it completes', async () => {
    const eventId = await api.event({ capacity: 1 })
    const visitors = await api.visitors(2)
    const stream = await (async () => {
      await api.joinAll(eventId, visitors)
      return api.stream(eventId, visitors[0] as Visitor)
    })()
    const { data } = await stream.next('promotion')
    expect((await api.redeem(data.entryToken, 's')).status).toBe(200)
    await pause(2_500)
    expect(await admittedAmong(eventId, visitors)).toEqual(visitors.slice(0, 1))
    stream.close()
  })
})

describe('places', () => {
  it('D4: a join that races with promotion is never dropped', async () => {
    const eventId = await api.event({ capacity: 20 })
    const visitors = await api.visitors(40)
    const answers = await Promise.all(visitors.map((visitor) => api.join(eventId, visitor)))
    expect(answers.every(({ status, body }) => status === 201 && body.joinNumber > 0)).toBe(true)
    await untilAdmitted(eventId, visitors, 20)
    const places = await Promise.all(visitors.map((visitor) => api.place(eventId, visitor)))
    const states = places.map(({ body }) => body.state as string)
    expect(states.filter((state) => state === 'ADMITTED')).toHaveLength(20)
    expect(states.filter((state) => state === 'WAITING')).toHaveLength(20)
  })

  it('D7, INV-3: from the join to the admission a visitor is in one state, and never in none', async () => {
    const eventId = await api.event({ capacity: 1 })
    const visitor = await api.visitor()
    await api.join(eventId, visitor)
    const states = new Set<string>()
    await eventually(async () => {
      const { status, body } = await api.place(eventId, visitor)
      expect(status).toBe(200)
      states.add(body.state)
      return body.state === 'ADMITTED' ? true : null
    })
    expect([...states].every((state) => state === 'WAITING' || state === 'ADMITTED')).toBe(true)
  })

  it('D8, INV-5: the token is the same on every stream, reconnect and poll', async () => {
    const eventId = await api.event({ capacity: 1 })
    const visitor = await api.visitor()
    await api.join(eventId, visitor)
    const first = await api.stream(eventId, visitor)
    const { data } = await first.next('promotion')
    first.close()
    const second = await api.stream(eventId, visitor, { 'Last-Event-ID': first.parser.lastEventId })
    const again = await second.next('promotion')
    const { body } = await api.place(eventId, visitor)
    const rejoined = await api.join(eventId, visitor)
    expect([again.data.entryToken, body.entryToken, rejoined.body.entryToken]).toEqual(
      Array(3).fill(data.entryToken),
    )
    expect([again.data.admissionId, body.admissionId]).toEqual([data.admissionId, data.admissionId])
    second.close()
  })

  it('D9, INV-4: ten joins of one visitor at once answer one place', async () => {
    const eventId = await api.event({ status: 'paused' })
    const visitor = await api.visitor()
    const answers = await Promise.all(Array.from({ length: 10 }, () => api.join(eventId, visitor)))
    expect(answers.map(({ status }) => status).toSorted()).toEqual([...Array(9).fill(200), 201])
    expect(new Set(answers.map(({ body }) => body.joinNumber))).toEqual(new Set([1]))
    expect((await api.status(eventId)).body.waiting).toBe(1)
  })

  it('D18: closing the tab keeps the place, and another device of the same visitor has it too', async () => {
    const eventId = await api.event({ status: 'paused' })
    const [ahead, visitor] = [await api.visitor(), await api.visitor()]
    await api.joinAll(eventId, [ahead, visitor])
    const tab = await api.stream(eventId, visitor)
    expect((await tab.next('position')).data.position).toBe(2)
    tab.close()
    await pause(2_500)
    const device = await api.stream(eventId, visitor)
    expect((await device.next('position')).data.position).toBe(2)
    device.close()
  })

  it('D21: a GET never joins, but for the streaming URL, which joins once', async () => {
    const eventId = await api.event({ status: 'paused' })
    const visitor = await api.visitor()
    expect((await api.place(eventId, visitor)).body.code).toBe('not-in-queue')
    expect((await api.stream(eventId, visitor)).response.status).toBe(404)
    expect((await api.status(eventId)).body.waiting).toBe(0)
    for (const _ of [1, 2]) {
      const stream = await api.brokerStream(eventId, visitor)
      expect((await stream.next('position')).data.position).toBe(1)
      stream.close()
    }
    expect((await api.status(eventId)).body.waiting).toBe(1)
  })

  it('D23: an id that could be mistaken for a key or a path is refused', async () => {
    const visitor = await api.visitor()
    for (const id of ['a:b', '_a', 'a%2Fb', 'a%20b', 'a.b', `a${'b'.repeat(64)}`, '%EA%B0%80']) {
      const answer = await api.request('POST', `/api/v1/events/${id}/queue`, { token: visitor.token })
      expect([id, answer.status, answer.body.code]).toEqual([id, 400, 'invalid-request'])
    }
  })
})

describe('promotion', () => {
  it('D6, INV-1: a grant whose answer was lost is settled by asking again, and admits nobody twice', async () => {
    const eventId = await api.event({ capacity: 3, status: 'paused' })
    const visitors = await api.visitors(6)
    await api.joinAll(eventId, visitors)
    usher.runtime.front?.faults.set({ dropAfterExecute: 2 })
    await api.admin('POST', `events/${eventId}/resume`)
    await untilAdmitted(eventId, visitors, 3)
    await pause(2_500)
    expect(await admittedAmong(eventId, visitors)).toEqual(visitors.slice(0, 3))
  })

  it('D11, INV-2: absent heads do not hold the line, and keep their places', async () => {
    const eventId = await api.event({ capacity: 3, status: 'paused' })
    const [absent, present] = [await api.visitors(3), await api.visitors(3)]
    await api.joinAll(eventId, [...absent, ...present])
    const streams = await Promise.all([...absent, ...present].map((visitor) => api.stream(eventId, visitor)))
    for (const stream of streams.slice(0, 3)) stream.close()
    await eventually(async () => {
      const { body } = await api.admin('GET', `events/${eventId}`)
      return body.present === 3 ? true : null
    })
    await api.admin('POST', `events/${eventId}/resume`)
    for (const stream of streams.slice(3)) await stream.next('promotion')
    expect((await api.status(eventId)).body).toMatchObject({ waiting: 3, admitted: 3 })
    for (const stream of streams) stream.close()
  })

  it('D14, INV-2: the order is the order of the joins', async () => {
    const eventId = await api.event({ capacity: 1 })
    const visitors = await api.visitors(4)
    await api.joinAll(eventId, visitors)
    for (const visitor of visitors) {
      const { admissionId } = await api.admitted(eventId, visitor)
      await api.release(admissionId)
    }
  })

  it('D15, D16: while nothing changes, ticks ask Redis nothing, and no keyspace is ever scanned', async () => {
    const eventId = await api.event({ capacity: 1 })
    const visitors = await api.visitors(30)
    await api.joinAll(eventId, visitors)
    await api.admitted(eventId, visitors[0] as Visitor)
    const ticks = async () => {
      const metrics = await api.request('GET', '/metrics', { token: 'test-admin-key' })
      return Number(new RegExp(`usher_ticks_total\\{event="${eventId}"\\} (\\d+)`).exec(metrics.body)?.[1])
    }
    const others = await api.request('GET', '/api/v1/admin/events', { token: 'test-admin-key' })
    for (const { eventId: other } of others.body.events) {
      if (other !== eventId) await api.admin('POST', `events/${other}/close`)
    }
    await pause(1_500)
    const [requests, from] = [usher.runtime.front?.stats.requests, await ticks()]
    await eventually(async () => ((await ticks()) >= from + 3 ? true : null), 10_000)
    expect(usher.runtime.front?.stats.requests).toBe(requests)
    const counts = await commandCounts()
    expect([counts.get('keys'), counts.get('scan')]).toEqual([undefined, undefined])
  })

  it('D17: a batch of hundreds is one script call', async () => {
    const eventId = await api.event({ capacity: 301 })
    // A pool's first use tells the line its generation; that belongs to the pool, not to the batch.
    const first = await api.visitor()
    await api.joinAll(eventId, [first])
    await untilAdmitted(eventId, [first], 1)
    await api.admin('POST', `events/${eventId}/pause`)
    const visitors = await api.visitors(300)
    await Promise.all(visitors.map((visitor) => api.join(eventId, visitor)))
    const before = usher.runtime.front?.stats.commands ?? 0
    await api.admin('POST', `events/${eventId}/resume`)
    await eventually(async () => ((await api.status(eventId)).body.admitted === 301 ? true : null))
    expect((usher.runtime.front?.stats.commands ?? 0) - before).toBe(1)
  })

  it('D19: whoever holds a stream hears of the admission on it', async () => {
    const eventId = await api.event({ capacity: 1 })
    const visitors = await api.visitors(3)
    await api.joinAll(eventId, visitors)
    const streams = await Promise.all(visitors.map((visitor) => api.stream(eventId, visitor)))
    for (const stream of streams) {
      const { data } = await stream.next('promotion')
      await api.release(data.admissionId)
      await stream.next('end', ({ reason }) => reason === 'completed')
    }
  })

  it('D20: one second admits at most batchSizeMax', async () => {
    const eventId = await api.event({ capacity: 1_000, batchSizeMax: 5, status: 'paused' })
    const visitors = await api.visitors(20)
    await api.joinAll(eventId, visitors)
    await api.admin('POST', `events/${eventId}/resume`)
    await untilAdmitted(eventId, visitors, 20)
    const places = await Promise.all(visitors.map((visitor) => api.place(eventId, visitor)))
    const admissions = await Promise.all(places.map(({ body }) => api.origin('GET', body.admissionId)))
    const bySecond = Map.groupBy(admissions, ({ body }) => String(body.admittedAt).slice(0, 19))
    expect(Math.max(...[...bySecond.values()].map((group) => group.length))).toBeLessThanOrEqual(5)
  })

  it('D22: the watchdog may run twice, three times or late, and changes nothing but delay', async () => {
    const eventId = await api.event({ capacity: 2 })
    const visitors = await api.visitors(5)
    await api.joinAll(eventId, visitors)
    await untilAdmitted(eventId, visitors, 2)
    await Promise.all([
      usher.runtime.runCron(),
      usher.runtime.runCron(),
      usher.runtime.runCron(Date.now() - 3_600_000),
    ])
    expect(await admittedAmong(eventId, visitors)).toEqual(visitors.slice(0, 2))
    expect((await api.status(eventId)).body).toMatchObject({ waiting: 3, admitted: 2 })
  })
})
