/** The variables of outgoing webhooks. Without `SHOP_WEBHOOK_URL` there are none, and nothing is written for them. */
import type { ConfigReader } from '../config-reader.ts'

export type WebhookConfig = {
  readonly url: string
  /** Each of them signs. */
  readonly secrets: readonly string[]
  /** After so long without a word from the queue a webhook is given to it once more. */
  readonly resendMs: number
}

/** A secret that a person typed in a hurry is found by trying. */
const SECRET_CHARS_MIN = 16

/** Null without a shop to tell. Faults name variables, never a value. */
export function parseWebhookConfig(reader: ConfigReader): WebhookConfig | null {
  if (!reader.has('SHOP_WEBHOOK_URL')) return null
  return {
    url: reader.url('SHOP_WEBHOOK_URL'),
    secrets: reader.secrets('SHOP_WEBHOOK_SECRETS', SECRET_CHARS_MIN),
    resendMs: 1_000 * reader.integer('SHOP_WEBHOOK_RESEND_SECONDS', { byDefault: 120, min: 1, max: 86_400 }),
  }
}
