/**
 * Cross-site request forgery: a cookie is sent by the browser whoever made the request, so a request that relies on
 * one and changes something must come from our own pages, or from origins that the operator has named.
 */

/** Browsers say where a request comes from; one that says nothing of it is no browser of today and is refused. */
export function isFromOwnPages(request: Request, allowedOrigins: readonly string[]): boolean {
  return statedOrigin(request, allowedOrigins) === 'own'
}

/** Only what is plainly another site's doing. For requests that programs without a browser make as well. */
export function isFromForeignPage(request: Request, allowedOrigins: readonly string[]): boolean {
  return statedOrigin(request, allowedOrigins) === 'foreign'
}

function statedOrigin(request: Request, allowedOrigins: readonly string[]): 'own' | 'foreign' | 'unstated' {
  const origin = request.headers.get('Origin')
  if (origin !== null && allowedOrigins.includes(origin)) return 'own'
  const site = request.headers.get('Sec-Fetch-Site')
  if (site === 'same-origin') return 'own'
  // `none`: typed into the address bar, or opened from a bookmark. Neither has an origin; a form sent once more has.
  if (site !== null && site !== 'none') return 'foreign'
  if (origin !== null) return origin === new URL(request.url).origin ? 'own' : 'foreign'
  return site === 'none' ? 'own' : 'unstated'
}
