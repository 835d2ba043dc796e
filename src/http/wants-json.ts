/** A HEAD is told what a page would be: nobody joins by one. */
export function wantsJson({ method, headers }: Request): boolean {
  return method !== 'HEAD' && prefersJson(headers.get('Accept'))
}

/**
 * Whether a client would rather have JSON than a page (RFC 9110, 12.5.1). Only one that names `application/json` and
 * likes it better than `text/html`: what browsers send for a page, and what takes anything, gets the page.
 */
export function prefersJson(accept: string | null): boolean {
  const qualities = new Map<string, number>()
  for (const range of (accept ?? '').split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase())
    qualities.set(type, qualityOf(parameters))
  }
  const json = qualities.get('application/json') ?? 0
  return json > (qualities.get('text/html') ?? 0)
}

function qualityOf(parameters: readonly string[]): number {
  const given = parameters.find((parameter) => parameter.startsWith('q='))
  const quality = given === undefined ? 1 : Number(given.slice(2))
  return quality >= 0 && quality <= 1 ? quality : 0
}
