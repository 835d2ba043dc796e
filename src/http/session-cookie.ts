import { isLoopback } from '../loopback.ts'
import { VISITOR_COOKIE } from './credentials.ts'

/** The `Set-Cookie` of a guest's session. `url`: of the request that it answers. */
export function sessionCookie(token: string, maxAgeSeconds: number, url: URL): string {
  const cookie = `${VISITOR_COOKIE}=${token}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Lax`
  // Browsers drop a Secure cookie that arrives without TLS, and a local run has none.
  return isLoopback(url.hostname) ? cookie : `${cookie}; Secure`
}
