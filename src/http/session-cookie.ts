import { setCookie } from './cookies.ts'
import { VISITOR_COOKIE } from './credentials.ts'

/** The `Set-Cookie` of a guest's session. `url`: of the request that it answers. */
export function sessionCookie(token: string, maxAgeSeconds: number, url: string): string {
  return setCookie(VISITOR_COOKIE, token, { maxAgeSeconds, sameSite: 'Lax', url })
}
