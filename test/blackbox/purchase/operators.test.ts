/** What an operator does to a sale, and what waits for an operator; on the real clock. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FakeProvider } from '../../../dev/payments/fake-provider.ts'
import { expectProblem } from '../../support/contract.ts'
import { ShopApi, type Buyer } from '../../support/shop.ts'
import {
  ADMIN_KEY,
  eventually,
  startTestUsher,
  type Answer,
  type TestUsher,
  type Visitor,
} from '../../support/usher.ts'

const SECTIONS = [{ name: 'A', rows: 1, seatsPerRow: 2, price: 12_000 }]
const HELD = ['held', 'free']
const FREE = ['free', 'free']
const SOLD = ['sold', 'free']
/** Enough to begin two payments before the provider goes away, on a machine that is busy. */
const PAYMENT_SECONDS = 4
/** The deadline, the grace, and the pauses between attempts to close the checkout: after 4, 10 and 17 s, of up to 5 s each. */
const STUCK_WITHIN_MS = 30_000

let usher: TestUsher
let shop: ShopApi

beforeAll(async () => {
  usher = await startTestUsher({
    PURCHASE_HOLD_SECONDS: '3',
    PURCHASE_PAYMENT_SECONDS: String(PAYMENT_SECONDS),
    PURCHASE_PAYMENT_GRACE_SECONDS: '1',
  })
  shop = new ShopApi(usher.api)
})
afterAll(() => usher.stop())

type Sale = { eventId: string; buyer: Buyer; next: Visitor; reservationId: string }

/** The only visitor inside holds the first seat; somebody waits outside. */
async function heldSeat(): Promise<Sale> {
  const eventId = await usher.api.event({ capacity: 1 })
  await shop.plan(eventId, SECTIONS)
  const buyer = await shop.buyer(eventId)
  const next = await usher.api.visitor()
  await usher.api.join(eventId, next)
  const held = await shop.hold(eventId, buyer, { seatIds: ['A-1-1'] })
  expect(held.status).toBe(201)
  return { eventId, buyer, next, reservationId: held.body.reservationId }
}

async function seatStates({ eventId }: Sale): Promise<string[]> {
  return (await shop.seats(eventId)).body.seats.map(({ state }: { state: string }) => state)
}

async function reservationState({ eventId, buyer, reservationId }: Sale): Promise<string> {
  return (await shop.reservation(eventId, buyer, reservationId)).body.state
}

/** What `GET /metrics` says of this event, by name and labels. */
async function metricsOf(eventId: string): Promise<Map<string, number>> {
  const { body } = await usher.api.request('GET', '/metrics', { token: ADMIN_KEY })
  const event = `event="${eventId}"`
  const series = [...String(body).matchAll(/^usher_(\w+)\{([^}]*)\} (\S+)$/gm)]
  return new Map(
    series
      .filter(([, , labels = '']) => labels.split(',').includes(event))
      .map(([, name = '', labels = '', value]) => [
        `${name}{${labels
          .split(',')
          .filter((label) => label !== event)
          .join(',')}}`,
        Number(value),
      ]),
  )
}

describe('an operator who watches a sale', () => {
  it('sees in the metrics how many seats and payments there are in each state, and what is owed', async () => {
    const sale = await heldSeat()
    const before = await metricsOf(sale.eventId)
    expect(before.get('seats{state="held"}')).toBe(1)
    expect(before.get('payments{method="wallet",state="paid"}')).toBe(0)
    expect(before.get('oldest_stuck_payment_seconds{}')).toBe(0)
    await shop.charge(sale.buyer, 12_000)
    expect((await shop.pay(sale.eventId, sale.buyer, sale.reservationId)).status).toBe(200)
    const after = await metricsOf(sale.eventId)
    expect(['free', 'held', 'sold'].map((state) => after.get(`seats{state="${state}"}`))).toEqual([1, 0, 1])
    expect(after.get('payments{method="wallet",state="paid"}')).toBe(1)
    expect(after.get('errands_owed{kind="complete"}')).toBe(0)
    expect(after.get('webhooks_owed{}')).toBe(0)
  })

  it('sees the same of one event, and zeros where no seats are sold, whose metrics have none of it', async () => {
    const sale = await heldSeat()
    const { body } = await usher.api.admin('GET', `events/${sale.eventId}/sale`)
    expect(body).toMatchObject({
      eventId: sale.eventId,
      seats: { free: 1, held: 1, sold: 0 },
      payments: { wallet: { pending: 0, paid: 0 }, provider: { stuck: 0, refund_due: 0 } },
      oldestStuckAt: null,
      owed: { refund: 0, webhook: 0 },
    })
    const plain = await usher.api.event()
    const none = await usher.api.admin('GET', `events/${plain}/sale`)
    expect(none.body.seats).toEqual({ free: 0, held: 0, sold: 0 })
    const metrics = await metricsOf(plain)
    expect(metrics.get('waiting{}')).toBe(0)
    expect([...metrics.keys()].filter((name) => /^(seats|payments|errands)/.test(name))).toEqual([])
    // Planned now, it is there at the next scrape of the same isolate.
    await shop.plan(plain, SECTIONS)
    expect((await metricsOf(plain)).get('seats{state="free"}')).toBe(2)
  })
})

describe('an operator who removes a visitor', () => {
  it('gives back the seats that the visitor holds, at once, and lets the next fan in to take them', async () => {
    const sale = await heldSeat()
    expect(await seatStates(sale)).toEqual(HELD)
    const visitor = `events/${sale.eventId}/visitors/${sale.buyer.userId}`
    expect((await usher.api.admin('DELETE', visitor)).status).toBe(204)
    expect(await seatStates(sale)).toEqual(FREE)
    expect(await reservationState(sale)).toBe('cancelled')
    const next = await shop.enter(sale.eventId, sale.next)
    expect((await shop.hold(sale.eventId, next, { seatIds: ['A-1-1'] })).status).toBe(201)
  })

  it('takes nothing from a visitor who has paid', async () => {
    const sale = await heldSeat()
    await shop.charge(sale.buyer, 12_000)
    expect((await shop.pay(sale.eventId, sale.buyer, sale.reservationId)).status).toBe(200)
    const visitor = `events/${sale.eventId}/visitors/${sale.buyer.userId}`
    expect((await usher.api.admin('DELETE', visitor)).status).toBe(204)
    expect(await seatStates(sale)).toEqual(SOLD)
    expect(await reservationState(sale)).toBe('paid')
  })
})

describe('a payment of which the provider says nothing', () => {
  type Stuck = Sale & { paymentId: string }

  function provider(): FakeProvider {
    const { payments } = usher.runtime
    if (payments === null) throw new Error('no fake provider')
    return payments
  }

  function payments({ eventId }: Sale, state: string): Promise<{ paymentId: string }[]> {
    return usher.api
      .admin('GET', `events/${eventId}/payments?state=${state}`)
      .then(({ body }) => body.payments)
  }

  function resolve({ eventId, paymentId }: Stuck, as: string): Promise<Answer> {
    return usher.api.admin('POST', `events/${eventId}/payments/${paymentId}/resolve`, { as })
  }

  async function begun(sale: Sale): Promise<Stuck> {
    const { eventId, buyer, reservationId } = sale
    const answer = await shop.pay(eventId, buyer, reservationId, {}, { method: 'provider' })
    expect(answer).toMatchObject({ status: 202, body: { state: 'pending' } })
    return { ...sale, paymentId: answer.body.paymentId }
  }

  /** Nobody asks the office for the seats meanwhile: time alone makes it so. */
  async function untilListed(sale: Stuck): Promise<void> {
    const isListed = async () => {
      const [first] = await payments(sale, 'stuck')
      return first?.paymentId === sale.paymentId ? true : null
    }
    await eventually(isListed, STUCK_WITHIN_MS)
  }

  /** Two sales whose payments are stuck; the provider stays away. */
  const stuck: Stuck[] = []
  beforeAll(async () => {
    const held = await Promise.all([heldSeat(), heldSeat()])
    const sales = await Promise.all(held.map(begun))
    provider().faults.set({ outage: true })
    // The hold, the time to pay and the grace are over before the payment is given up on: all of it with the seats held.
    for (const sale of sales) expect(await seatStates(sale)).toEqual(HELD)
    for (const sale of sales) await untilListed(sale)
    stuck.push(...sales)
  })
  afterAll(() => provider().faults.clear())

  function sale(which: number): Stuck {
    const found = stuck[which]
    if (found === undefined) throw new Error('no sale')
    return found
  }

  it('is on the list of the stuck after its grace, with what an operator needs to look it up', async () => {
    const { eventId, buyer, paymentId, reservationId } = sale(0)
    const listed = await usher.api.admin('GET', `events/${eventId}/payments`)
    expect(listed.body.payments).toEqual([
      expect.objectContaining({
        paymentId,
        reservationId,
        userId: buyer.userId,
        method: 'provider',
        state: 'stuck',
        amount: 12_000,
        reference: expect.stringMatching(/./),
      }),
    ])
    const metrics = await metricsOf(eventId)
    expect(metrics.get('payments{method="provider",state="stuck"}')).toBe(1)
    expect(metrics.get('oldest_stuck_payment_seconds{}')).toBeGreaterThanOrEqual(PAYMENT_SECONDS + 1)
    const { createdAt, deadlineAt } = listed.body.payments[0]
    expect(Date.parse(deadlineAt) - Date.parse(createdAt)).toBe(PAYMENT_SECONDS * 1_000)
  })

  it('keeps its seats: for everybody who asks, after a crash, and when the visitor leaves', async () => {
    const { eventId, buyer, next } = sale(0)
    const pid = usher.runtime.workerdPid()
    if (pid === null) throw new Error('no workerd')
    process.kill(pid, 'SIGKILL')
    // Until it is back there is an answer without a state, or none.
    const state = () => reservationState(sale(0)).catch(() => null)
    const stands = await eventually(async () => (await state()) ?? null, 15_000)
    expect(stands).toBe('stuck')
    await usher.api.leave(eventId, buyer)
    const rival = await shop.enter(eventId, next)
    expectProblem(await shop.hold(eventId, rival, { seatIds: ['A-1-1'] }), 409, 'seat-taken')
    expect(await seatStates(sale(0))).toEqual(HELD)
    expect(await payments(sale(0), 'stuck')).toHaveLength(1)
  })

  it('frees the seats when the operator says that it failed, and the one who is inside now buys them', async () => {
    expect(await resolve(sale(0), 'failed')).toMatchObject({ status: 200, body: { state: 'failed' } })
    expect(await payments(sale(0), 'stuck')).toEqual([])
    expect(await reservationState(sale(0))).toBe('failed')
    expect(await seatStates(sale(0))).toEqual(FREE)
    const rival = await shop.enter(sale(0).eventId, sale(0).next)
    await shop.charge(rival, 12_000)
    const held = await shop.hold(sale(0).eventId, rival, { seatIds: ['A-1-1'] })
    expect((await shop.pay(sale(0).eventId, rival, held.body.reservationId)).status).toBe(200)
  })

  it('sells the seats when the operator says that it was paid, and lets the next fan in', async () => {
    expect(await resolve(sale(1), 'paid')).toMatchObject({ status: 200, body: { state: 'paid' } })
    expect(await payments(sale(1), 'stuck')).toEqual([])
    expect(await reservationState(sale(1))).toBe('paid')
    expect(await seatStates(sale(1))).toEqual(SOLD)
    await usher.api.admitted(sale(1).eventId, sale(1).next)
    expectProblem(await resolve(sale(1), 'failed'), 409, 'payment-not-stuck')
  })

  it('whose money comes after the seats went to somebody else is due to be refunded, until the operator has done it', async () => {
    // The operator was wrong: the checkout is open still, and the visitor pays.
    expect(provider().pay(sale(0).paymentId)).toBe(true)
    const isDue = async () => ((await payments(sale(0), 'refund_due')).length === 1 ? true : null)
    await eventually(isDue, STUCK_WITHIN_MS)
    expect(await reservationState(sale(0))).toBe('refund_due')
    const due = await metricsOf(sale(0).eventId)
    expect(due.get('payments{method="provider",state="refund_due"}')).toBe(1)
    expect(due.get('payments{method="provider",state="stuck"}')).toBe(0)
    expectProblem(await resolve(sale(0), 'paid'), 409, 'payment-not-stuck')
    expect(await resolve(sale(0), 'refunded')).toMatchObject({ status: 200, body: { state: 'refunded' } })
    expect(await payments(sale(0), 'refund_due')).toEqual([])
    expect(await reservationState(sale(0))).toBe('refunded')
  })
})
