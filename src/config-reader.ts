/** Reads single variables of the environment and collects what is wrong with them. */
import { isLoopback } from './loopback.ts'

export const CONFIG_VARIABLES = [
  'USHER_STAGE',
  'ADMIN_API_KEY',
  'ORIGIN_API_KEY',
  'SESSION_SECRET',
  'VISITOR_TOKEN_TTL_SECONDS',
  'ENTRY_TOKEN_ALG',
  'ENTRY_TOKEN_PRIVATE_JWKS',
  'ENTRY_TOKEN_SECRET',
  'ENTRY_TOKEN_SECRET_PREVIOUS',
  'ENTRY_TOKEN_ISSUER',
  'ENTRY_TOKEN_AUDIENCE',
  'UPSTASH_REDIS_REST_URL',
  'UPSTASH_REDIS_REST_TOKEN',
  'IDENTITY_JWKS_URL',
  'IDENTITY_ISSUER',
  'IDENTITY_AUDIENCE',
  'IDENTITY_ALG',
  'CORS_ORIGINS',
  'RATE_LIMITS',
  'PROMOTION_ALARM_PER_SECOND',
  'ENDED_RETENTION_SECONDS',
  'AUDIT_RETENTION_SECONDS',
  'AUDIT_ENTRIES_MAX',
  'SHOP_URL',
  'QUEUE_IT_SECRET_KEY',
  'QUEUE_IT_TARGETS',
  'QUEUE_IT_BIND_ADDRESS',
  'SHOP_TOKEN_BY',
  'SHOP_ENTER_AFTER_SECONDS',
  'BRAND_NAME',
  'BRAND_LOGO',
  'BRAND_MESSAGE',
  'BRAND_ACCENT',
  'BRAND_ACCENT_DARK',
  'BRAND_BACKGROUND',
  'BRAND_BACKGROUND_DARK',
  'WAIT_TEMPLATE',
  'SHOP_WEBHOOK_URL',
  'SHOP_WEBHOOK_SECRETS',
  'SHOP_WEBHOOK_RESEND_SECONDS',
  'PAYMENT_PROVIDER',
  'PAYMENT_API_URL',
  'PAYMENT_API_KEY',
  'PAYMENT_WEBHOOK_SECRETS',
  'PAYMENT_CURRENCY',
  'PAYMENT_RETURN_URL',
  'PURCHASE_PAYMENT_SECONDS',
  'PURCHASE_PAYMENT_GRACE_SECONDS',
  'PURCHASE_HOLD_SECONDS',
  'DROP_CLAIM_RESEND_SECONDS',
  'DROP_RECORDS',
] as const
export type ConfigVariable = (typeof CONFIG_VARIABLES)[number]

/** The variables and secrets of the Worker. Other bindings may be present; a variable that is not text is absent. */
export type ConfigEnv = { readonly [variable in ConfigVariable]?: unknown }

export type ConfigProblem = { readonly variable: ConfigVariable; readonly fault: string }

/**
 * Every method answers a usable value even when it records a fault, so that reading goes on and finds the others.
 * An empty variable counts as absent, as an unset line in an environment file does.
 */
export interface ConfigReader {
  readonly problems: ConfigProblem[]
  fault(variable: ConfigVariable, fault: string): void
  has(variable: ConfigVariable): boolean
  text(variable: ConfigVariable, byDefault: string): string
  /** Must be present and at least `charsMin` characters long. */
  secret(variable: ConfigVariable, charsMin: number): string
  /** Must be present: secrets, separated by commas, each at least `charsMin` characters long. */
  secrets(variable: ConfigVariable, charsMin: number): string[]
  integer(variable: ConfigVariable, range: { byDefault: number; min: number; max: number }): number
  choice<T extends string>(variable: ConfigVariable, choices: readonly T[], byDefault: T): T
  /** Must be present: https, or http on this machine. What goes there are secrets, tokens or keys. */
  url(variable: ConfigVariable): string
  /** A comma-separated list of origins (scheme, host, port); empty when it is absent, or has a fault. */
  origins(variable: ConfigVariable): string[]
}

export function configReader(env: ConfigEnv): ConfigReader {
  const problems: ConfigProblem[] = []
  const fault = (variable: ConfigVariable, text: string): void =>
    void problems.push({ variable, fault: text })
  const value = (variable: ConfigVariable): string => {
    const found = env[variable]
    return typeof found === 'string' ? found.trim() : ''
  }
  return {
    problems,
    fault,
    has: (variable) => value(variable) !== '',
    text: (variable, byDefault) => value(variable) || byDefault,
    secret(variable, charsMin) {
      const found = value(variable)
      if (found === '') fault(variable, 'is missing')
      else if (found.length < charsMin) fault(variable, `must have at least ${charsMin} characters`)
      return found
    },
    secrets(variable, charsMin) {
      const found = value(variable)
      const each = found.split(',').map((secret) => secret.trim())
      if (found === '') fault(variable, 'is missing')
      else if (each.some((secret) => secret.length < charsMin))
        fault(variable, `must be a list of secrets of ${charsMin} characters or more`)
      return each
    },
    integer(variable, { byDefault, min, max }) {
      const found = value(variable)
      if (found === '') return byDefault
      const parsed = /^\d{1,15}$/.test(found) ? Number(found) : Number.NaN
      if (parsed >= min && parsed <= max) return parsed
      fault(variable, `must be an integer from ${min} to ${max}`)
      return byDefault
    },
    choice(variable, choices, byDefault) {
      const found = value(variable)
      if (found === '') return byDefault
      const chosen = choices.find((choice) => choice === found)
      if (chosen === undefined) fault(variable, `must be one of ${choices.join(', ')}`)
      return chosen ?? byDefault
    },
    url(variable) {
      const found = value(variable)
      if (found === '') fault(variable, 'is missing')
      else if (!isPrivateUrl(found)) fault(variable, 'must be an https URL')
      return found
    },
    origins(variable) {
      const origins = value(variable)
        .split(',')
        .map((origin) => origin.trim())
        .filter((origin) => origin !== '')
      // Compared as text, so a path, a slash or an upper-case host would never match.
      if (origins.every((origin) => URL.canParse(origin) && new URL(origin).origin === origin)) return origins
      fault(variable, 'must be a comma-separated list of origins such as https://shop.example')
      return []
    },
  }
}

function isPrivateUrl(text: string): boolean {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) return false
  const url = new URL(text)
  return url.protocol === 'https:' || isLoopback(url.hostname)
}
