/** One call of the operator's API: every call has an end, and every outcome is a value. */
import { err, ok } from '../../core/result.ts'
import type { Result } from '../../core/result.ts'
import { clockSkewMs } from './model/clock.ts'
import { failureOf } from './model/failure.ts'
import type { Failure } from './model/failure.ts'

export type Answer<T> = Promise<Result<T, Failure>>

/** Longer than the server waits for anything itself, so that it is the server that says what was slow. */
const TIMEOUT_SECONDS = 12

export const BASE = '/api/v1/admin'

export type Transport = {
  /** @param path after BASE. @param body what is sent as JSON. */
  readonly send: <T>(method: string, path: string, body?: unknown, signal?: AbortSignal) => Answer<T>
  /** Milliseconds since 1970 by the server's clock, as far as its answers have told it. */
  readonly nowMs: () => number
}

export function createTransport(): Transport {
  let skewMs = 0
  return {
    async send<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Answer<T> {
      const timeout = AbortSignal.timeout(TIMEOUT_SECONDS * 1_000)
      try {
        const response = await fetch(BASE + path, {
          method,
          signal: signal === undefined ? timeout : anyOf(signal, timeout),
          credentials: 'same-origin',
          ...(body !== undefined && {
            body: JSON.stringify(body),
            headers: { 'Content-Type': 'application/json' },
          }),
        })
        const answer = response.status === 204 ? null : parsed(await response.text())
        skewMs = clockSkewMs(response.headers.get('Date'), Date.now())
        if (!response.ok) return err(failureOf(response.status, answer, response.headers))
        if (answer === undefined) return err({ kind: 'unreadable', status: response.status })
        // The same Worker serves this page and its API, so that the types of one are those of the other.
        return ok(answer as T)
      } catch {
        return err(
          timeout.aborted ? { kind: 'timeout', afterSeconds: TIMEOUT_SECONDS } : { kind: 'unreachable' },
        )
      }
    },
    nowMs: () => Date.now() + skewMs,
  }
}

/** undefined when it is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** `AbortSignal.any` for browsers that are older than it. */
function anyOf(...signals: readonly AbortSignal[]): AbortSignal {
  const either = new AbortController()
  for (const signal of signals) {
    if (signal.aborted) either.abort()
    signal.addEventListener('abort', () => either.abort(), { signal: either.signal })
  }
  return either.signal
}
