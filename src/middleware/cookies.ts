/** Cookies of the shop's origin: read from a request, written for a response. */
import { isLoopback } from '../loopback.ts'

/** The value of the first cookie of this name, or null. Values of ours need no decoding. */
export function readCookie(headers: Headers, name: string): string | null {
  for (const pair of (headers.get('Cookie') ?? '').split(';')) {
    const [key = '', value = ''] = pair.split(/=(.*)/s, 2)
    if (key.trim() === name) return value.trim()
  }
  return null
}

/** The name under which this shop keeps a cookie: `__Host-` binds it to exactly this host, and needs TLS. */
export function cookieName(name: string, shop: URL): string {
  return isPlainLocal(shop) ? name : `__Host-${name}`
}

/** A `Set-Cookie`: out of reach for scripts, and not sent with what other sites post or embed. 0 seconds: deleted. */
export function setCookie(name: string, value: string, maxAgeSeconds: number, shop: URL): string {
  const flags = isPlainLocal(shop) ? 'HttpOnly; SameSite=Lax' : 'HttpOnly; Secure; SameSite=Lax'
  return `${cookieName(name, shop)}=${value}; Path=/; Max-Age=${maxAgeSeconds}; ${flags}`
}

/**
 * Only http on this machine goes without `Secure`. A server behind a proxy that ends TLS sees http too, and the
 * browser does not.
 */
function isPlainLocal({ protocol, hostname }: URL): boolean {
  return protocol === 'http:' && isLoopback(hostname)
}
