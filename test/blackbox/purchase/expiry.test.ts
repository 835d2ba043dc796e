/** Holds that nobody pays for, on the real clock. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { expectProblem } from '../../support/contract.ts'
import { ShopApi, type Buyer } from '../../support/shop.ts'
import { eventually, startTestUsher, type TestUsher } from '../../support/usher.ts'

const HOLD_SECONDS = 2

let usher: TestUsher
let shop: ShopApi

beforeAll(async () => {
  usher = await startTestUsher({ PURCHASE_HOLD_SECONDS: String(HOLD_SECONDS) })
  shop = new ShopApi(usher.api)
})

afterAll(() => usher.stop())

async function heldSeat(): Promise<{
  eventId: string
  ann: Buyer
  held: { reservationId: string; expiresAt: string }
}> {
  const eventId = await usher.api.event({ queueing: 'passthrough' })
  await shop.plan(eventId, [{ name: 'A', rows: 1, seatsPerRow: 1, price: 100 }])
  const ann = await shop.buyer(eventId)
  const { body: held } = await shop.hold(eventId, ann, { seatIds: ['A-1-1'] })
  return { eventId, ann, held }
}

async function untilOver({ expiresAt }: { expiresAt: string }): Promise<void> {
  await eventually(() => (Date.now() >= Date.parse(expiresAt) ? true : null))
}

it('a hold that is over is free for the next who asks, and costs neither the admission nor the place', async () => {
  const { eventId, ann, held } = await heldSeat()
  const bob = await shop.buyer(eventId)
  expectProblem(await shop.hold(eventId, bob, { seatIds: ['A-1-1'] }), 409, 'seat-taken')
  await untilOver(held)
  expect((await shop.hold(eventId, bob, { seatIds: ['A-1-1'] })).status).toBe(201)
  expect((await shop.reservation(eventId, ann, held.reservationId)).body.state).toBe('expired')
  await shop.charge(ann, 1_000)
  expectProblem(await shop.pay(eventId, ann, held.reservationId), 410, 'reservation-expired')
  expect(await shop.balance(ann)).toBe(1_000)
  expect((await usher.api.place(eventId, ann)).body.state).toBe('ADMITTED')
  expectProblem(await shop.hold(eventId, ann, { seatIds: ['A-1-1'] }), 409, 'seat-taken')
})

it('the map shows that it is over, with a new version', async () => {
  const { eventId, held } = await heldSeat()
  const before = await shop.seats(eventId)
  expect(before.body.seats[0].state).toBe('held')
  await untilOver(held)
  const after = await shop.seats(eventId, { 'if-none-match': before.headers.get('etag') ?? '' })
  expect(after.status).toBe(200)
  expect(after.body.seats[0].state).toBe('free')
})

it('a restart of the server forgets no hold, and ends those that are over by then', async () => {
  const { eventId, ann, held } = await heldSeat()
  usher = await usher.restart()
  shop = new ShopApi(usher.api)
  const { body } = await shop.reservation(eventId, ann, held.reservationId)
  expect(body.expiresAt).toBe(held.expiresAt)
  await untilOver(held)
  expect((await shop.seats(eventId)).body.seats[0].state).toBe('free')
})
