/** The cookies that Usher sets: HttpOnly, for the whole host. */
import { isLoopback } from '../loopback.ts'

/** `maxAgeSeconds` 0 makes the browser forget the cookie. */
export function setCookie(
  name: string,
  value: string,
  options: { readonly maxAgeSeconds: number; readonly sameSite: 'Lax' | 'Strict'; readonly url: string },
): string {
  const { maxAgeSeconds, sameSite, url } = options
  const cookie = `${name}=${value}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=${sameSite}`
  // Browsers drop a Secure cookie that arrives without TLS, and a local run has none.
  return isLoopback(new URL(url).hostname) ? cookie : `${cookie}; Secure`
}
