/** One call to Redis: what it is told of to the metrics, and what its failure means. */
import { StoreProtocolError, StoreUnavailable } from '../ports/pool-gate.ts'

/** What was called, how long it took by the caller's clock, and whether it failed: for metrics. */
export type RedisCallObserver<Name extends string> = (call: {
  name: Name
  durationMs: number
  failed: boolean
}) => void

/** @throws StoreUnavailable when nobody knows what became of it, StoreProtocolError when it was refused for good. */
export async function observed<Name extends string, T>(
  observe: RedisCallObserver<Name>,
  name: Name,
  send: () => Promise<T>,
): Promise<T> {
  const startedAtMs = Date.now()
  let failed = true
  try {
    const reply = await send()
    failed = false
    return reply
  } catch (error) {
    throw storeError(name, error)
  } finally {
    observe({ name, durationMs: Date.now() - startedAtMs, failed })
  }
}

/** A script that refuses its arguments has done nothing and always will: that is a bug, not an outage. */
function storeError(name: string, cause: unknown): StoreProtocolError | StoreUnavailable {
  const refused = cause instanceof Error ? /\bUSHER (bad argument \w+)/.exec(cause.message)?.[1] : undefined
  if (refused !== undefined) return new StoreProtocolError(`${name}: ${refused}`, { cause })
  return new StoreUnavailable(`${name}: no answer from Redis`, { cause })
}
