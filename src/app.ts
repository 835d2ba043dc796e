/** The HTTP application: the table of endpoints on a router, and what every answer has in common. */
import { Hono } from 'hono'
import type { Context } from 'hono'
import { optionsResponse, shareWithOrigin } from './http/cors.ts'
import { dispatch } from './http/dispatch.ts'
import type { Endpoint } from './http/endpoint.ts'
import { createEndpoints } from './http/endpoints.ts'
import type { Failure } from './http/failure.ts'
import type { GatewayDeps } from './http/gateway-deps.ts'
import { OverloadAnswers } from './http/overload.ts'
import { problemResponse } from './http/problem.ts'
import { requestIdOf, setCommonHeaders } from './http/response-headers.ts'
import { staticFile } from './http/static-files.ts'
import { Overloaded } from './ports/overloaded.ts'
import { errorFields } from './observability/log.ts'

type Variables = { Variables: { requestId: string; endpoint?: Endpoint } }
export type App = Hono<Variables>

/** The gateway. `endpoints` can be given by whoever wants to look at the same table. */
export function createApp(deps: GatewayDeps, endpoints: readonly Endpoint[] = createEndpoints()): App {
  const app = baseApp(deps.config.corsOrigins)
  for (const [path, siblings] of Map.groupBy(endpoints, (endpoint) => endpoint.path)) {
    mount(app, path, siblings, deps)
  }
  app.notFound(async (c) => {
    const file = await staticFile(c.req.raw, deps.staticFiles)
    return file instanceof Response ? file : problemResponse(file, c.var.requestId)
  })
  const overload = new OverloadAnswers(deps)
  app.onError((error, c) => refusal(failureOf(error, c, deps, overload), c, deps))
  return app
}

/** What a deployment without a complete configuration is: 503 at every address. */
export function createMisconfiguredApp(): App {
  const app = baseApp([])
  app.all('*', (c) => problemResponse({ reason: 'misconfigured' }, c.var.requestId))
  return app
}

function baseApp(corsOrigins: readonly string[]): App {
  const app: App = new Hono<Variables>()
  app.use(async function commonHeaders(c, next) {
    const requestId = requestIdOf(c.req.raw)
    c.set('requestId', requestId)
    await next()
    setCommonHeaders(c.req.raw, c.res.headers, requestId)
    shareWithOrigin(c.req.raw, c.res.headers, corsOrigins)
  })
  return app
}

/** One address: each of its methods, OPTIONS, and 405 for the others. HEAD arrives here as GET. */
function mount(app: App, path: string, siblings: readonly Endpoint[], deps: GatewayDeps): void {
  const pattern = path.replaceAll(/\{(\w+)\}/g, ':$1')
  for (const endpoint of siblings) {
    app.on(endpoint.method, pattern, async (c) => {
      c.set('endpoint', endpoint)
      const exchange = { request: c.req.raw, requestId: c.var.requestId, params: c.req.param() }
      const result = await dispatch(endpoint, exchange, deps)
      return result.ok ? result.value : refusal(result.error, c, deps)
    })
  }
  const methods = siblings.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
  const allow = [...methods, 'OPTIONS']
  app.options(pattern, (c) => optionsResponse(c.req.raw, allow, deps.config.corsOrigins))
  app.all(pattern, (c) => problemResponse({ reason: 'method-not-allowed', allow }, c.var.requestId))
}

/** A page where the endpoint is one for people, else a problem. */
async function refusal(failure: Failure, c: Context<Variables>, deps: GatewayDeps): Promise<Response> {
  const page = await c.var.endpoint?.renderFailure?.(failure, c.req.raw, deps)
  return page ?? problemResponse(failure, c.var.requestId)
}

function failureOf(
  error: Error,
  c: Context<Variables>,
  deps: GatewayDeps,
  overload: OverloadAnswers,
): Failure {
  const { requestId } = c.var
  if (error instanceof Overloaded) return overload.answer(error, requestId)
  deps.log.error('request_failed', { requestId, method: c.req.method, ...errorFields(error) })
  return { reason: 'internal-error' }
}
