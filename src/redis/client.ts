import { Redis } from '@upstash/redis/cloudflare'
import { REDIS_TIMEOUT_MS } from '../core/limits.ts'

export type RedisAddress = { readonly url: string; readonly token: string }

/**
 * A client of Upstash's REST API. One per Durable Object or request: a shared one would put the calls of several
 * requests into one batch. Calls of one turn of the event loop share one HTTP request, which fails as a whole; `apart` each
 * is a request of its own, for callers who have gathered what goes together themselves.
 *
 * Every option has a trap behind it:
 * - retries: a lost answer does not mean that the script did not run; only the caller may repeat, with the same ids.
 *   `retry: false` would send twice.
 * - signal: a function, so that each request has its own deadline. A static signal turns an abort into an empty success.
 * - responseEncoding: base64 by default, which costs more than the reading itself. All that is stored is well-formed text.
 * - automaticDeserialization: on, a string reply like "123" or "true" arrives as a number or a boolean.
 */
export function createRedis({ url, token }: RedisAddress, calls: 'together' | 'apart' = 'together'): Redis {
  return new Redis({
    url,
    token,
    automaticDeserialization: false,
    responseEncoding: false,
    enableAutoPipelining: calls === 'together',
    enableTelemetry: false,
    retry: { retries: 0 },
    signal: () => AbortSignal.timeout(REDIS_TIMEOUT_MS),
  })
}
