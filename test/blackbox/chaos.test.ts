/** One sale, and everything that can go wrong in the middle of it, one after the other. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RespClient } from '../../dev/redis/resp.ts'
import {
  eventually,
  pause,
  startTestUsher,
  type Answer,
  type Api,
  type TestUsher,
  type Visitor,
} from '../support/usher.ts'

const POOL_CAPACITY = 5
const OWN_CAPACITY = 3
const VISITORS = 25
/** So many more have bought before the next trouble comes. */
const BETWEEN_TROUBLES = 6

let usher: TestUsher
let api: Api

beforeAll(async () => {
  usher = await startTestUsher()
  api = usher.api
})

afterAll(() => usher.stop())

type Bought = {
  readonly eventId: string
  readonly joinNumber: number
  readonly token: string
  readonly admission: Answer['body']
}

/** Asks again while the server is away. A refusal is an answer. */
async function persistently(ask: () => Promise<Answer>): Promise<Answer> {
  return eventually(async () => {
    try {
      const answer = await ask()
      return answer.status < 500 ? answer : null
    } catch {
      // The connection was refused or broke: the server is being started again.
      return null
    }
  }, 20_000)
}

/** One visitor's whole way, whatever happens meanwhile: let in once, with one token, by one session. */
async function buy(eventId: string, visitor: Visitor): Promise<Bought> {
  const { body: joined } = await persistently(() => api.join(eventId, visitor))
  const place = () => persistently(() => api.place(eventId, visitor))
  let { body } = await place()
  while (body.state === 'WAITING') {
    await pause(200)
    body = (await place()).body
  }
  expect(body.state).toBe('ADMITTED')
  const { admissionId, entryToken: token } = body
  const [again, one, two] = [
    await place(),
    await persistently(() => api.redeem(token, 'one')),
    await persistently(() => api.redeem(token, 'two')),
  ]
  expect([again.body.entryToken, one.status, two.status]).toEqual([token, 200, 409])
  // Stays inside for a while, so that the next trouble finds somebody there.
  await pause(200)
  await persistently(() => api.release(admissionId))
  const { body: admission } = await persistently(() => api.origin('GET', admissionId))
  return { eventId, joinNumber: joined.joinNumber, token, admission }
}

/** How many of these admissions were alive at once, at most. */
function mostAtOnce(bought: readonly Bought[]): number {
  const steps = bought.flatMap(({ admission }) => [
    { atMs: Date.parse(admission.admittedAt), change: 1 },
    { atMs: Date.parse(admission.endedAt), change: -1 },
  ])
  let [now, most] = [0, 0]
  for (const { change } of steps.toSorted((a, b) => a.atMs - b.atMs || a.change - b.change)) {
    now += change
    most = Math.max(most, now)
  }
  return most
}

function troubles(eventId: string): readonly (() => Promise<unknown>)[] {
  const { front, redis } = usher.runtime
  if (front === null || redis === null) throw new Error('this test needs its own Redis')
  const kill = async () => {
    const pid = usher.runtime.workerdPid()
    if (pid !== null) process.kill(pid, 'SIGKILL')
  }
  return [
    async () => {
      front.faults.set({ outage: true })
      const status = () => persistently(() => api.status(eventId))
      await eventually(async () => ((await status()).body.holding === true ? true : null))
      front.faults.clear()
    },
    async () => {
      const client = new RespClient(redis)
      await client.send([['FLUSHALL']])
      client.close()
    },
    kill,
    async () => front.faults.set({ dropAfterExecute: 2, failBefore: 1 }),
    async () => redis.restart?.(),
    // A run that the next trouble cuts short has failed, and changes nothing.
    () => Promise.allSettled([usher.runtime.runCron(), usher.runtime.runCron()]),
    async () => {
      front.faults.set({ dropAfterExecute: 1 })
      await kill()
    },
  ]
}

describe('a sale of four events, three of them in one pool, amid every trouble', () => {
  it('INV-1, INV-2, INV-5, INV-6: everybody gets in once, in order, and never too many at once', async () => {
    await api.admin('PUT', 'pools/chaos', { capacity: POOL_CAPACITY })
    const config = { capacity: POOL_CAPACITY, poolId: 'chaos', disconnectGraceSeconds: 600 }
    const pooled = await Promise.all([1, 2, 3].map(() => api.event(config)))
    const own = await api.event({ capacity: OWN_CAPACITY, disconnectGraceSeconds: 600 })
    const visitors = await api.visitors(VISITORS)
    const coming = troubles(own)[Symbol.iterator]()
    const unfolding: Promise<unknown>[] = []
    let finished = 0
    const bought = await Promise.all(
      [...pooled, own].flatMap((eventId) =>
        visitors.map(async (visitor) => {
          const one = await buy(eventId, visitor)
          finished += 1
          if (finished % BETWEEN_TROUBLES === 0) unfolding.push(Promise.resolve(coming.next().value?.()))
          return one
        }),
      ),
    )
    await Promise.all(unfolding)

    expect(bought).toHaveLength(4 * VISITORS)
    expect(coming.next().done).toBe(true)
    expect(new Set(bought.map(({ token }) => token)).size).toBe(4 * VISITORS)
    const isPooled = ({ eventId }: Bought): boolean => eventId !== own
    expect(mostAtOnce(bought.filter(isPooled))).toBeLessThanOrEqual(POOL_CAPACITY)
    expect(mostAtOnce(bought.filter((one) => !isPooled(one)))).toBeLessThanOrEqual(OWN_CAPACITY)
    for (const eventId of [...pooled, own]) {
      const inOrder = bought
        .filter((one) => one.eventId === eventId)
        .toSorted((a, b) => a.joinNumber - b.joinNumber)
      const times = inOrder.map(({ admission }) => Date.parse(admission.admittedAt))
      expect(times).toEqual(times.toSorted((a, b) => a - b))
      expect((await api.status(eventId)).body).toMatchObject({ waiting: 0, admitted: 0 })
    }
  })
})
