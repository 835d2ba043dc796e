/** What an object needs to tell the shop something, from the environment. */
import { parseConfig } from '../config.ts'
import type { WebhookTools } from './outbox.ts'

/** Null: there is no shop to tell, and nothing is to be written down for it. */
export function webhookTools(env: Env): WebhookTools | null {
  const config = parseConfig(env)
  const webhooks = config.ok ? config.value.webhooks : null
  if (webhooks === null) return null
  return {
    send: async (messages) => {
      await env.WEBHOOKS.sendBatch(messages.map((body) => ({ body })))
    },
    resendMs: webhooks.resendMs,
  }
}
