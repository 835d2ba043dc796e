/**
 * `usher/webhooks`: checks in the shop that a webhook comes from Usher, in any JavaScript runtime that has `node:crypto`.
 *
 * Guarantees, for news that `verifyWebhook` returned: they were signed with one of the secrets, within the last five
 * minutes, and nothing of the body was changed.
 *
 * Does not know whether the same news came before: deliveries are repeated until one is answered with success, always
 * with the same `id`. Keep the ids that you have dealt with, and answer a repetition with success.
 */
import { isSigned } from './signature.ts'

/** The header that has the signature. */
export const WEBHOOK_SIGNATURE_HEADER = 'Usher-Signature'

export const WEBHOOK_TYPES = ['order.paid', 'hold.expired', 'admission.ended', 'event.sold_out'] as const
export type WebhookType = (typeof WEBHOOK_TYPES)[number]

export type Webhook = {
  /** The same whenever this is delivered again. */
  readonly id: string
  /** One of WEBHOOK_TYPES, or one that is newer than this package: answer it with success. */
  readonly type: WebhookType | (string & {})
  /** When it happened, ISO 8601. */
  readonly createdAt: string
  readonly data: { readonly eventId: string; readonly [field: string]: unknown }
}

export type WebhookErrorCode = 'ERR_WEBHOOK_SIGNATURE' | 'ERR_WEBHOOK_MALFORMED'

/** Why a webhook was refused. `code` is stable; `message` is for a log and holds nothing of the body. */
export class WebhookError extends Error {
  override readonly name = 'WebhookError'
  readonly code: WebhookErrorCode

  constructor(code: WebhookErrorCode) {
    super(MESSAGES[code])
    this.code = code
  }
}

const MESSAGES: Readonly<Record<WebhookErrorCode, string>> = {
  ERR_WEBHOOK_SIGNATURE: 'not signed with one of the secrets within the last five minutes',
  ERR_WEBHOOK_MALFORMED: 'signed, but not the news of a waiting room',
}

/**
 * The news of a webhook.
 *
 * @param body as it arrived: parsed and written again it would have another signature.
 * @param header the value of `Usher-Signature`; null or undefined when there is none.
 * @param secrets those of `SHOP_WEBHOOK_SECRETS`; during a rotation the old one and the new one.
 * @param nowMs epoch milliseconds.
 * @throws {WebhookError} when it is not signed, too old, or not readable.
 */
export function verifyWebhook(
  body: string,
  header: string | null | undefined,
  secrets: readonly string[],
  nowMs: number = Date.now(),
): Webhook {
  if (!isSigned(header ?? null, body, secrets, nowMs)) throw new WebhookError('ERR_WEBHOOK_SIGNATURE')
  const news = parsed(body)
  if (!isWebhook(news)) throw new WebhookError('ERR_WEBHOOK_MALFORMED')
  return news
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    throw new WebhookError('ERR_WEBHOOK_MALFORMED')
  }
}

function isWebhook(news: unknown): news is Webhook {
  if (!isObject(news) || !isObject(news['data'])) return false
  const texts = [news['id'], news['type'], news['createdAt'], news['data']['eventId']]
  return texts.every((text) => typeof text === 'string')
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
