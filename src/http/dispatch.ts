/**
 * Carries one request through its endpoint. In this order: who calls and may they, are they too fast, do the address and
 * the body fit, was the same request answered before; then the handler.
 */
import { err, ok } from '../core/result.ts'
import type { Result } from '../core/result.ts'
import { runAudited } from './audited.ts'
import { authenticate, isAllowed } from './credentials.ts'
import type { Credential } from './credentials.ts'
import type { AnyCall, Caller, Endpoint } from './endpoint.ts'
import type { Failure } from './failure.ts'
import type { GatewayDeps } from './gateway-deps.ts'
import { checkKey, runOnce } from './idempotency.ts'
import { renewed } from './operator-cookie.ts'
import { checkParams } from './params.ts'
import { checkRate } from './rate-limit.ts'
import { parseQuery } from './query.ts'
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
  const identified = await identify(endpoint, exchange.request, deps)
  if (!identified.ok) return identified
  const { caller, cookie } = await renewed(identified.value, exchange.request.url, deps)
  const result = await carryOut(endpoint, { ...exchange, caller }, deps)
  if (result.ok && cookie !== null) result.value.headers.append('Set-Cookie', cookie)
  return result
}

async function carryOut(
  endpoint: Endpoint,
  exchange: Exchange & { readonly caller: Caller },
  deps: GatewayDeps,
): Promise<Result<Response, Failure>> {
  const { request, caller } = exchange
  const fitting = checkParams(exchange.params)
  if (!fitting.ok) return fitting
  const rated = await checkRate(endpoint.limit, { headers: request.headers, caller }, deps)
  if (!rated.ok) return rated
  const refusal = endpoint.refuse?.(deps, { params: exchange.params, caller }) ?? null
  if (refusal !== null) return err(refusal)
  const answer = answerTo(endpoint, exchange, deps)
  // A client that hangs up must not cut a change in half: its retry would meet the half.
  if (endpoint.method !== 'GET') deps.outlive(answer)
  return answer
}

async function answerTo(
  endpoint: Endpoint,
  exchange: Exchange & { readonly caller: Caller },
  deps: GatewayDeps,
): Promise<Result<Response, Failure>> {
  const { request, caller } = exchange
  const query = parseQuery(request, endpoint.query)
  if (!query.ok) return query

  const call: AnyCall = {
    ...deps,
    ...exchange,
    query: query.value,
    body: undefined,
    bodyText: '',
    recordChanges: () => {},
  }
  const schema = endpoint.body
  if (schema === null) return runAudited(endpoint, call)
  const text = await readBody(request)
  if (!text.ok) return text
  const bodyText = text.value
  const run = async (): Promise<Result<Response, Failure>> => {
    const body = parseBody(bodyText, schema)
    return body.ok ? runAudited(endpoint, { ...call, body: body.value, bodyText }) : body
  }
  if (endpoint.idempotent === undefined) return run()
  const key = checkKey(request)
  if (!key.ok) return key
  return endpoint.idempotent === 'by gateway' ? runOnce({ request, caller, bodyText }, deps, run) : run()
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
  const changesState = endpoint.method !== 'GET'
  if (endpoint.auth === 'anybody') {
    // Another site must not log its visitors in here: they would wait under a name that it knows.
    if (changesState && isFromForeignPage(request, deps.config.corsOrigins))
      return err({ reason: 'cross-site-request' })
    return ok(null)
  }
  const authenticated = await authenticate(request.headers, endpoint.auth, deps)
  if (!authenticated.ok) return authenticated
  if (!isAllowed(authenticated.value.caller, endpoint.auth)) return err({ reason: 'forbidden' })
  if (isForged(endpoint, request, authenticated.value, deps)) return err({ reason: 'cross-site-request' })
  return ok(authenticated.value.caller)
}

/** Whether the request relies on a cookie and was, or may have been, made by a page that must not use it. */
function isForged(
  { method, changesState }: Endpoint,
  request: Request,
  { byCookie }: Credential,
  { config }: GatewayDeps,
): boolean {
  if (byCookie === null) return false
  // The shop's pages may act for its visitors, never for the operator: whoever can write into one of them would be one.
  const mayUse = byCookie === 'operator' ? [] : config.corsOrigins
  if (method !== 'GET') return !isFromOwnPages(request, mayUse)
  return (changesState === true || byCookie === 'operator') && isFromForeignPage(request, mayUse)
}
