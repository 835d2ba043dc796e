/** The Stripe adapter against a local server that is as strict as Stripe's documentation. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { PaymentProvider, ProviderPayment } from '../../../src/purchase/payments/port.ts'
import { stripeProvider } from '../../../src/purchase/payments/stripe.ts'
import {
  STRIPE_KEY,
  STRIPE_SECRET,
  startStripeServer,
  stripeEvent,
  type StripeServer,
} from '../../support/payments/stripe-server.ts'
import { CLOSED, delivery, newsOf, OPEN, PAID, PAYMENT } from './provider-fixtures.ts'

let server: StripeServer
let stripe: PaymentProvider

beforeEach(async () => {
  server = await startStripeServer()
  stripe = providerWith(STRIPE_KEY)
})
afterEach(() => server.stop())

function providerWith(apiKey: string, webhookSecrets: readonly string[] = [STRIPE_SECRET]): PaymentProvider {
  return stripeProvider({ apiUrl: server.url, apiKey, webhookSecrets, fetch })
}

async function opened(): Promise<ProviderPayment> {
  const reply = await stripe.create(PAYMENT)
  if (reply.kind !== 'created') throw new Error(JSON.stringify(reply))
  return { ...PAYMENT, reference: reply.reference }
}

describe('a checkout', () => {
  it('is opened with what Stripe asks for, for the amount and currency of the payment', async () => {
    const reply = await stripe.create(PAYMENT)
    const session = server.stripe.sessionOf(PAYMENT.paymentId)
    expect(reply).toEqual({ kind: 'created', reference: session.id, checkoutUrl: session.url })
    expect(session).toMatchObject({ amount_total: 24_000, currency: 'krw', status: 'open' })
  })

  it('has a name that fits, whatever the seats are called', async () => {
    const reply = await stripe.create({ ...PAYMENT, description: '😀'.repeat(300) })
    expect(reply).toMatchObject({ kind: 'created' })
    const name = new URLSearchParams(server.calls.at(-1)?.body).get(
      'line_items[0][price_data][product_data][name]',
    )
    expect(name).toBe('😀'.repeat(250))
  })

  it('is one, however often it is asked for, also when the first answer was lost', async () => {
    server.faults.set({ dropAfterExecute: 1 })
    expect(await stripe.create(PAYMENT)).toMatchObject({ kind: 'unknown' })
    expect(await stripe.create(PAYMENT)).toMatchObject({ kind: 'created' })
    expect(await stripe.create(PAYMENT)).toMatchObject({ kind: 'created' })
    expect(server.stripe.sessions.size).toBe(1)
  })

  it('that was paid stands so when it is read', async () => {
    const payment = await opened()
    expect(await stripe.fetch(payment)).toEqual(OPEN)
    server.stripe.pay(payment.paymentId)
    expect(await stripe.fetch(payment)).toEqual(PAID)
  })

  it('whose creation was never answered is found again, as it stands now and not as it was then', async () => {
    server.faults.set({ dropAfterExecute: 1 })
    await stripe.create(PAYMENT)
    server.stripe.pay(PAYMENT.paymentId)
    expect(await stripe.fetch(PAYMENT)).toEqual(PAID)
    expect(await stripe.cancel(PAYMENT)).toEqual(PAID)
  })
})

describe('cancelling', () => {
  it('expires the session at Stripe: it cannot be paid any more', async () => {
    const payment = await opened()
    expect(await stripe.cancel(payment)).toEqual(CLOSED)
    expect(server.stripe.sessionOf(payment.paymentId).status).toBe('expired')
    expect(await stripe.cancel(payment)).toEqual(CLOSED)
  })

  it('what has been paid answers that it has been paid', async () => {
    const payment = await opened()
    server.stripe.pay(payment.paymentId)
    expect(await stripe.cancel(payment)).toEqual(PAID)
  })

  it('that loses the race against the payer answers that it has been paid', async () => {
    const payment = await opened()
    const racing = stripeProvider({
      apiUrl: server.url,
      apiKey: STRIPE_KEY,
      webhookSecrets: [],
      fetch: (url, init) => {
        if (url.endsWith('/expire')) server.stripe.pay(payment.paymentId)
        return fetch(url, init)
      },
    })
    expect(await racing.cancel(payment)).toEqual(PAID)
  })
})

describe('a refund', () => {
  it('gives all of it back, once', async () => {
    const payment = await opened()
    server.stripe.pay(payment.paymentId)
    expect(await stripe.refund(payment)).toEqual({ kind: 'refunded' })
    expect(await stripe.refund(payment)).toEqual({ kind: 'refunded' })
    expect(server.stripe.refunded(payment.paymentId)).toBe(true)
  })

  it('whose answer was lost is found done', async () => {
    const payment = await opened()
    server.stripe.pay(payment.paymentId)
    server.faults.set({ dropAfterExecute: 2 })
    expect(await stripe.refund(payment)).toMatchObject({ kind: 'unknown' })
    server.faults.clear()
    expect(await stripe.refund(payment)).toEqual({ kind: 'refunded' })
  })

  it('that takes its time is pending until it is through, although a repeated key answers as at first', async () => {
    const payment = await opened()
    server.stripe.pay(payment.paymentId)
    server.stripe.refundsArePending = true
    expect(await stripe.refund(payment)).toEqual({ kind: 'pending' })
    server.stripe.settleRefunds('succeeded')
    expect(await stripe.refund(payment)).toEqual({ kind: 'refunded' })
  })

  it('that the bank sends back is refused', async () => {
    const payment = await opened()
    server.stripe.pay(payment.paymentId)
    server.stripe.refundsArePending = true
    await stripe.refund(payment)
    server.stripe.settleRefunds('failed')
    expect(await stripe.refund(payment)).toEqual({ kind: 'refused', code: 'refund_failed' })
  })

  it('of what nobody paid is refused', async () => {
    expect(await stripe.refund(await opened())).toEqual({ kind: 'refused', code: 'nothing_paid' })
  })
})

describe('what went wrong', () => {
  it.each([
    ['no connection', { dropBefore: 9 }],
    ['503', { failBefore: 9 }],
  ])('%s: the outcome is unknown, for every call', async (_name, faults) => {
    const payment = await opened()
    server.faults.set(faults)
    expect(await stripe.create(payment)).toMatchObject({ kind: 'unknown' })
    expect(await stripe.fetch(payment)).toMatchObject({ kind: 'unknown' })
    expect(await stripe.cancel(payment)).toMatchObject({ kind: 'unknown' })
    expect(await stripe.refund(payment)).toMatchObject({ kind: 'unknown' })
  })

  it('a key that Stripe refuses says nothing of the payment', async () => {
    const payment = await opened()
    const wrong = providerWith('sk_wrong')
    expect(await wrong.fetch(payment)).toMatchObject({ kind: 'unknown' })
    expect(await wrong.cancel(payment)).toMatchObject({ kind: 'unknown' })
    expect(await wrong.refund(payment)).toMatchObject({ kind: 'unknown' })
  })

  it('a request that Stripe finds wrong is refused with its code', async () => {
    const reply = await stripe.create({ ...PAYMENT, description: '' })
    expect(reply).toEqual({ kind: 'refused', code: 'parameter_missing' })
  })
})

describe('a webhook', () => {
  const session = {
    id: 'cs_1',
    status: 'complete',
    payment_status: 'paid',
    amount_total: 24_000,
    currency: 'krw',
    client_reference_id: PAYMENT.paymentId,
  }

  it('of a paid session says so, with the event id that repetitions share', () => {
    const verified = stripe.verifyWebhook(
      delivery(stripeEvent('checkout.session.completed', session, { id: 'evt_1' })),
    )
    const { paymentId } = PAYMENT
    expect(newsOf(verified)).toEqual({ kind: 'signed', eventId: 'evt_1', paymentId, state: PAID.state })
  })

  it.each([
    ['checkout.session.async_payment_succeeded', {}, PAID.state],
    ['checkout.session.completed', { payment_status: 'unpaid' }, { kind: 'open' }],
    ['checkout.session.async_payment_failed', { payment_status: 'unpaid' }, { kind: 'failed' }],
    ['checkout.session.expired', { status: 'expired', payment_status: 'unpaid' }, { kind: 'closed' }],
  ])('%s %o', (type, change, state) => {
    const verified = stripe.verifyWebhook(delivery(stripeEvent(type, { ...session, ...change })))
    expect(newsOf(verified)).toMatchObject({ kind: 'signed', state })
  })

  it.each([
    ['of another kind', stripeEvent('invoice.paid', {})],
    [
      'of a session of another kind',
      stripeEvent('checkout.session.completed', { id: 'cs_2', mode: 'setup', amount_total: null }),
    ],
    [
      'of something else that the account sells',
      stripeEvent('checkout.session.completed', { ...session, client_reference_id: 'cart-17' }),
    ],
  ])('%s is none of our business', (_name, event) => {
    expect(newsOf(stripe.verifyWebhook(delivery(event)))).toEqual({ kind: 'other' })
  })

  it.each([
    ['signed with another secret', { secret: 'whsec_other' }],
    ['that is six minutes old', { sentAtMs: Date.now() - 360_000 }],
  ])('%s is refused', (_name, options) => {
    const event = stripeEvent('checkout.session.completed', session, options)
    expect(stripe.verifyWebhook(delivery(event))).toEqual({ ok: false, error: 'signature-invalid' })
  })

  it('signed with the old secret is taken during a rotation, and not after it', () => {
    const event = delivery(stripeEvent('checkout.session.completed', session))
    expect(providerWith(STRIPE_KEY, ['whsec_new', STRIPE_SECRET]).verifyWebhook(event).ok).toBe(true)
    expect(providerWith(STRIPE_KEY, ['whsec_new']).verifyWebhook(event).ok).toBe(false)
  })

  it('that is signed and makes no sense is told apart', () => {
    const event = stripeEvent('checkout.session.completed', { ...session, amount_total: 'much' })
    expect(stripe.verifyWebhook(delivery(event))).toEqual({ ok: false, error: 'unreadable' })
  })
})
