/**
 * One request to a provider's API: bounded in time and size, never redirected, never repeated. What comes back is
 * sorted by what it says about the request: done, refused, or nothing.
 */
import type * as z from 'zod'
import { readAtMost } from '../../bounded-body.ts'
import { parseJsonText } from './json-text.ts'
import type { Refused, Unknown } from './port.ts'

/** Providers answer within a second or two; what takes this long is asked for again later. */
export const PROVIDER_TIMEOUT_MS = 10_000
/** A payment object has a few KiB. */
const ANSWER_BYTES_MAX = 256 * 1024

export type ProviderRequest = {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export type Answered<T> = { readonly kind: 'done'; readonly value: T }
/** `refused` has the provider's error code, and the status for those that have none. */
export type ProviderReply<T> = Answered<T> | (Refused & { readonly status: number }) | Unknown

export type ProviderFetch = (url: string, init: RequestInit) => Promise<Response>

/**
 * Sends the request and reads the answer by `schema`; `codeOf` finds the error code in a refusal's body.
 * A 4xx is a refusal, but for those that say nothing of the payment: these, 5xx, 3xx, silence and what cannot be read
 * are unknown.
 */
export async function askProvider<T>(
  fetch: ProviderFetch,
  request: ProviderRequest,
  schema: z.ZodType<T>,
  codeOf: (body: unknown) => string | null,
  timeoutMs = PROVIDER_TIMEOUT_MS,
): Promise<ProviderReply<T>> {
  const answer = await exchange(fetch, request, timeoutMs)
  if ('cause' in answer) return { kind: 'unknown', cause: answer.cause }
  const { status, body } = answer
  if (status >= 200 && status < 300) {
    const parsed = schema.safeParse(body)
    return parsed.success
      ? { kind: 'done', value: parsed.data }
      : { kind: 'unknown', cause: 'unreadable answer' }
  }
  if (status < 400 || status >= 500 || NOT_NOW.has(status))
    return { kind: 'unknown', cause: `status ${status}` }
  return { kind: 'refused', status, code: codeOf(body) ?? `http_${status}` }
}

/** A key that is wrong today; timeouts and limits; a conflict with a request of ours that is still being worked on. */
const NOT_NOW: ReadonlySet<number> = new Set([401, 408, 409, 425, 429])

async function exchange(
  fetch: ProviderFetch,
  { method, url, headers, body }: ProviderRequest,
  timeoutMs: number,
): Promise<{ status: number; body: unknown } | { cause: string }> {
  try {
    const response = await fetch(url, {
      method,
      headers: { Accept: 'application/json', ...headers },
      ...(body !== undefined && { body }),
      // A redirect would carry the key to another address.
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    })
    const bytes =
      response.body === null
        ? new Uint8Array()
        : await readAtMost(response.body.getReader(), ANSWER_BYTES_MAX)
    if (bytes === null) return { cause: 'answer too large' }
    return { status: response.status, body: parseJsonText(new TextDecoder().decode(bytes)) }
  } catch (error) {
    // No connection, no answer in time, or cut off in the middle. The message could name the address; the kind does not.
    return { cause: error instanceof Error ? error.name : 'unreachable' }
  }
}
