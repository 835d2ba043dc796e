/** Stripe and Toss Payments from the hold to the sale, on the real runtime, against servers as strict as their documents. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  startStripeServer,
  STRIPE_KEY,
  STRIPE_SECRET,
  stripeEvent,
  type StripeServer,
} from '../../support/payments/stripe-server.ts'
import { startTossServer, TOSS_KEY, type TossServer } from '../../support/payments/toss-server.ts'
import { ShopApi, type Buyer } from '../../support/shop.ts'
import { eventually, startTestUsher, type Answer, type TestUsher } from '../../support/usher.ts'

const SECTIONS = [{ name: 'A', rows: 1, seatsPerRow: 2, price: 15_000 }]
const NEXT_SECRET = 'whsec_that_comes_next'
const RETURN_URL = 'https://shop.example/after'

type Sale = { eventId: string; buyer: Buyer; reservationId: string; paymentId: string; checkoutUrl: string }

/** A visitor inside, with a seat held and a checkout open. */
async function checkedOut(usher: TestUsher): Promise<Sale> {
  const shop = new ShopApi(usher.api)
  const eventId = await usher.api.event({ capacity: 1 })
  await shop.plan(eventId, SECTIONS)
  const buyer = await shop.buyer(eventId)
  const held = await shop.hold(eventId, buyer, { seatIds: ['A-1-1'] })
  const { reservationId } = held.body
  const begun = await shop.pay(eventId, buyer, reservationId, {}, { method: 'provider' })
  expect(begun).toMatchObject({ status: 202, body: { state: 'pending', amount: 15_000 } })
  return { eventId, buyer, reservationId, ...begun.body }
}

async function stateOf(usher: TestUsher, { eventId, buyer, reservationId }: Sale): Promise<string> {
  return (await new ShopApi(usher.api).reservation(eventId, buyer, reservationId)).body.state
}

function untilState(usher: TestUsher, sale: Sale, state: string): Promise<true> {
  return eventually(async () => ((await stateOf(usher, sale)) === state ? true : null), 10_000)
}

function webhook(usher: TestUsher, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  return usher.api.request('POST', '/api/v1/payments/webhook', { body, headers })
}

describe('with Stripe', () => {
  let server: StripeServer
  let usher: TestUsher

  beforeAll(async () => {
    server = await startStripeServer()
    usher = await startTestUsher({
      PAYMENT_PROVIDER: 'stripe',
      PAYMENT_API_URL: server.url,
      PAYMENT_API_KEY: STRIPE_KEY,
      PAYMENT_WEBHOOK_SECRETS: `${NEXT_SECRET},${STRIPE_SECRET}`,
      PAYMENT_RETURN_URL: RETURN_URL,
    })
  })
  afterAll(async () => {
    await usher.stop()
    await server.stop()
  })

  function completed({ paymentId }: Sale, options = {}): Promise<Answer> {
    const event = stripeEvent('checkout.session.completed', server.stripe.sessionOf(paymentId), options)
    return webhook(usher, event.body, event.headers)
  }

  it('the visitor is sent to the session, and its webhook sells the seat, once', async () => {
    const sale = await checkedOut(usher)
    expect(sale.checkoutUrl).toBe(server.stripe.sessionOf(sale.paymentId).url)
    server.stripe.pay(sale.paymentId)
    expect(await completed(sale, { id: 'evt_a' })).toMatchObject({ status: 200, body: { received: true } })
    expect(await stateOf(usher, sale)).toBe('paid')
    expect((await completed(sale, { id: 'evt_a' })).status).toBe(200)
    expect(await stateOf(usher, sale)).toBe('paid')
  })

  it('either secret of a rotation is taken, another is not', async () => {
    const sale = await checkedOut(usher)
    server.stripe.pay(sale.paymentId)
    expect((await completed(sale, { secret: 'whsec_somebody_else' })).status).toBe(401)
    expect(await stateOf(usher, sale)).toBe('paying')
    expect((await completed(sale, { secret: NEXT_SECRET })).status).toBe(200)
    expect(await stateOf(usher, sale)).toBe('paid')
  })

  it('the way back settles it when the webhook is late, and leads to the page of the shop', async () => {
    const sale = await checkedOut(usher)
    server.stripe.pay(sale.paymentId)
    const path = `/api/v1/payments/return?paymentId=${encodeURIComponent(sale.paymentId)}`
    const back = await usher.api.request('GET', path)
    expect(back.status).toBe(303)
    expect(back.headers.get('location')).toBe(`${RETURN_URL}?paymentId=${encodeURIComponent(sale.paymentId)}`)
    expect(await stateOf(usher, sale)).toBe('paid')
  })

  it('leaving expires the session at Stripe before the seat is free', async () => {
    const sale = await checkedOut(usher)
    await usher.api.leave(sale.eventId, sale.buyer)
    await untilState(usher, sale, 'expired')
    expect(server.stripe.sessionOf(sale.paymentId).status).toBe('expired')
  })

  it('a payment that comes after the seat was sold again is refunded at Stripe', async () => {
    const sale = await checkedOut(usher)
    await usher.api.leave(sale.eventId, sale.buyer)
    await untilState(usher, sale, 'expired')
    const shop = new ShopApi(usher.api)
    const other = await shop.buyer(sale.eventId)
    expect((await shop.hold(sale.eventId, other, { seatIds: ['A-1-1'] })).status).toBe(201)
    // It was paid in the moment in which it was expired.
    Object.assign(server.stripe.sessionOf(sale.paymentId), { status: 'open' })
    server.stripe.pay(sale.paymentId)
    await completed(sale)
    await untilState(usher, sale, 'refunded')
    expect(server.stripe.refunded(sale.paymentId)).toBe(true)
  })
})

describe('with Toss Payments', () => {
  let server: TossServer
  let usher: TestUsher

  beforeAll(async () => {
    server = await startTossServer()
    usher = await startTestUsher({
      PAYMENT_PROVIDER: 'toss',
      PAYMENT_API_URL: server.url,
      PAYMENT_API_KEY: TOSS_KEY,
    })
  })
  afterAll(async () => {
    await usher.stop()
    await server.stop()
  })

  const orderIdOf = ({ paymentId }: Sale): string => paymentId.replace('.', '=')

  /** The visitor agrees, and the browser comes back. */
  async function agreed(sale: Sale): Promise<Answer> {
    const url = server.toss.agree(orderIdOf(sale))
    expect(url.origin).toBe(usher.url)
    return usher.api.request('GET', url.pathname + url.search)
  }

  function changed(sale: Sale, status: string): Promise<Answer> {
    const data = { orderId: orderIdOf(sale), paymentKey: 'tgen_any', status }
    return webhook(usher, { eventType: 'PAYMENT_STATUS_CHANGED', createdAt: '2026-11-21T10:00:00', data })
  }

  it('the money is taken when the visitor comes back, and the seat is sold', async () => {
    const sale = await checkedOut(usher)
    expect((await agreed(sale)).status).toBe(303)
    expect(server.toss.paymentOf(orderIdOf(sale)).status).toBe('DONE')
    expect(await stateOf(usher, sale)).toBe('paid')
  })

  it('a webhook that lies changes nothing: what counts is what Toss answers', async () => {
    const sale = await checkedOut(usher)
    expect((await changed(sale, 'DONE')).status).toBe(200)
    expect(await stateOf(usher, sale)).toBe('paying')
  })

  it('a charge whose answer was lost is found by the webhook', async () => {
    const sale = await checkedOut(usher)
    server.faults.set({ dropAfterExecute: 1 })
    expect((await agreed(sale)).status).toBe(303)
    expect(await stateOf(usher, sale)).toBe('paying')
    expect((await changed(sale, 'DONE')).status).toBe(200)
    expect(await stateOf(usher, sale)).toBe('paid')
  })

  it('a webhook is to be repeated while Toss does not answer', async () => {
    const sale = await checkedOut(usher)
    server.faults.set({ failBefore: 1 })
    const answer = await changed(sale, 'DONE')
    expect(answer).toMatchObject({ status: 503, body: { code: 'payment-provider-unavailable' } })
  })

  it('a card that is refused costs neither the seat nor the admission', async () => {
    const sale = await checkedOut(usher)
    server.toss.rejectsCards = true
    await agreed(sale)
    server.toss.rejectsCards = false
    expect(await stateOf(usher, sale)).toBe('held')
    expect((await usher.api.place(sale.eventId, sale.buyer)).body.state).toBe('ADMITTED')
  })

  it('who gave up and then agrees is not charged', async () => {
    const sale = await checkedOut(usher)
    await usher.api.leave(sale.eventId, sale.buyer)
    await untilState(usher, sale, 'expired')
    await agreed(sale)
    expect(server.toss.paymentOf(orderIdOf(sale)).status).toBe('IN_PROGRESS')
    expect(await stateOf(usher, sale)).toBe('expired')
  })
})

describe('without a provider', () => {
  it('visitors are told to pay by wallet, and webhooks are not taken', async () => {
    const usher = await startTestUsher({ PAYMENT_PROVIDER: 'none' })
    const shop = new ShopApi(usher.api)
    const eventId = await usher.api.event({ capacity: 1 })
    await shop.plan(eventId, SECTIONS)
    const buyer = await shop.buyer(eventId)
    const { reservationId } = (await shop.hold(eventId, buyer, { seatIds: ['A-1-1'] })).body
    const refused = { status: 409, body: { code: 'payment-method-unavailable' } }
    expect(await shop.pay(eventId, buyer, reservationId, {}, { method: 'provider' })).toMatchObject(refused)
    expect(await webhook(usher, {})).toMatchObject(refused)
    expect(await usher.api.request('GET', '/api/v1/payments/return?paymentId=x')).toMatchObject(refused)
    await usher.stop()
  })
})
