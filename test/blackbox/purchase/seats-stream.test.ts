/** Seats that change, over the streams of those who are inside. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ShopApi, type Buyer } from '../../support/shop.ts'
import { startTestUsher, type TestStream, type TestUsher } from '../../support/usher.ts'

let usher: TestUsher
let shop: ShopApi
let eventId: string
let ann: Buyer
let bob: Buyer
let streams: TestStream[]

beforeAll(async () => {
  usher = await startTestUsher()
  shop = new ShopApi(usher.api)
  eventId = await usher.api.event({ capacity: 2 })
  await shop.plan(eventId, [{ name: 'A', rows: 1, seatsPerRow: 10, price: 500 }])
  ann = await shop.buyer(eventId)
  bob = await shop.buyer(eventId)
  const waiting = await usher.api.visitor()
  await usher.api.join(eventId, waiting)
  streams = await Promise.all([ann, bob, waiting].map((visitor) => usher.api.stream(eventId, visitor)))
  await streams[2]?.next('position')
})

afterAll(async () => {
  for (const stream of streams) stream.close()
  await usher.stop()
})

describe('two who are inside', () => {
  it("see each other's holds within two seconds, and so does nobody who waits", async () => {
    const [annSees, bobSees, waiterSees] = streams
    const { body: map } = await shop.seats(eventId)
    const heldAtMs = Date.now()
    const held = await shop.hold(eventId, ann, { seatIds: ['A-1-1', 'A-1-2'] })
    const seen = await bobSees?.next('seats', ({ seats }) => seats.length > 0)
    expect(seen?.data).toEqual({
      type: 'SEATS',
      eventId,
      version: map.version + 1,
      previousVersion: expect.any(Number),
      seats: expect.arrayContaining([
        { seatId: 'A-1-1', state: 'held' },
        { seatId: 'A-1-2', state: 'held' },
      ]),
      timestamp: expect.any(Number),
    })
    expect(seen?.data.previousVersion).toBeLessThanOrEqual(map.version)
    expect((seen?.atMs ?? 0) - heldAtMs).toBeLessThan(2_000)
    const freedAtMs = Date.now()
    await shop.giveUp(eventId, ann, held.body.reservationId)
    const free = { seatId: 'A-1-2', state: 'free' }
    const freed = await annSees?.next('seats', ({ seats }) =>
      seats.some((seat: typeof free) => seat.seatId === free.seatId && seat.state === free.state),
    )
    expect((freed?.atMs ?? 0) - freedAtMs).toBeLessThan(2_500)
    expect(waiterSees?.events.filter(({ event }) => event === 'seats')).toEqual([])
  })

  it('can follow the map by the news alone while many seats change', async () => {
    const [, bobSees] = streams
    const { body: map } = await shop.seats(eventId)
    const states = new Map<string, string>(
      map.seats.map(({ seatId, state }: { seatId: string; state: string }) => [seatId, state]),
    )
    for (let seat = 3; seat <= 6; seat += 1) {
      const held = await shop.hold(eventId, bob, { seatIds: [`A-1-${seat}`] })
      if (seat % 2 === 0) await shop.giveUp(eventId, bob, held.body.reservationId)
    }
    const { body: after } = await shop.seats(eventId)
    await bobSees?.next('seats', ({ version }) => version === after.version)
    const news = bobSees?.events.filter(({ event, data }) => event === 'seats' && data.version > map.version)
    let version = map.version
    for (const { data } of news ?? []) {
      expect(data.previousVersion).toBeLessThanOrEqual(version)
      version = data.version
      for (const { seatId, state } of data.seats) states.set(seatId, state)
    }
    expect([...states]).toEqual(
      after.seats.map(({ seatId, state }: { seatId: string; state: string }) => [seatId, state]),
    )
  })
})

describe('an event without seats', () => {
  it('has no news of them', async () => {
    const other = await usher.api.event()
    const { token, userId, cookie } = await shop.buyer(other)
    const stream = await usher.api.stream(other, { token, userId, cookie })
    await stream.next('promotion')
    await stream.next('heartbeat', undefined, 8_000)
    expect(stream.events.filter(({ event }) => event === 'seats')).toEqual([])
    stream.close()
  })
})
