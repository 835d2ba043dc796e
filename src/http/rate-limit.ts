/** Damping of abuse by the platform's rate limits: per visitor and per address, off where the operator says so. */
import { err, ok } from '../core/result.ts'
import type { Result } from '../core/result.ts'
import { clientAddressOf } from './client-address.ts'
import type { Caller, Endpoint } from './endpoint.ts'
import type { GatewayFailure } from './failure.ts'
import type { GatewayDeps, RateLimiter } from './gateway-deps.ts'

/** The periods of JOIN_LIMIT and SESSION_LIMIT in wrangler.toml: after one of them the count starts again. */
const PERIOD_SECONDS = { join: 10, session: 60 } as const

/** Counts the request and refuses it when there were too many. Does nothing for an endpoint without a limit. */
export async function checkRate(
  limit: Endpoint['limit'],
  request: { readonly headers: Headers; readonly caller: Caller },
  { config, limiters }: Pick<GatewayDeps, 'config' | 'limiters'>,
): Promise<Result<null, GatewayFailure>> {
  if (limit === undefined || !config.rateLimits) return ok(null)
  const keys = [`address:${clientAddressOf(request.headers)}`]
  if (request.caller?.kind === 'visitor') keys.push(`user:${request.caller.userId}`)
  const allowed = await Promise.all(keys.map((key) => mayGoOn(limiters[limit], key)))
  if (allowed.every(Boolean)) return ok(null)
  // Spread over a second period, so that those who were refused together do not come back together.
  const retryAfterSeconds = Math.ceil(PERIOD_SECONDS[limit] * (1 + Math.random()))
  return err({ reason: 'rate-limited', retryAfterSeconds })
}

async function mayGoOn(limiter: RateLimiter, key: string): Promise<boolean> {
  return (await limiter.limit({ key })).success
}
