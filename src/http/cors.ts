/** Cross-origin sharing for the origins that the operator has named, and for nobody else. Never a wildcard. */

/** Sent by our clients beyond what browsers always allow. */
const REQUEST_HEADERS =
  'Authorization, Content-Type, Entry-Token, Idempotency-Key, Last-Event-ID, X-Request-Id'
const RESPONSE_HEADERS = 'X-Request-Id, Retry-After, Idempotency-Replayed, Age, ETag'

/** How long a browser may remember the answer to its preflight. */
const PREFLIGHT_MAX_AGE_SECONDS = 600

/** Lets the page of an allowed origin read the answer. Caches must keep answers to different origins apart. */
export function shareWithOrigin(request: Request, headers: Headers, allowedOrigins: readonly string[]): void {
  if (allowedOrigins.length === 0) return
  headers.append('Vary', 'Origin')
  const origin = request.headers.get('Origin')
  if (origin === null || !allowedOrigins.includes(origin)) return
  headers.set('Access-Control-Allow-Origin', origin)
  headers.set('Access-Control-Allow-Credentials', 'true')
  headers.set('Access-Control-Expose-Headers', RESPONSE_HEADERS)
}

/** Answers OPTIONS: the methods of this address, and a preflight's question when its origin is allowed. */
export function optionsResponse(
  request: Request,
  methods: readonly string[],
  allowedOrigins: readonly string[],
): Response {
  const headers = new Headers({ Allow: methods.join(', ') })
  const origin = request.headers.get('Origin')
  if (
    origin !== null &&
    allowedOrigins.includes(origin) &&
    request.headers.has('Access-Control-Request-Method')
  ) {
    headers.set('Access-Control-Allow-Methods', methods.join(', '))
    headers.set('Access-Control-Allow-Headers', REQUEST_HEADERS)
    headers.set('Access-Control-Max-Age', String(PREFLIGHT_MAX_AGE_SECONDS))
  }
  return new Response(null, { status: 204, headers })
}
