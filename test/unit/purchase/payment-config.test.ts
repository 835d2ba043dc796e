/** The variables of payments at a provider. */
import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../../src/config.ts'
import type { ConfigEnv } from '../../../src/config.ts'
import { TEST_ENV } from '../http/gateway.ts'

const STRIPE: ConfigEnv = {
  ...TEST_ENV,
  PAYMENT_PROVIDER: 'stripe',
  PAYMENT_API_KEY: 'sk_live_0123456789',
  PAYMENT_WEBHOOK_SECRETS: 'whsec_0123456789, whsec_9876543210',
}
const TOSS: ConfigEnv = { ...TEST_ENV, PAYMENT_PROVIDER: 'toss', PAYMENT_API_KEY: 'live_sk_0123456789' }

function payments(env: ConfigEnv): unknown {
  const parsed = parseConfig(env)
  return parsed.ok ? parsed.value.payments : parsed.error.map(({ variable }) => variable)
}

describe('the configuration of payments', () => {
  it.each([undefined, '', 'none'])('has no provider when %s is named', (provider) => {
    expect(payments({ ...TEST_ENV, PAYMENT_PROVIDER: provider })).toBeNull()
  })

  it('needs a key and the secrets of its webhooks for Stripe; the rest has defaults', () => {
    expect(payments(STRIPE)).toEqual({
      provider: 'stripe',
      apiUrl: 'https://api.stripe.com',
      apiKey: 'sk_live_0123456789',
      webhookSecrets: ['whsec_0123456789', 'whsec_9876543210'],
      currency: 'KRW',
      paymentSeconds: 600,
      graceSeconds: 120,
      returnUrl: null,
    })
    expect(payments({ ...TEST_ENV, PAYMENT_PROVIDER: 'stripe' })).toEqual([
      'PAYMENT_API_KEY',
      'PAYMENT_WEBHOOK_SECRETS',
    ])
  })

  it('needs only a key for Toss Payments, which signs nothing', () => {
    expect(payments(TOSS)).toMatchObject({ apiUrl: 'https://api.tosspayments.com', webhookSecrets: [] })
  })

  it.each([
    ['PAYMENT_PROVIDER', { PAYMENT_PROVIDER: 'paypal' }],
    ['PAYMENT_API_URL', { PAYMENT_API_URL: 'http://stripe.example' }],
    ['PAYMENT_WEBHOOK_SECRETS', { PAYMENT_WEBHOOK_SECRETS: 'whsec_0123456789,short' }],
    ['PAYMENT_CURRENCY', { PAYMENT_CURRENCY: 'won' }],
    ['PAYMENT_RETURN_URL', { PAYMENT_RETURN_URL: 'http://shop.example' }],
    ['PURCHASE_PAYMENT_SECONDS', { PURCHASE_PAYMENT_SECONDS: '1801' }],
    ['PURCHASE_PAYMENT_GRACE_SECONDS', { PURCHASE_PAYMENT_GRACE_SECONDS: '0' }],
  ])('names %s when it is at fault', (variable, change) => {
    expect(payments({ ...STRIPE, ...change })).toContain(variable)
  })

  it('takes no other currency with Toss Payments', () => {
    expect(payments({ ...TOSS, PAYMENT_CURRENCY: 'USD' })).toEqual(['PAYMENT_CURRENCY'])
  })

  it('never lets a deployment sell for no money', () => {
    const fake = { ...STRIPE, PAYMENT_PROVIDER: 'fake', PAYMENT_API_URL: 'https://pay.example' }
    expect(payments(fake)).toMatchObject({ provider: 'fake', apiUrl: 'https://pay.example' })
    const keys = { ADMIN_API_KEY: 'a'.repeat(16), ORIGIN_API_KEY: 'o'.repeat(16) }
    expect(payments({ ...fake, ...keys, USHER_STAGE: 'production' })).toEqual(['PAYMENT_PROVIDER'])
  })
})
