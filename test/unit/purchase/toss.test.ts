/** The Toss Payments adapter against a local server that is as strict as its documentation. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { PaymentProvider, ProviderPayment } from '../../../src/purchase/payments/port.ts'
import { tossProvider } from '../../../src/purchase/payments/toss.ts'
import { startTossServer, TOSS_KEY, type TossServer } from '../../support/payments/toss-server.ts'
import { CLOSED, delivery, newsOf, OPEN, PAID, PAYMENT } from './provider-fixtures.ts'

const ORDER_ID = PAYMENT.paymentId.replace('.', '=')

let server: TossServer
let toss: PaymentProvider

beforeEach(async () => {
  server = await startTossServer()
  toss = tossProvider({ apiUrl: server.url, apiKey: TOSS_KEY, fetch })
})
afterEach(() => server.stop())

async function opened(): Promise<ProviderPayment> {
  const reply = await toss.create(PAYMENT)
  if (reply.kind !== 'created') throw new Error(JSON.stringify(reply))
  return { ...PAYMENT, reference: reply.reference }
}

/** The visitor agrees and comes back: what the address says. */
function agreed(): string {
  const returned = toss.readReturn(server.toss.agree(ORDER_ID).searchParams)
  if (returned?.proof === null || returned?.proof === undefined) throw new Error('no proof')
  return returned.proof
}

describe('a checkout', () => {
  it('is opened for the amount of the payment, under an order id that Toss accepts', async () => {
    const reply = await toss.create(PAYMENT)
    const { paymentKey, checkout, totalAmount } = server.toss.paymentOf(ORDER_ID)
    expect(reply).toEqual({ kind: 'created', reference: paymentKey, checkoutUrl: checkout.url })
    expect(totalAmount).toBe(24_000)
  })

  it('has a name that fits, whatever the seats are called', async () => {
    expect(await toss.create({ ...PAYMENT, description: '가'.repeat(300) })).toMatchObject({
      kind: 'created',
    })
    expect(JSON.parse(server.calls.at(-1)?.body ?? '').orderName).toBe('가'.repeat(100))
  })

  it('is one, however often it is asked for, also when the first answer was lost', async () => {
    server.faults.set({ dropAfterExecute: 1 })
    expect(await toss.create(PAYMENT)).toMatchObject({ kind: 'unknown' })
    expect(await toss.create(PAYMENT)).toMatchObject({ kind: 'created' })
  })

  it('is refused for an event whose id leaves no room for an order id', async () => {
    const paymentId = `${'e'.repeat(42)}.${'p'.repeat(22)}`
    expect(await toss.create({ ...PAYMENT, paymentId })).toEqual({
      kind: 'refused',
      code: 'event_id_too_long',
    })
    expect(server.calls).toEqual([])
    const longest = `${'e'.repeat(41)}.${'p'.repeat(22)}`
    expect(await toss.create({ ...PAYMENT, paymentId: longest })).toMatchObject({ kind: 'created' })
  })
})

describe('the visitor comes back', () => {
  it('with a proof, and only confirming it takes the money, once', async () => {
    const payment = await opened()
    const proof = agreed()
    expect(await toss.fetch(payment)).toEqual(OPEN)
    expect(await toss.confirm(payment, proof)).toEqual(PAID)
    expect(await toss.confirm(payment, proof)).toEqual(PAID)
    expect(await toss.fetch(payment)).toEqual(PAID)
  })

  it('and a confirmation whose answer was lost is found done', async () => {
    const payment = await opened()
    const proof = agreed()
    server.faults.set({ dropAfterExecute: 1 })
    expect(await toss.confirm(payment, proof)).toMatchObject({ kind: 'unknown' })
    expect(await toss.fetch(payment)).toEqual(PAID)
  })

  it('with a card that is refused: the payment has failed', async () => {
    const payment = await opened()
    server.toss.rejectsCards = true
    expect(await toss.confirm(payment, agreed())).toEqual({ kind: 'known', state: { kind: 'failed' } })
  })

  it('with a proof that is made up: nothing is taken', async () => {
    const payment = await opened()
    agreed()
    expect(await toss.confirm(payment, 'tgen_made_up')).toEqual(OPEN)
    expect(server.toss.paymentOf(ORDER_ID).status).toBe('IN_PROGRESS')
  })

  it('having given up: the order id says which payment it was', () => {
    const query = new URLSearchParams({ code: 'PAY_PROCESS_CANCELED', orderId: ORDER_ID })
    expect(toss.readReturn(query)).toEqual({ paymentId: PAYMENT.paymentId, proof: null })
    expect(toss.readReturn(new URLSearchParams())).toBeNull()
  })
})

describe('cancelling', () => {
  it('what is not confirmed needs no call: it cannot be paid without us', async () => {
    const payment = await opened()
    agreed()
    expect(await toss.cancel(payment)).toEqual(CLOSED)
    expect(server.toss.paymentOf(ORDER_ID).status).toBe('IN_PROGRESS')
  })

  it('what was confirmed answers that it has been paid', async () => {
    const payment = await opened()
    await toss.confirm(payment, agreed())
    expect(await toss.cancel(payment)).toEqual(PAID)
  })

  it('what Toss has never heard of answers that it is closed', async () => {
    expect(await toss.cancel(PAYMENT)).toEqual(CLOSED)
  })
})

describe('a refund', () => {
  it('gives all of it back, once', async () => {
    const payment = await opened()
    await toss.confirm(payment, agreed())
    expect(await toss.refund(payment)).toEqual({ kind: 'refunded' })
    expect(await toss.refund(payment)).toEqual({ kind: 'refunded' })
    expect(server.toss.paymentOf(ORDER_ID).status).toBe('CANCELED')
    expect(await toss.fetch(payment)).toEqual({ kind: 'known', state: { kind: 'refunded' } })
  })

  it('of what was never taken is refused', async () => {
    expect(await toss.refund(await opened())).toEqual({ kind: 'refused', code: 'NOT_CANCELABLE_PAYMENT' })
  })
})

describe('what went wrong', () => {
  it.each([
    ['no connection', { dropBefore: 9 }],
    ['503', { failBefore: 9 }],
  ])('%s: the outcome is unknown, for every call', async (_name, faults) => {
    const payment = await opened()
    server.faults.set(faults)
    expect(await toss.create(payment)).toMatchObject({ kind: 'unknown' })
    expect(await toss.confirm(payment, 'tgen_1')).toMatchObject({ kind: 'unknown' })
    expect(await toss.fetch(payment)).toMatchObject({ kind: 'unknown' })
    expect(await toss.cancel(payment)).toMatchObject({ kind: 'unknown' })
    expect(await toss.refund(payment)).toMatchObject({ kind: 'unknown' })
  })

  it('a key that Toss refuses says nothing of the payment', async () => {
    const payment = await opened()
    const wrong = tossProvider({ apiUrl: server.url, apiKey: 'wrong', fetch })
    expect(await wrong.fetch(payment)).toMatchObject({ kind: 'unknown' })
    expect(await wrong.cancel(payment)).toMatchObject({ kind: 'unknown' })
  })
})

describe('a webhook', () => {
  const webhook = (body: object): ReturnType<typeof delivery> =>
    delivery({ body: JSON.stringify(body), headers: {} })

  it('is only a reason to ask: whatever it says of the payment is not looked at', () => {
    const verified = toss.verifyWebhook(
      webhook({
        eventType: 'PAYMENT_STATUS_CHANGED',
        createdAt: '2026-11-21T10:00:00.000000',
        data: { orderId: ORDER_ID, paymentKey: 'tgen_1', status: 'DONE', totalAmount: 1 },
      }),
    )
    expect(newsOf(verified)).toEqual({ kind: 'hint', paymentId: PAYMENT.paymentId })
  })

  it.each([
    ['of another kind', { eventType: 'DEPOSIT_CALLBACK', data: { orderId: ORDER_ID } }],
    [
      'of something else that the account sells',
      { eventType: 'PAYMENT_STATUS_CHANGED', data: { orderId: 'cart-17' } },
    ],
  ])('%s is none of our business', (_name, body) => {
    expect(newsOf(toss.verifyWebhook(webhook(body)))).toEqual({ kind: 'other' })
  })

  it('that is no JSON of theirs is refused', () => {
    expect(toss.verifyWebhook(delivery({ body: 'DONE', headers: {} }))).toEqual({
      ok: false,
      error: 'unreadable',
    })
  })
})
