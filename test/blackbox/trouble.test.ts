/**
 * What holds when a part fails: Redis away, slow, forgetful or silent, and the server killed. Nobody loses a place, nobody
 * is let in twice, nobody over the capacity, and the sale goes on by itself once the trouble is over.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Front } from '../../dev/redis/front.ts'
import type { Engine } from '../../dev/redis/engine.ts'
import { RespClient } from '../../dev/redis/resp.ts'
import { startUsher, type UsherRuntime } from '../../dev/runtime.ts'
import { expectProblem, expectRetryAfter } from '../support/contract.ts'
import {
  ADMIN_KEY,
  Api,
  eventually,
  ORIGIN_KEY,
  startTestUsher,
  type Answer,
  type TestUsher,
  type Visitor,
} from '../support/usher.ts'

let usher: TestUsher
let api: Api
let front: Front
let engine: Engine

beforeAll(async () => {
  usher = await startTestUsher()
  api = usher.api
  if (usher.runtime.front === null || usher.runtime.redis === null)
    throw new Error('these tests need their own Redis')
  front = usher.runtime.front
  engine = usher.runtime.redis
})

afterEach(() => front.faults.clear())

afterAll(() => usher.stop())

async function flush(): Promise<void> {
  const client = new RespClient(engine)
  await client.send([['FLUSHALL']])
  client.close()
}

const statesOf = async (eventId: string, visitors: readonly Visitor[]): Promise<string[]> =>
  (await Promise.all(visitors.map((visitor) => api.place(eventId, visitor)))).map(
    ({ body }) => body.state as string,
  )

/** Longer than a breaker waits between two probes. */
const RECOVERY_MS = 5_000

async function untilStates(
  eventId: string,
  visitors: readonly Visitor[],
  expected: readonly string[],
): Promise<void> {
  await eventually(
    async () => ((await statesOf(eventId, visitors)).join() === expected.join() ? true : null),
    RECOVERY_MS,
  )
}

/** One visitor's whole way: joins, waits, is let in once by one session, and completes. Answers the admission's id. */
async function buy(eventId: string, visitor: Visitor): Promise<string> {
  expect((await api.join(eventId, visitor)).status).toBe(201)
  const stream = await api.stream(eventId, visitor)
  const { data } = await stream.next('promotion', undefined, 25_000)
  stream.close()
  const [first, second] = [await api.redeem(data.entryToken, 'one'), await api.redeem(data.entryToken, 'two')]
  expect([first.status, second.status]).toEqual([200, 409])
  expect((await api.release(data.admissionId)).status).toBe(200)
  return data.admissionId
}

/** Everybody buys; when `after` of them have, the trouble happens. Answers the admissions as they ended. */
async function sale(
  buyers: readonly (readonly [string, Visitor])[],
  after: number,
  trouble: () => Promise<unknown>,
): Promise<Answer['body'][]> {
  let finished = 0
  const ids = await Promise.all(
    buyers.map(async ([eventId, visitor]) => {
      const admissionId = await buy(eventId, visitor)
      finished += 1
      if (finished === after) await trouble()
      return admissionId
    }),
  )
  return Promise.all(ids.map(async (id) => (await api.origin('GET', id)).body))
}

/** How many of these admissions were alive at once, at most. */
function mostAtOnce(admissions: readonly Answer['body'][]): number {
  const steps = admissions.flatMap(({ admittedAt, endedAt }) => [
    { atMs: Date.parse(admittedAt), change: 1 },
    { atMs: Date.parse(endedAt), change: -1 },
  ])
  let [now, most] = [0, 0]
  for (const { change } of steps.toSorted((a, b) => a.atMs - b.atMs || a.change - b.change)) {
    now += change
    most = Math.max(most, now)
  }
  return most
}

describe('while Redis is away', () => {
  it('INV-12: from the start, joins are taken, places kept, nobody is admitted, and it is said', async () => {
    front.faults.set({ outage: true })
    const eventId = await api.event({ capacity: 2 })
    const visitors = await api.visitors(4)
    await api.joinAll(eventId, visitors)
    const stream = await api.stream(eventId, visitors[3] as Visitor)
    expect((await stream.next('position')).data.position).toBe(4)
    await eventually(async () => ((await api.status(eventId)).body.holding === true ? true : null))
    const health = await api.request('GET', '/healthz')
    expect([health.status, health.body.status]).toEqual([503, 'degraded'])
    expectRetryAfter(health)
    expect(JSON.stringify(health.body)).not.toMatch(/127\.0\.0\.1|http|UPSTASH|Error/)
    await stream.next('heartbeat', undefined, 7_000)
    expect(await statesOf(eventId, visitors)).toEqual(Array(4).fill('WAITING'))
    expect((await api.status(eventId)).body).toMatchObject({
      status: 'open',
      waiting: 4,
      admitted: 0,
      holding: true,
    })

    front.faults.clear()
    await untilStates(eventId, visitors, ['ADMITTED', 'ADMITTED', 'WAITING', 'WAITING'])
    await stream.next('position', ({ position }) => position === 2)
    await eventually(async () => ((await api.status(eventId)).body.holding === false ? true : null))
    expect((await api.request('GET', '/healthz')).status).toBe(200)
    stream.close()
  })

  it('in the middle, those inside go on: redeem, renew and release work, and the next waits for its return', async () => {
    const eventId = await api.event({ capacity: 1 })
    const [inside, next, late] = await Promise.all([api.visitor(), api.visitor(), api.visitor()])
    await api.joinAll(eventId, [inside, next])
    const { entryToken, admissionId } = await api.admitted(eventId, inside)
    front.faults.set({ outage: true })
    expect((await api.redeem(entryToken, 'one')).body).toMatchObject({ state: 'redeemed', admissionId })
    expect((await api.redeem(entryToken, 'one')).status).toBe(200)
    expectProblem(await api.redeem(entryToken, 'two'), 409, 'token-already-redeemed')
    expect((await api.origin('POST', `${admissionId}/renew`, {})).status).toBe(200)
    expect((await api.release(admissionId)).body).toMatchObject({ state: 'ended', outcome: 'completed' })
    await api.joinAll(eventId, [late])
    await eventually(async () => ((await api.status(eventId)).body.holding === true ? true : null))
    expect(await statesOf(eventId, [inside, next, late])).toEqual(['COMPLETED', 'WAITING', 'WAITING'])
    front.faults.clear()
    await untilStates(eventId, [inside, next, late], ['COMPLETED', 'ADMITTED', 'WAITING'])
  })
})

describe('when Redis forgets', () => {
  it('INV-1, INV-5: everything, in the middle of a sale: never over capacity, no second redemption, all get in', async () => {
    const eventId = await api.event({ capacity: 4 })
    const buyers = (await api.visitors(24)).map((visitor) => [eventId, visitor] as const)
    const admissions = await sale(buyers, 6, flush)
    expect(admissions).toHaveLength(24)
    expect(mostAtOnce(admissions)).toBeLessThanOrEqual(4)
  })

  it('everything, by a restart that leaves it empty', async () => {
    const eventId = await api.event({ capacity: 4 })
    const buyers = (await api.visitors(16)).map((visitor) => [eventId, visitor] as const)
    const admissions = await sale(buyers, 5, async () => engine.restart?.())
    expect(mostAtOnce(admissions)).toBeLessThanOrEqual(4)
  })

  it('INV-1: a pool that three events share: none of them takes what another holds', async () => {
    await api.admin('PUT', 'pools/trouble', { capacity: 5 })
    const eventIds = await Promise.all([1, 2, 3].map(() => api.event({ capacity: 5, poolId: 'trouble' })))
    const visitors = await api.visitors(8)
    const buyers = eventIds.flatMap((eventId) => visitors.map((visitor) => [eventId, visitor] as const))
    const admissions = await sale(buyers, 6, flush)
    expect(admissions).toHaveLength(24)
    expect(mostAtOnce(admissions)).toBeLessThanOrEqual(5)
  })

  it.each([
    ['a flush', flush],
    ['a restart', async () => engine.restart?.()],
    [
      'a clock that jumps a day, so that everything expires',
      async () => engine.advanceClock?.(25 * 3_600_000),
    ],
  ])('INV-1, INV-5: by %s: no second session, nobody too many, and then the next', async (_what, forget) => {
    const eventId = await api.event({ capacity: 1 })
    const [visitor, next] = await Promise.all([api.visitor(), api.visitor()])
    await api.joinAll(eventId, [visitor, next])
    const { entryToken, admissionId } = await api.admitted(eventId, visitor)
    expect((await api.redeem(entryToken, 'one')).status).toBe(200)
    await forget()
    expectProblem(await api.redeem(entryToken, 'two'), 409, 'token-already-redeemed')
    expect((await api.redeem(entryToken, 'one')).status).toBe(200)
    await usher.runtime.runCron()
    expectProblem(await api.redeem(entryToken, 'two'), 409, 'token-already-redeemed')
    expect(await statesOf(eventId, [visitor, next])).toEqual(['ADMITTED', 'WAITING'])
    await api.release(admissionId)
    await untilStates(eventId, [visitor, next], ['COMPLETED', 'ADMITTED'])
  })
})

describe('when Redis is unreliable', () => {
  it('slow: joins, positions and redemptions do not wait for it', async () => {
    const eventId = await api.event({ capacity: 1 })
    const [inside, second, third] = await Promise.all([api.visitor(), api.visitor(), api.visitor()])
    await api.joinAll(eventId, [inside])
    const { entryToken, admissionId } = await api.admitted(eventId, inside)
    front.faults.set({ delayMs: 500 })
    const startedAtMs = Date.now()
    await api.joinAll(eventId, [second, third])
    expect((await api.redeem(entryToken, 's')).status).toBe(200)
    expect((await api.release(admissionId)).status).toBe(200)
    expect(Date.now() - startedAtMs).toBeLessThan(450)
    await untilStates(eventId, [inside, second, third], ['COMPLETED', 'ADMITTED', 'WAITING'])
  })

  it('INV-6: a release whose answer is lost gives the place back once', async () => {
    const eventId = await api.event({ capacity: 1 })
    const visitors = await api.visitors(4)
    await api.joinAll(eventId, visitors)
    const { admissionId } = await api.admitted(eventId, visitors[0] as Visitor)
    front.faults.set({ dropAfterExecute: 2 })
    expect((await api.release(admissionId)).status).toBe(200)
    await untilStates(eventId, visitors, ['COMPLETED', 'ADMITTED', 'WAITING', 'WAITING'])
    expect((await api.status(eventId)).body).toMatchObject({ admitted: 1, waiting: 2 })
  })

  it('INV-5: a redemption whose answer is lost stays with its session', async () => {
    const eventId = await api.event({ capacity: 1 })
    const [visitor, next] = await Promise.all([api.visitor(), api.visitor()])
    await api.joinAll(eventId, [visitor, next])
    const { entryToken, admissionId } = await api.admitted(eventId, visitor)
    front.faults.set({ dropAfterExecute: 1 })
    const first = await api.redeem(entryToken, 'one')
    expect(first.status).toBe(200)
    expectProblem(await api.redeem(entryToken, 'two'), 409, 'token-already-redeemed')
    expect((await api.redeem(entryToken, 'one')).body).toEqual(first.body)
    await eventually(() => (front.faults.settings.dropAfterExecute === 0 ? true : null))
    await api.release(admissionId)
    await untilStates(eventId, [visitor, next], ['COMPLETED', 'ADMITTED'])
  })

  it('refusing and breaking off at random: the sale goes on, in order, within its capacity', async () => {
    const eventId = await api.event({ capacity: 3 })
    const buyers = (await api.visitors(12)).map((visitor) => [eventId, visitor] as const)
    const admissions = await sale(buyers, 2, async () =>
      front.faults.set({ failBefore: 1, dropBefore: 1, dropAfterExecute: 1 }),
    )
    expect(mostAtOnce(admissions)).toBeLessThanOrEqual(3)
  })
})

/** Asks again while nobody listens. */
function persistently<T>(ask: () => Promise<T>): Promise<T> {
  return eventually(async () => {
    try {
      return await ask()
    } catch {
      // The connection was refused or broke: the server is being started again.
      return null
    }
  }, 20_000)
}

describe('when the server is killed', () => {
  it('INV-3, INV-9: amid joins: who was told a place has it, in the same order, and retries join once', async () => {
    const eventId = await api.event({ status: 'paused' })
    const visitors = await api.visitors(60)
    const pid = usher.runtime.workerdPid()
    if (pid === null) throw new Error('no workerd')
    let answered = 0
    const told = await Promise.all(
      visitors.map(async (visitor) => {
        try {
          const { status, body } = await api.join(eventId, visitor)
          answered += 1
          if (answered === 20) process.kill(pid, 'SIGKILL')
          return status === 201 ? (body.joinNumber as number) : null
        } catch {
          // Broke off: whether the join was taken is not known to this visitor.
          return null
        }
      }),
    )
    expect(told.filter((joinNumber) => joinNumber !== null).length).toBeGreaterThanOrEqual(20)
    const rejoined = await Promise.all(
      visitors.map((visitor) => persistently(() => api.join(eventId, visitor))),
    )
    for (const [index, { status, body }] of rejoined.entries()) {
      if (told[index] !== null) expect([status, body.joinNumber]).toEqual([200, told[index]])
      expect(body.state).toBe('WAITING')
    }
    const numbers = rejoined.map(({ body }) => body.joinNumber as number)
    expect(new Set(numbers).size).toBe(60)
    const places = await Promise.all(visitors.map((visitor) => api.place(eventId, visitor)))
    const inOrder = places.map(({ body }) => body).toSorted((a, b) => a.joinNumber - b.joinNumber)
    expect(inOrder.map(({ position }) => position as number)).toEqual(
      Array.from({ length: 60 }, (_, index) => index + 1),
    )
    expect((await api.status(eventId)).body.waiting).toBe(60)
  })

  it('INV-1, INV-5: amid a sale: tokens and sessions are the same after, capacity holds, the next is admitted', async () => {
    const eventId = await api.event({ capacity: 3 })
    const visitors = await api.visitors(6)
    await api.joinAll(eventId, visitors)
    await untilStates(eventId, visitors, [
      ...Array<string>(3).fill('ADMITTED'),
      ...Array<string>(3).fill('WAITING'),
    ])
    const before = await Promise.all(visitors.map((visitor) => api.place(eventId, visitor)))
    const [first] = before
    expect((await api.redeem(first?.body.entryToken, 'one')).status).toBe(200)
    const redeemed = await api.origin('GET', first?.body.admissionId)
    const pid = usher.runtime.workerdPid()
    if (pid === null) throw new Error('no workerd')
    process.kill(pid, 'SIGKILL')
    const after = await Promise.all(
      visitors.map((visitor) => persistently(() => api.place(eventId, visitor))),
    )
    for (const [index, { body }] of after.entries()) {
      const { state, entryToken, position, joinedAt } = before[index]?.body ?? {}
      expect(body).toMatchObject({ state, entryToken, position, joinedAt })
    }
    expect((await api.origin('GET', first?.body.admissionId)).body).toEqual(redeemed.body)
    expectProblem(await api.redeem(first?.body.entryToken, 'two'), 409, 'token-already-redeemed')
    await api.release(first?.body.admissionId)
    const states = ['COMPLETED', 'ADMITTED', 'ADMITTED', 'ADMITTED', 'WAITING', 'WAITING']
    await untilStates(eventId, visitors, states)
  })
})

describe('a restart on the same state directory', () => {
  const stateDir = mkdtempSync(join(tmpdir(), 'usher-restart-'))
  let runtime: UsherRuntime | null = null

  const start = async (): Promise<Api> => {
    runtime = await startUsher({
      stateDir,
      bundleDir: join(tmpdir(), 'usher-test-bundle'),
      cron: false,
      settings: { PATH: process.env['PATH'], USHER_REDIS: process.env['USHER_REDIS'] ?? 'embedded' },
      bindings: { ADMIN_API_KEY: ADMIN_KEY, ORIGIN_API_KEY: ORIGIN_KEY },
    })
    return new Api(runtime.url)
  }

  afterAll(async () => {
    await runtime?.stop()
    rmSync(stateDir, { recursive: true, force: true })
  })

  it('goes on where it was: events, places, tokens, sessions, pools, and the sale', async () => {
    const before = await start()
    await before.admin('PUT', 'pools/kept', { capacity: 2 })
    const eventId = await before.event({
      name: 'Kept',
      capacity: 2,
      poolId: 'kept',
      disconnectGraceSeconds: 120,
    })
    const visitors = await before.visitors(4)
    for (const visitor of visitors) await before.join(eventId, visitor)
    const [first, second] = visitors as [Visitor, Visitor, Visitor, Visitor]
    const { entryToken, admissionId } = await before.admitted(eventId, first)
    await before.admitted(eventId, second)
    expect((await before.redeem(entryToken, 'one')).status).toBe(200)
    const read = async (api: Api): Promise<unknown[]> => {
      const places = await Promise.all(visitors.map((visitor) => api.place(eventId, visitor)))
      const { body: event } = await api.status(eventId)
      const jwks = await api.request('GET', '/.well-known/jwks.json')
      const pool = await api.admin('GET', 'pools/kept')
      const admission = await api.origin('GET', admissionId)
      return [
        ...places.map(({ body }) => ({ ...body, etaSeconds: null })),
        { ...event, etaSeconds: null, updatedAt: null },
        jwks.body,
        pool.body,
        admission.body,
      ]
    }
    const had = await read(before)
    await runtime?.stop()

    const after = await start()
    expect(await read(after)).toEqual(had)
    expectProblem(await after.redeem(entryToken, 'two'), 409, 'token-already-redeemed')
    expect((await after.redeem(entryToken, 'one')).status).toBe(200)
    expect((await after.status(eventId)).body).toMatchObject({ admitted: 2, waiting: 2 })
    await after.release(admissionId)
    await after.admitted(eventId, visitors[2] as Visitor, RECOVERY_MS)
    expect((await after.status(eventId)).body).toMatchObject({ admitted: 2, waiting: 1 })
  })
})
