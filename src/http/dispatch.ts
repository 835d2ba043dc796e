/**
 * Carries one request through its endpoint. In this order: who calls and may they, are they too fast, do the path and
 * the body fit, was the same request answered before; then the handler.
 */
import { err, ok } from '../core/result.ts'
import type { Result } from '../core/result.ts'
import { authenticate, isAllowed } from './credentials.ts'
import type { Caller, Endpoint } from './endpoint.ts'
import type { Failure } from './failure.ts'
import type { GatewayDeps } from './gateway-deps.ts'
import { runOnce } from './idempotency.ts'
import { checkParams } from './params.ts'
import { checkRate } from './rate-limit.ts'
import { parseBody, readBody } from './request-body.ts'
import { isFromForeignPage, isFromOwnPages } from './same-origin.ts'

export type Exchange = {
  readonly request: Request
  readonly requestId: string
  readonly params: Readonly<Record<string, string>>
}

export async function dispatch(
  endpoint: Endpoint,
  exchange: Exchange,
  deps: GatewayDeps,
): Promise<Result<Response, Failure>> {
  const { request } = exchange
  const identified = await identify(endpoint, request, deps)
  if (!identified.ok) return identified
  const caller = identified.value
  const fitting = checkParams(exchange.params)
  if (!fitting.ok) return fitting
  const rated = await checkRate(endpoint.limit, { headers: request.headers, caller }, deps)
  if (!rated.ok) return rated

  const schema = endpoint.body
  if (schema === null) return endpoint.handler({ ...deps, ...exchange, caller, body: undefined })
  const text = await readBody(request)
  if (!text.ok) return text
  const run = async (): Promise<Result<Response, Failure>> => {
    const body = parseBody(text.value, schema)
    return body.ok ? endpoint.handler({ ...deps, ...exchange, caller, body: body.value }) : body
  }
  return endpoint.idempotent === true ? runOnce({ request, caller, bodyText: text.value }, deps, run) : run()
}

/**
 * The caller, or why not. For endpoints for anybody no credentials are looked at, so that caches may share their answers;
 * the waiting page, which no cache keeps, looks by itself.
 */
async function identify(
  endpoint: Endpoint,
  request: Request,
  deps: GatewayDeps,
): Promise<Result<Caller, Failure>> {
  const { corsOrigins } = deps.config
  const changesState = endpoint.method !== 'GET'
  if (endpoint.auth === 'anybody') {
    // Another site must not log its visitors in here: they would wait under a name that it knows.
    if (changesState && isFromForeignPage(request, corsOrigins)) return err({ reason: 'cross-site-request' })
    return ok(null)
  }
  const authenticated = await authenticate(request.headers, deps)
  if (!authenticated.ok) return authenticated
  const { caller, byCookie } = authenticated.value
  if (!isAllowed(caller, endpoint.auth)) return err({ reason: 'forbidden' })
  if (byCookie && changesState && !isFromOwnPages(request, corsOrigins))
    return err({ reason: 'cross-site-request' })
  if (byCookie && endpoint.changesState === true && isFromForeignPage(request, corsOrigins)) {
    return err({ reason: 'cross-site-request' })
  }
  return ok(caller)
}
