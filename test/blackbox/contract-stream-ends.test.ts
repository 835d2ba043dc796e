/** How a stream goes on and how it ends: lost connections, the status of the sale, the end of a place. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openedInside, pausedEvent } from '../support/streams.ts'
import { eventually, startTestUsher, type Api, type TestStream, type TestUsher } from '../support/usher.ts'

let usher: TestUsher
let api: Api

beforeAll(async () => {
  usher = await startTestUsher()
  api = usher.api
})

afterAll(() => usher.stop())

describe.concurrent('a lost connection', () => {
  it('costs the place only after the grace period, and not if the visitor is back by then', async () => {
    const [inside, gone, back] = await Promise.all([api.visitor(), api.visitor(), api.visitor()])
    const eventId = await api.event({ capacity: 1, disconnectGraceSeconds: 3 })
    await api.join(eventId, inside)
    await api.admitted(eventId, inside)
    for (const visitor of [gone, back]) await api.join(eventId, visitor)
    const streams = await Promise.all([gone, back].map((visitor) => api.stream(eventId, visitor)))
    for (const stream of streams) await stream.next('position')
    for (const stream of streams) stream.close()
    const closedAtMs = Date.now()
    // The counts are no sign of life; asking for the place would be one.
    const counts = async () => {
      const { body } = await api.admin('GET', `events/${eventId}`)
      return [body.waiting as number, body.present as number]
    }
    await eventually(async () => ((await counts())[1] === 0 ? true : null))
    const again = await api.stream(eventId, back)
    expect((await again.next('position')).data.position).toBe(2)
    expect(await counts()).toEqual([2, 1])
    await again.next('position', ({ position }) => position === 1, 8_000)
    expect(Date.now() - closedAtMs).toBeGreaterThanOrEqual(3_000)
    expect(Date.now() - closedAtMs).toBeLessThan(3_000 + 2_000 + 1_500)
    const late = await api.stream(eventId, gone)
    expect((await late.next('end')).data.reason).toBe('expired')
    expect((await api.join(eventId, gone)).body).toMatchObject({ state: 'WAITING', position: 2 })
    again.close()
  })

  it('of somebody whose place ended meanwhile joins nobody by accident, not at the broker address either', async () => {
    const visitor = await api.visitor()
    const eventId = await pausedEvent(api, [visitor])
    await api.leave(eventId, visitor)
    const resumed = await api.brokerStream(eventId, visitor, { 'last-event-id': '1' })
    expect((await resumed.next('end')).data.reason).toBe('left')
    expect((await api.status(eventId)).body.waiting).toBe(0)
    const fresh = await api.brokerStream(eventId, visitor)
    expect((await fresh.next('position')).data.position).toBe(1)
    fresh.close()
  })
})

describe.concurrent('the status', () => {
  it('of the sale is heard within 2 s of every action, waiting or inside', async () => {
    const [admitted, waiting] = await Promise.all([api.visitor(), api.visitor()])
    const { eventId, stream } = await openedInside(api, admitted, { capacity: 1 })
    await api.join(eventId, waiting)
    const streams = [stream, await api.stream(eventId, waiting)]
    for (const [action, status] of [
      ['pause', 'paused'],
      ['resume', 'open'],
      ['sold-out', 'sold_out'],
      ['close', 'closed'],
    ] as const) {
      const actedAtMs = Date.now()
      await api.act(eventId, action)
      // Those who wait are told the end of their wait by the first of the two that end it.
      for (const listening of action === 'close' ? [stream] : streams) {
        const { data, atMs } = await listening.next('status', (said) => said.status === status)
        expect(data).toEqual({ type: 'EVENT_STATUS', status, timestamp: expect.any(Number) })
        expect(atMs - actedAtMs).toBeLessThan(2_000)
      }
    }
    stream.close()
  })

  it('of a paused sale admits nobody, and of a resumed one goes on', async () => {
    const visitor = await api.visitor()
    const eventId = await pausedEvent(api, [visitor])
    const stream = await api.stream(eventId, visitor)
    await stream.next('heartbeat', undefined, 7_000)
    expect(stream.events.some(({ event }) => event === 'promotion')).toBe(false)
    await api.act(eventId, 'resume')
    await stream.next('promotion')
    stream.close()
  })
})

describe.concurrent('the end', () => {
  async function expectEnd(stream: TestStream, reason: string): Promise<void> {
    const { data } = await stream.next('end')
    expect(data).toEqual({ type: 'END', reason, timestamp: expect.any(Number) })
    await stream.closed()
    expect(stream.events.at(-1)?.event).toBe('end')
  }

  it('is `left` for who leaves, waiting or inside', async () => {
    const [waiting, admitted] = await Promise.all([api.visitor(), api.visitor()])
    const eventId = await pausedEvent(api, [waiting])
    const waitingStream = await api.stream(eventId, waiting)
    const room = await openedInside(api, admitted)
    await api.leave(eventId, waiting)
    await api.leave(room.eventId, admitted)
    await expectEnd(waitingStream, 'left')
    await expectEnd(room.stream, 'left')
  })

  it('is `completed` when the shop says so', async () => {
    const { stream, promotion } = await openedInside(api, await api.visitor())
    await api.redeem(promotion.entryToken, 's')
    await api.release(promotion.admissionId, 'completed')
    await expectEnd(stream, 'completed')
  })

  it('is `expired` when the token is not redeemed in time', async () => {
    const { stream } = await openedInside(api, await api.visitor(), { entryTokenTtlSeconds: 1 })
    await expectEnd(stream, 'expired')
  })

  it.each([
    ['sold-out', 'sold_out'],
    ['close', 'closed'],
  ])('is told to everybody who waits on %s, after the status', async (action, reason) => {
    const visitors = await api.visitors(3)
    const eventId = await pausedEvent(api, visitors)
    const streams = await Promise.all(visitors.map((visitor) => api.stream(eventId, visitor)))
    await api.act(eventId, action)
    for (const stream of streams) {
      await expectEnd(stream, reason)
      expect(stream.events.slice(-2).map(({ event }) => event)).toEqual(['status', 'end'])
    }
    for (const visitor of visitors) {
      const late = await api.stream(eventId, visitor)
      await expectEnd(late, reason)
    }
  })
})
