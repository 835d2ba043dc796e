/**
 * The configuration, read once from the environment and checked as a whole: every fault is reported, so that an
 * operator mends them in one go. Nothing here falls back to something permissive: outside local runs a missing or
 * well-known secret is a fault, and a Worker with a fault serves nothing but 503.
 */
import { parseBrand } from './brand-config.ts'
import type { Brand } from './brand-config.ts'
import { configReader } from './config-reader.ts'
import type { ConfigEnv, ConfigProblem, ConfigReader } from './config-reader.ts'
import { parseEntryTokenConfig } from './tokens/entry-token-config.ts'
import type { EntryTokenConfig } from './tokens/entry-token-config.ts'
import { readQueueItConfig } from './tokens/queue-it-config.ts'
import type { QueueItConfig } from './tokens/queue-it-config.ts'
import { parsePaymentConfig } from './purchase/payments/payment-config.ts'
import type { PaymentConfig } from './purchase/payments/payment-config.ts'
import { POSTGRES_BINDING } from './drops/postgres/binding.ts'
import { parseWebhookConfig } from './outbound/webhook-config.ts'
import type { WebhookConfig } from './outbound/webhook-config.ts'
import { err, ok } from './core/result.ts'
import type { Result } from './core/result.ts'

export type { ConfigEnv, ConfigProblem } from './config-reader.ts'

export type Config = {
  readonly stage: 'local' | 'deployment'
  readonly adminApiKey: string
  readonly originApiKey: string
  readonly sessionSecret: string
  readonly visitorTokenTtlSeconds: number
  readonly entryTokens: EntryTokenConfig
  readonly redis: { readonly url: string; readonly token: string }
  /** Null: visitors are guests. */
  readonly identityProvider: IdentityProviderConfig | null
  /** Origins (scheme, host, port) of other sites whose pages may call the API with the visitor's cookie. */
  readonly corsOrigins: readonly string[]
  readonly rateLimits: boolean
  readonly promotionAlarmPerSecond: number
  /** How long a place or an admission that has ended can still be asked for. */
  readonly endedRetentionSeconds: number
  /** How long the audit log keeps an entry, and how many at most. */
  readonly audit: { readonly retentionSeconds: number; readonly entriesMax: number }
  /** Where the waiting page sends the admitted. */
  readonly shopUrl: string | null
  /** Null: no connector of Queue-it is served. */
  readonly queueIt: QueueItConfig | null
  /** How the token travels there: in the body of a form's POST, or in the fragment. */
  readonly shopTokenBy: 'form' | 'fragment'
  /** 0: not before the visitor presses the button. */
  readonly shopEnterAfterSeconds: number
  readonly brand: Brand
  /** Null: the shop is told nothing. */
  readonly webhooks: WebhookConfig | null
  /** Null: visitors pay by wallet only. */
  readonly payments: PaymentConfig | null
  /** How long seats are held for somebody who does not pay. */
  readonly purchaseHoldSeconds: number
  /** After so long without a word from the queue a claim of a drop is given to it once more. */
  readonly claimResendSeconds: number
  /** Where the claims of drops are recorded. Those of `skip-locked` are in PostgreSQL in any case. */
  readonly dropRecords: 'd1' | 'postgres'
}

export type IdentityProviderConfig = {
  readonly jwksUrl: string
  readonly issuer: string
  readonly audience: string
  readonly alg: string
}

/** What `npm start` uses; in a deployment they count as missing. */
export const LOCAL_KEYS = { ADMIN_API_KEY: 'dev-admin-key', ORIGIN_API_KEY: 'dev-origin-key' } as const

/** A key that a person typed in a hurry is found by trying; 16 random characters are not. */
const API_KEY_CHARS_MIN = 16
/** HS256 wants a key as long as its hash (RFC 7518, 3.2). */
const SESSION_SECRET_CHARS_MIN = 32

/** Asymmetric only: with a shared secret the identity provider's key set would be a set of secrets. */
const IDENTITY_ALGS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
]

/** Checks the whole environment. The faults name variables and say what is wrong, never a value. */
export function parseConfig(env: ConfigEnv): Result<Config, ConfigProblem[]> {
  const reader = configReader(env)
  const isLocal = env.USHER_STAGE === 'local'
  const config: Config = {
    stage: isLocal ? 'local' : 'deployment',
    adminApiKey: readApiKey(reader, 'ADMIN_API_KEY', isLocal),
    originApiKey: readApiKey(reader, 'ORIGIN_API_KEY', isLocal),
    sessionSecret: reader.secret('SESSION_SECRET', SESSION_SECRET_CHARS_MIN),
    visitorTokenTtlSeconds: reader.integer('VISITOR_TOKEN_TTL_SECONDS', {
      byDefault: 86_400,
      min: 60,
      max: 31_536_000,
    }),
    entryTokens: parseEntryTokenConfig(reader),
    redis: { url: reader.url('UPSTASH_REDIS_REST_URL'), token: reader.secret('UPSTASH_REDIS_REST_TOKEN', 1) },
    identityProvider: readIdentityProvider(reader),
    corsOrigins: reader.origins('CORS_ORIGINS'),
    rateLimits: reader.choice('RATE_LIMITS', ['on', 'off'], isLocal ? 'off' : 'on') === 'on',
    promotionAlarmPerSecond: reader.integer('PROMOTION_ALARM_PER_SECOND', {
      byDefault: 500,
      min: 1,
      max: 1_000_000,
    }),
    endedRetentionSeconds: reader.integer('ENDED_RETENTION_SECONDS', {
      byDefault: 604_800,
      min: 60,
      max: 315_360_000,
    }),
    audit: {
      retentionSeconds: reader.integer('AUDIT_RETENTION_SECONDS', {
        byDefault: 31_536_000,
        min: 86_400,
        max: 315_360_000,
      }),
      entriesMax: reader.integer('AUDIT_ENTRIES_MAX', { byDefault: 100_000, min: 1_000, max: 1_000_000 }),
    },
    shopUrl: reader.has('SHOP_URL') ? reader.url('SHOP_URL') : null,
    queueIt: readQueueItConfig(reader),
    shopTokenBy: reader.choice('SHOP_TOKEN_BY', ['form', 'fragment'], 'form'),
    shopEnterAfterSeconds: reader.integer('SHOP_ENTER_AFTER_SECONDS', { byDefault: 0, min: 0, max: 60 }),
    brand: parseBrand(reader),
    webhooks: parseWebhookConfig(reader),
    payments: parsePaymentConfig(reader, isLocal),
    purchaseHoldSeconds: reader.integer('PURCHASE_HOLD_SECONDS', { byDefault: 300, min: 1, max: 3_600 }),
    claimResendSeconds: reader.integer('DROP_CLAIM_RESEND_SECONDS', { byDefault: 60, min: 1, max: 3_600 }),
    dropRecords: reader.choice('DROP_RECORDS', ['d1', 'postgres'], 'd1'),
  }
  if (config.dropRecords === 'postgres' && !Object.hasOwn(env, POSTGRES_BINDING)) {
    reader.fault('DROP_RECORDS', `needs the Hyperdrive ${POSTGRES_BINDING}`)
  }
  // One key for both would let the shop's server act as the operator.
  if (config.adminApiKey !== '' && config.adminApiKey === config.originApiKey) {
    reader.fault('ORIGIN_API_KEY', 'must differ from ADMIN_API_KEY')
  }
  return reader.problems.length === 0 ? ok(config) : err(reader.problems)
}

function readApiKey(reader: ConfigReader, variable: keyof typeof LOCAL_KEYS, isLocal: boolean): string {
  if (isLocal) return reader.has(variable) ? reader.secret(variable, 1) : LOCAL_KEYS[variable]
  const key = reader.secret(variable, API_KEY_CHARS_MIN)
  if (Object.values<string>(LOCAL_KEYS).includes(key)) reader.fault(variable, 'is the key of local runs')
  return key
}

function readIdentityProvider(reader: ConfigReader): IdentityProviderConfig | null {
  const others = ['IDENTITY_ISSUER', 'IDENTITY_AUDIENCE'] as const
  if (!reader.has('IDENTITY_JWKS_URL')) {
    for (const variable of others) {
      if (reader.has(variable)) reader.fault('IDENTITY_JWKS_URL', `is missing although ${variable} is set`)
    }
    return null
  }
  return {
    jwksUrl: reader.url('IDENTITY_JWKS_URL'),
    issuer: reader.secret('IDENTITY_ISSUER', 1),
    audience: reader.secret('IDENTITY_AUDIENCE', 1),
    alg: reader.choice('IDENTITY_ALG', IDENTITY_ALGS, 'RS256'),
  }
}
