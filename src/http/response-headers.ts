/** The headers that every answer carries, streams and problems too. */

const REQUEST_ID_PATTERN = /^[A-Za-z0-9._-]{1,64}$/

const ALWAYS = {
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  // Not `no-referrer`: browsers would then send `Origin: null`, and our own forms would look like another site's.
  'Referrer-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
} as const

const UNLESS_GIVEN = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
} as const

/** The client's own id for the request when it is one that may stand in headers and logs, else a new one. */
export function requestIdOf(request: Request): string {
  const given = request.headers.get('X-Request-Id')
  return given !== null && REQUEST_ID_PATTERN.test(given) ? given : crypto.randomUUID()
}

export function setCommonHeaders(request: Request, headers: Headers, requestId: string): void {
  headers.set('X-Request-Id', requestId)
  // RFC 9110, 6.6.1. Pages tell from it how far the clock they run by is off.
  headers.set('Date', new Date().toUTCString())
  for (const [name, value] of Object.entries(ALWAYS)) headers.set(name, value)
  for (const [name, value] of Object.entries(UNLESS_GIVEN)) if (!headers.has(name)) headers.set(name, value)
  if (request.url.startsWith('https:')) headers.set('Strict-Transport-Security', 'max-age=31536000')
}
