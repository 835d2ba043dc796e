/**
 * Who is calling. A bearer wins over the cookies, and a bad bearer is refused even beside a good cookie: a client that
 * sends one means it. A browser may have both cookies: the operator's counts at operators' endpoints, and only there.
 */
import { parse } from 'hono/utils/cookie'
import { err, ok } from '../core/result.ts'
import type { Result } from '../core/result.ts'
import type { Config } from '../config.ts'
import type { EpochMs } from '../core/time.ts'
import type { OperatorSessions, VisitorTokens } from '../ports/tokens.ts'
import type { Auth, Caller } from './endpoint.ts'
import type { GatewayFailure } from './failure.ts'
import { sameSecret } from './digest.ts'
import { operatorSessionOf } from './operator-cookie.ts'

export const VISITOR_COOKIE = 'usher_visitor'

/** Three parts, of which the first is the base64url of `{"`: every JWT (RFC 7519), and no key unless somebody chose it so. */
const JWT_PATTERN = /^eyJ[\w-]*\.[\w-]+\.[\w-]*$/

/** What the audit log calls whoever has the key, and a session without a name. */
export const OPERATOR_NAME = 'operator'

export type Credential = {
  readonly caller: Exclude<Caller, null>
  /** Whose cookie it was; null for a bearer. */
  readonly byCookie: 'visitor' | 'operator' | null
}

type Keys = Pick<Config, 'adminApiKey' | 'originApiKey'>

type Deps = {
  readonly config: Keys
  readonly visitorTokens: VisitorTokens
  readonly operatorSessions: OperatorSessions
  readonly nowMs: () => EpochMs
}

/** Reads and checks the credential of a request; `unauthenticated` without one or with a bad one. */
export async function authenticate(
  headers: Headers,
  auth: Auth,
  deps: Deps,
): Promise<Result<Credential, GatewayFailure>> {
  const { config, visitorTokens } = deps
  const authorization = headers.get('Authorization')
  if (authorization !== null) {
    const bearer = /^Bearer +(\S+) *$/i.exec(authorization)?.[1]
    if (bearer === undefined) return err({ reason: 'unauthenticated' })
    // Nearly every bearer is a visitor's, and hashing it to compare it with two keys costs more than verifying it.
    if (JWT_PATTERN.test(bearer)) {
      const visitor = await authenticateVisitor(bearer, visitorTokens, null)
      if (visitor.ok) return visitor
      return keyHolder(bearer, config) ?? visitor
    }
    return keyHolder(bearer, config) ?? authenticateVisitor(bearer, visitorTokens, null)
  }
  if (auth !== 'operator') return visitorByCookie(headers, visitorTokens)
  const session = await operatorSessionOf(headers, deps)
  if (session === undefined) return visitorByCookie(headers, visitorTokens)
  if (session !== null) {
    return ok({ caller: { kind: 'operator', name: session.name, session }, byCookie: 'operator' })
  }
  // The session is over. A visitor's cookie beside it counts if it is an operator's; else it is time to sign in again.
  const visitor = await visitorByCookie(headers, visitorTokens)
  return visitor.ok && isAllowed(visitor.value.caller, auth) ? visitor : err({ reason: 'unauthenticated' })
}

async function visitorByCookie(
  headers: Headers,
  visitorTokens: VisitorTokens,
): Promise<Result<Credential, GatewayFailure>> {
  const cookie = parse(headers.get('Cookie') ?? '', VISITOR_COOKIE)[VISITOR_COOKIE]
  if (cookie === undefined) return err({ reason: 'unauthenticated' })
  return authenticateVisitor(cookie, visitorTokens, 'visitor')
}

/** Whether this kind of caller may call an endpoint of this kind. */
export function isAllowed(caller: Exclude<Caller, null>, auth: Auth): boolean {
  if (auth === 'anybody') return true
  if (auth === 'operator')
    return caller.kind === 'operator' || (caller.kind === 'visitor' && caller.isOperator)
  return caller.kind === auth
}

/** Null for a bearer that is none of our keys. */
function keyHolder(bearer: string, { adminApiKey, originApiKey }: Keys): Result<Credential, never> | null {
  if (sameSecret(bearer, adminApiKey)) {
    return ok({ caller: { kind: 'operator', name: OPERATOR_NAME, session: null }, byCookie: null })
  }
  if (sameSecret(bearer, originApiKey)) return ok({ caller: { kind: 'origin' }, byCookie: null })
  return null
}

async function authenticateVisitor(
  token: string,
  visitorTokens: VisitorTokens,
  byCookie: 'visitor' | null,
): Promise<Result<Credential, GatewayFailure>> {
  const verified = await visitorTokens.verify(token)
  if (verified.ok) return ok({ caller: { kind: 'visitor', ...verified.value }, byCookie })
  return err({ reason: verified.error === 'token-invalid' ? 'unauthenticated' : verified.error })
}
