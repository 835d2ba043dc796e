/** What the hot paths ask of Redis on the real runtime, counted at the front. The rows of a join are counted in test/unit/core. */
import { afterAll, beforeAll, expect, it } from 'vitest'
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

const asked = () => usher.runtime.front?.stats ?? { requests: 0, commands: 0 }

/** How many requests and script calls Redis gets while `act` runs and settles. */
async function cost(act: () => Promise<unknown>): Promise<{ requests: number; commands: number }> {
  const before = { ...asked() }
  await act()
  const after = asked()
  return { requests: after.requests - before.requests, commands: after.commands - before.commands }
}

async function fullEvent(waiting: number): Promise<{ eventId: string; inside: Visitor; line: Visitor[] }> {
  const eventId = await api.event({ capacity: 1 })
  const [inside, ...line] = await api.visitors(waiting + 1)
  if (inside === undefined) throw new Error('nobody')
  await api.join(eventId, inside)
  await api.admitted(eventId, inside)
  await Promise.all(line.map((visitor) => api.join(eventId, visitor)))
  return { eventId, inside, line }
}

it('joins, polls, streams and ticks without change ask Redis nothing', async () => {
  const { eventId, line } = await fullEvent(20)
  const late = await api.visitors(20)
  const spent = await cost(async () => {
    await Promise.all(late.map((visitor) => api.join(eventId, visitor)))
    const streams = await Promise.all(line.map((visitor) => api.stream(eventId, visitor)))
    for (let round = 0; round < 3; round += 1) {
      await Promise.all(late.map((visitor) => api.place(eventId, visitor)))
      await pause(1_000)
    }
    for (const stream of streams) stream.close()
  })
  expect(spent).toEqual({ requests: 0, commands: 0 })
})

it('a released slot is offered in the same request that gives it back: two script calls, one round trip', async () => {
  const { eventId, inside, line } = await fullEvent(3)
  // The first release ever sends its script along.
  await api.release((await api.place(eventId, inside)).body.admissionId)
  const { admissionId } = await api.admitted(eventId, line[0] as Visitor)
  await pause(1_500)
  const next = line[1] as Visitor
  const spent = await cost(async () => {
    await api.release(admissionId)
    await api.admitted(eventId, next)
  })
  expect(spent).toEqual({ requests: 1, commands: 2 })
})

it('a thousand admissions are one script call', async () => {
  const eventId = await api.event({ capacity: 1_000, status: 'paused' })
  // The pool's first use tells its generation; that belongs to the event, not to the batch.
  const first = await api.visitor()
  await api.join(eventId, first)
  await api.admin('POST', `events/${eventId}/resume`)
  await api.admitted(eventId, first)
  await api.admin('POST', `events/${eventId}/pause`)
  await api.leave(eventId, first)
  const visitors = await api.visitors(1_000)
  await Promise.all(visitors.map((visitor) => api.join(eventId, visitor)))
  await pause(1_500)
  const spent = await cost(async () => {
    await api.admin('POST', `events/${eventId}/resume`)
    await eventually(async () => ((await api.status(eventId)).body.admitted === 1_000 ? true : null), 20_000)
  })
  expect(spent).toEqual({ requests: 1, commands: 1 })
})
