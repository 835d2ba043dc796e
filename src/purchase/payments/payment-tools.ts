/** What a seat office needs for payments at a provider, from the environment. */
import { parseConfig } from '../../config.ts'
import type { SqlStatements } from '../../ports/sql-database.ts'
import type { PaymentTools } from '../objects/office-host.ts'
import { PAYMENT_GRACE_MS } from '../core/limits.ts'
import { DeskStorage } from './desk-rows.ts'
import { createProvider } from './providers.ts'

export function paymentTools(env: Env, sql: SqlStatements): PaymentTools {
  const config = parseConfig(env)
  const payments = config.ok ? config.value.payments : null
  const rows = new DeskStorage(sql)
  // A misconfigured deployment serves nothing, so nobody begins to pay; what was begun waits for its repair.
  if (payments === null)
    return { rows, provider: null, currency: '', paymentMs: 0, graceMs: PAYMENT_GRACE_MS }
  const { currency, paymentSeconds, graceSeconds } = payments
  return {
    rows,
    provider: createProvider(payments),
    currency,
    paymentMs: paymentSeconds * 1_000,
    graceMs: graceSeconds * 1_000,
  }
}
