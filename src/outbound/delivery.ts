/** One attempt to tell the shop. */
import type { EpochMs } from '../core/time.ts'
import { signatureOf } from '../webhooks/signature.ts'
import { WEBHOOK_SIGNATURE_HEADER } from '../webhooks/webhooks.ts'
import type { WebhookConfig } from './webhook-config.ts'

/** A shop that takes longer should take the news first and do its work afterwards. */
const DELIVERY_TIMEOUT_MS = 10_000

export type WebhookFetch = (url: string, init: RequestInit) => Promise<Response>

export type Delivery =
  | { readonly kind: 'delivered' }
  /** The shop says that it will never want it. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'again'; readonly cause: string; readonly askedSeconds: number | null }

/**
 * Sends the body, signed for this attempt. 2xx is success; 410 means that nobody there wants it any more; everything
 * else, other 4xx included, is worth another attempt: most of them end when somebody mends the shop.
 */
export async function deliver(
  fetch: WebhookFetch,
  { url, secrets }: Pick<WebhookConfig, 'url' | 'secrets'>,
  body: string,
  nowMs: EpochMs,
  timeoutMs = DELIVERY_TIMEOUT_MS,
): Promise<Delivery> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json; charset=utf-8',
        'User-Agent': 'Usher',
        [WEBHOOK_SIGNATURE_HEADER]: signatureOf(body, secrets, nowMs),
      },
      body,
      // The news go where the operator said, and nowhere else.
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    })
    await response.body?.cancel()
    if (response.ok) return { kind: 'delivered' }
    if (response.status === 410) return { kind: 'gone' }
    return { kind: 'again', cause: `status ${response.status}`, askedSeconds: retryAfterSeconds(response) }
  } catch (error) {
    // No connection, or no answer in time. The message could name the address; the kind does not.
    return { kind: 'again', cause: error instanceof Error ? error.name : 'unreachable', askedSeconds: null }
  }
}

/** Only the form in seconds; a date is as good as none. */
function retryAfterSeconds({ headers }: Response): number | null {
  const text = headers.get('Retry-After') ?? ''
  return /^\d{1,6}$/.test(text) ? Number(text) : null
}
