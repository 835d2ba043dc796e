/** A rush that is more than its line takes alone: what visitors see of the shards, which should be nothing. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createGuestTokens } from '../../src/tokens/guest-token.ts'
import {
  eventually,
  pause,
  startTestUsher,
  type Answer,
  type TestUsher,
  type Visitor,
} from '../support/usher.ts'

const EXPECTED = { capacity: 0, disconnectGraceSeconds: 3_600, expectedPeak: 20_000 }

describe('an event whose rush is expected', () => {
  let usher: TestUsher
  beforeAll(async () => void (usher = await startTestUsher()))
  afterAll(() => usher.stop())

  it('INV-3, INV-4: gives each visitor one number, without gaps, and the same again', async () => {
    const { api } = usher
    const eventId = await api.event(EXPECTED)
    const visitors = await guests(usher, 150)
    // The first one asks the line, which says how the event is spread.
    const first = await api.join(eventId, at(visitors, 0))
    expect(first.body).toMatchObject({ state: 'WAITING', joinNumber: 1, position: 1 })
    expect(Object.keys(first.body)).not.toContain('scale')
    const others = await Promise.all(visitors.slice(1).map((visitor) => api.join(eventId, visitor)))
    const answers = [first, ...others]
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]))
    expect(numbers(answers)).toEqual(visitors.map((_, index) => index + 1))
    for (const { body } of answers) expect(body.position).toBe(body.joinNumber)
    const again = await Promise.all(visitors.map((visitor) => api.join(eventId, visitor)))
    expect(new Set(again.map(({ status }) => status))).toEqual(new Set([200]))
    expect(again.map(({ body }) => body.joinNumber)).toEqual(answers.map(({ body }) => body.joinNumber))
    const { body } = await api.status(eventId)
    expect(body.waiting).toBe(150)
  })

  it('INV-4: of two joins of one visitor at once one is created, both are the same place', async () => {
    const { api } = usher
    const eventId = await api.event(EXPECTED)
    const [first, twice] = await guests(usher, 2)
    if (first === undefined || twice === undefined) throw new Error('there are two')
    await api.join(eventId, first)
    const both = await Promise.all([api.join(eventId, twice), api.join(eventId, twice)])
    expect(both.map(({ status }) => status).toSorted()).toEqual([200, 201])
    expect(both.map(({ body }) => body.joinNumber)).toEqual([2, 2])
  })

  it('takes those who join by listening too', async () => {
    const { api } = usher
    const eventId = await api.event(EXPECTED)
    const visitors = await guests(usher, 5)
    await api.join(eventId, at(visitors, 0))
    const streams = await Promise.all(visitors.map((visitor) => api.brokerStream(eventId, visitor)))
    const shown = await Promise.all(streams.map((stream) => stream.next('position')))
    expect(shown.map(({ data }) => data.position as number).toSorted()).toEqual([1, 2, 3, 4, 5])
    for (const stream of streams) stream.close()
    await api.admin('POST', `events/${eventId}/sold-out`)
    const refused = await api.brokerStream(eventId, at(await guests(usher, 1), 0))
    expect(refused.response.status).toBe(410)
  })

  it('refuses as the line does', async () => {
    const { api } = usher
    const eventId = await api.event(EXPECTED)
    const [first, second] = await guests(usher, 2)
    if (first === undefined || second === undefined) throw new Error('there are two')
    await api.join(eventId, first)
    await api.admin('POST', `events/${eventId}/sold-out`)
    const refused = await api.join(eventId, second)
    expect([refused.status, refused.body.code]).toEqual([410, 'sold-out'])
  })

  it('a passthrough event lets in with the answer of the join', async () => {
    const { api } = usher
    const eventId = await api.event({ ...EXPECTED, capacity: 100, queueing: 'passthrough' })
    const visitors = await guests(usher, 20)
    await api.join(eventId, at(visitors, 0))
    const answers = await Promise.all(visitors.map((visitor) => api.join(eventId, visitor)))
    expect(new Set(answers.map(({ body }) => body.state))).toEqual(new Set(['ADMITTED']))
  })
})

describe('a process that is killed in the middle of a rush', () => {
  it('INV-3: keeps every number that was answered, and gives those without an answer one when they ask again', async () => {
    const usher = await startTestUsher()
    const { api, runtime } = usher
    const eventId = await api.event(EXPECTED)
    const visitors = await guests(usher, 150)
    await api.join(eventId, at(visitors, 0))
    const answered = new Map<string, number>()
    const join = async (visitor: Visitor): Promise<void> => {
      const { status, body } = await api.join(eventId, visitor)
      if (status === 200 || status === 201) answered.set(visitor.userId, body.joinNumber)
    }
    const rush = visitors.map(async (visitor, index) => {
      await pause(index * 10)
      // Broken off: nobody knows whether it was carried out.
      await join(visitor).catch(() => {})
    })
    await eventually(() => (answered.size >= 50 ? true : null), 20_000)
    const pid = runtime.workerdPid()
    if (pid !== null) process.kill(pid, 'SIGKILL')
    await Promise.all(rush)
    expect(answered.size).toBeGreaterThanOrEqual(50)
    const before = new Map(answered)
    for (let tries = 0; answered.size < 150 && tries < 20; tries += 1) {
      await pause(250)
      const missing = visitors.filter(({ userId }) => !answered.has(userId))
      await Promise.all(missing.map((visitor) => join(visitor).catch(() => {})))
    }
    const answers = await Promise.all(visitors.map((visitor) => api.join(eventId, visitor)))
    expect(numbers(answers)).toEqual(visitors.map((_, index) => index + 1))
    for (const { body } of answers) {
      expect(body.joinNumber).toBe(before.get(body.userId) ?? body.joinNumber)
    }
    await usher.stop()
  })
})

function numbers(answers: readonly Answer[]): number[] {
  return answers.map(({ body }) => body.joinNumber as number).toSorted((a, b) => a - b)
}

function at(visitors: readonly Visitor[], index: number): Visitor {
  const visitor = visitors[index]
  if (visitor === undefined) throw new Error('there is nobody')
  return visitor
}

/** Signed here: sessions are not what is tried. */
async function guests({ runtime }: TestUsher, count: number): Promise<Visitor[]> {
  const tokens = createGuestTokens({
    sessionSecret: runtime.variables['SESSION_SECRET'] ?? '',
    visitorTokenTtlSeconds: 3_600,
  })
  const made = await Promise.all(Array.from({ length: count }, () => tokens.createGuest(Date.now())))
  return made.flatMap((guest) => (guest === null ? [] : [{ ...guest, cookie: '' }]))
}
