/** Payments at the gateway: what each request asks of others, and what is answered without asking anybody. */
import { describe, expect, it } from 'vitest'
import { ok, err } from '../../../src/core/result.ts'
import type { SeatOfficeApi } from '../../../src/purchase/ports.ts'
import {
  ADMIN_KEY,
  bearer,
  createGateway,
  jsonBody,
  ORIGIN,
  problemOf,
  type Gateway,
} from '../http/gateway.ts'
import { stripeEvent } from '../../support/payments/stripe-server.ts'

const SECRET = 'whsec_0123456789'
const PAYMENT_ID = `demo.${'p'.repeat(22)}`
const RESERVATION_ID = `demo.${'r'.repeat(22)}`
const ADMISSION_ID = `demo.${'a'.repeat(22)}`
const ENV = { PAYMENT_API_KEY: 'sk_0123456789abcdef', PAYMENT_WEBHOOK_SECRETS: SECRET }
const SESSION = {
  id: 'cs_1',
  status: 'complete',
  payment_status: 'paid',
  amount_total: 24_000,
  currency: 'krw',
  client_reference_id: PAYMENT_ID,
}

function gatewayWith(office: Partial<SeatOfficeApi>, provider = 'stripe'): Gateway {
  return createGateway({ env: { ...ENV, PAYMENT_PROVIDER: provider }, office })
}

function webhook(gateway: Gateway, body: string, headers: Record<string, string>): Promise<Response> {
  return gateway.fetch('/api/v1/payments/webhook', { method: 'POST', body, headers })
}

function asked(gateway: Gateway): string[] {
  return gateway.calls.map(({ what }) => what)
}

describe('a webhook', () => {
  it('that is signed is one call of one object', async () => {
    const gateway = gatewayWith({ hearProvider: async () => 'settled' })
    const event = stripeEvent('checkout.session.completed', SESSION, { id: 'evt_1', secret: SECRET })
    const response = await webhook(gateway, event.body, event.headers)
    expect(await response.json()).toEqual({ received: true })
    const state = { kind: 'paid', amount: 24_000, currency: 'KRW' }
    expect(gateway.calls).toEqual([{ what: 'office demo hearProvider', args: ['evt_1', PAYMENT_ID, state] }])
  })

  it.each([
    ['signed by somebody else', stripeEvent('checkout.session.completed', SESSION), 401],
    ['about something else', stripeEvent('invoice.paid', {}, { secret: SECRET }), 200],
  ])('%s asks nobody', async (_name, event, status) => {
    const gateway = gatewayWith({})
    expect((await webhook(gateway, event.body, event.headers)).status).toBe(status)
    expect(asked(gateway)).toEqual([])
  })

  it.each([
    ['repeated', 200],
    ['payment-unknown', 200],
    ['later', 503],
  ] as const)('that is %s is answered %i', async (heard, status) => {
    const gateway = gatewayWith({ hearProvider: async () => heard })
    const event = stripeEvent('checkout.session.completed', SESSION, { secret: SECRET })
    expect((await webhook(gateway, event.body, event.headers)).status).toBe(status)
  })

  it('that nobody signs is one call that makes the office ask', async () => {
    const gateway = gatewayWith({ lookAtPayment: async () => 'settled' }, 'toss')
    const { body, headers } = jsonBody({
      eventType: 'PAYMENT_STATUS_CHANGED',
      data: { orderId: PAYMENT_ID.replace('.', '='), status: 'DONE' },
    })
    expect((await webhook(gateway, body, headers)).status).toBe(200)
    expect(gateway.calls).toEqual([{ what: 'office demo lookAtPayment', args: [PAYMENT_ID] }])
  })

  it.each([
    ['too large', 'x'.repeat(70_000), { 'Content-Type': 'application/json' }, 413],
    ['of another type', '{}', { 'Content-Type': 'text/plain' }, 415],
    ['without a signature', '{}', { 'Content-Type': 'application/json' }, 401],
  ])('%s is refused', async (_name, body, headers, status) => {
    expect((await webhook(gatewayWith({}), body, headers)).status).toBe(status)
  })

  it('leaves nothing of what it says in the log', async () => {
    const gateway = gatewayWith({ hearProvider: async () => 'payment-unknown' })
    const known = stripeEvent('checkout.session.completed', SESSION, { secret: SECRET })
    await webhook(gateway, known.body, known.headers)
    const forged = stripeEvent('checkout.session.completed', SESSION)
    await webhook(gateway, forged.body, forged.headers)
    expect(gateway.logged).toEqual([
      '{"event":"webhook_payment_unknown"}',
      '{"event":"webhook_refused","fault":"signature-invalid"}',
    ])
  })
})

describe('beginning to pay', () => {
  async function begin(gateway: Gateway): Promise<Response> {
    const { userId, token } = await gateway.newVisitor()
    const expiresAtMs = Date.now() + 60_000
    const grant = { userId, eventId: 'demo', admissionId: ADMISSION_ID, issuedAtMs: Date.now(), expiresAtMs }
    return gateway.fetch(`/api/v1/events/demo/reservations/${RESERVATION_ID}/payment`, {
      method: 'POST',
      headers: {
        ...bearer(token),
        'Content-Type': 'application/json',
        'Entry-Token': await gateway.deps.entryTokens.sign(grant),
      },
      body: JSON.stringify({ method: 'provider' }),
    })
  }

  const CHECKOUT = {
    paymentId: PAYMENT_ID,
    state: 'pending',
    amount: 24_000,
    checkoutUrl: 'https://checkout.stripe.com/c/pay/cs_1',
  } as const

  it('is one call of the office, which is told where the visitor is', async () => {
    const gateway = gatewayWith({ payByProvider: async () => ok({ answer: CHECKOUT, isReplay: false }) })
    const response = await begin(gateway)
    expect(response.status).toBe(202)
    expect(await response.json()).toEqual(CHECKOUT)
    expect(asked(gateway)).toEqual(['office demo payByProvider'])
    expect(gateway.calls[0]?.args[0]).toMatchObject({ reservationId: RESERVATION_ID, origin: ORIGIN })
  })

  it('that turns out to be paid is answered as paid', async () => {
    const gateway = gatewayWith({
      payByProvider: async () =>
        ok({ answer: { ...CHECKOUT, state: 'paid', checkoutUrl: null }, isReplay: false }),
    })
    const response = await begin(gateway)
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({ paymentId: PAYMENT_ID, state: 'paid', amount: 24_000 })
  })

  it.each([
    ['payment-method-unavailable', 409, null],
    ['payment-refused', 502, null],
    ['payment-provider-unavailable', 503, '2'],
  ] as const)('is refused: %s', async (reason, status, retryAfter) => {
    const response = await begin(gatewayWith({ payByProvider: async () => err({ reason }) }))
    expect(response.status).toBe(status)
    expect(response.headers.get('Retry-After')).toBe(retryAfter)
    expect(await problemOf(response)).toMatchObject({ code: reason })
  })
})

describe('coming back from the provider', () => {
  const PATH = `/api/v1/payments/return?paymentId=${PAYMENT_ID}`

  it('is one call, and the browser goes on to the waiting page', async () => {
    const gateway = gatewayWith({ lookAtPayment: async () => 'settled' })
    const response = await gateway.fetch(PATH)
    expect(response.status).toBe(303)
    expect(response.headers.get('Location')).toBe(`${ORIGIN}/wait/demo?paymentId=${PAYMENT_ID}`)
    expect(asked(gateway)).toEqual(['office demo lookAtPayment'])
  })

  it('goes on also when the office does not answer', async () => {
    const gateway = gatewayWith({})
    expect((await gateway.fetch(PATH)).status).toBe(303)
    expect(gateway.logged.join()).toContain('return_unsettled')
  })

  it('with a proof is one call that takes the money', async () => {
    const gateway = gatewayWith({ confirmPayment: async () => 'settled' }, 'toss')
    const query = `orderId=${PAYMENT_ID.replace('.', '%3D')}&paymentKey=tgen_1&amount=24000`
    expect((await gateway.fetch(`/api/v1/payments/return?${query}`)).status).toBe(303)
    expect(gateway.calls).toEqual([{ what: 'office demo confirmPayment', args: [PAYMENT_ID, 'tgen_1'] }])
  })

  it.each(['', '?paymentId=nothing', '?paymentId=https://evil.example'])(
    'from nowhere (%s) leads nowhere',
    async (query) => {
      const gateway = gatewayWith({})
      const response = await gateway.fetch(`/api/v1/payments/return${query}`)
      expect(response.status).toBe(404)
      expect(await problemOf(response)).toMatchObject({ code: 'payment-not-found' })
      expect(asked(gateway)).toEqual([])
    },
  )
})

describe('an operator', () => {
  it('resolves a payment of the event in the address, and of no other', async () => {
    const gateway = gatewayWith({})
    const { body, headers } = jsonBody({ as: 'paid' })
    const response = await gateway.fetch(`/api/v1/admin/events/other/payments/${PAYMENT_ID}/resolve`, {
      method: 'POST',
      body,
      headers: { ...headers, ...bearer(ADMIN_KEY) },
    })
    expect(response.status).toBe(404)
    expect(asked(gateway)).toEqual([])
  })
})
