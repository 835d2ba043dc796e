/** The variables of payments at a provider. Without `PAYMENT_PROVIDER` there are only wallets. */
import type { ConfigReader } from '../../config-reader.ts'
import { PAYMENT_GRACE_MS } from '../core/limits.ts'
import { PROVIDERS } from './port.ts'
import type { ProviderName } from './port.ts'
import { STRIPE_API_URL } from './stripe.ts'
import { TOSS_API_URL, TOSS_CURRENCY } from './toss.ts'

export type PaymentConfig = {
  readonly provider: ProviderName
  /** Without a slash at the end. */
  readonly apiUrl: string
  readonly apiKey: string
  /** Each may have signed a webhook; none for a provider that signs nothing. */
  readonly webhookSecrets: readonly string[]
  /** ISO 4217, upper case: what the catalogue's prices are in. */
  readonly currency: string
  /** How long a visitor may take on the provider's page. */
  readonly paymentSeconds: number
  /** How long after that the provider may take to say how it went, before an operator has to. */
  readonly graceSeconds: number
  /** Where the visitor goes afterwards; null: to the waiting page of the event. */
  readonly returnUrl: string | null
}

/** A secret that a person typed in a hurry is found by trying. */
const SECRET_CHARS_MIN = 16
/** A checkout at Stripe lives for 35 minutes; seats must not be waited for longer than it can be paid. */
const PAYMENT_SECONDS_MAX = 1_800
/** Seats that are nobody's for longer than this are an operator's business. */
const GRACE_SECONDS_MAX = 3_600

/** Null without a provider. Faults name variables, never a value. */
export function parsePaymentConfig(reader: ConfigReader, isLocal: boolean): PaymentConfig | null {
  const provider = reader.choice('PAYMENT_PROVIDER', ['none', ...PROVIDERS], 'none')
  if (provider === 'none') return null
  if (provider === 'fake' && !isLocal)
    reader.fault('PAYMENT_PROVIDER', 'must not be fake: no money would move')
  const config: PaymentConfig = {
    provider,
    apiUrl: readApiUrl(reader, provider),
    apiKey: reader.secret('PAYMENT_API_KEY', SECRET_CHARS_MIN),
    webhookSecrets: provider === 'toss' ? [] : reader.secrets('PAYMENT_WEBHOOK_SECRETS', SECRET_CHARS_MIN),
    currency: reader.text('PAYMENT_CURRENCY', TOSS_CURRENCY),
    paymentSeconds: reader.integer('PURCHASE_PAYMENT_SECONDS', {
      byDefault: 600,
      min: 1,
      max: PAYMENT_SECONDS_MAX,
    }),
    graceSeconds: reader.integer('PURCHASE_PAYMENT_GRACE_SECONDS', {
      byDefault: PAYMENT_GRACE_MS / 1_000,
      min: 1,
      max: GRACE_SECONDS_MAX,
    }),
    returnUrl: reader.has('PAYMENT_RETURN_URL') ? reader.url('PAYMENT_RETURN_URL') : null,
  }
  if (!/^[A-Z]{3}$/.test(config.currency))
    reader.fault('PAYMENT_CURRENCY', 'must be three capital letters, such as KRW')
  if (provider === 'toss' && config.currency !== TOSS_CURRENCY)
    reader.fault('PAYMENT_CURRENCY', `must be ${TOSS_CURRENCY} with Toss Payments`)
  return config
}

function readApiUrl(reader: ConfigReader, provider: ProviderName): string {
  const byDefault = provider === 'stripe' ? STRIPE_API_URL : TOSS_API_URL
  if (provider !== 'fake' && !reader.has('PAYMENT_API_URL')) return byDefault
  return reader.url('PAYMENT_API_URL').replace(/\/$/, '')
}
