/**
 * Who is calling. A bearer wins over the cookie, and a bad bearer is refused even beside a good cookie: a client that
 * sends one means it.
 */
import { parse } from 'hono/utils/cookie'
import { err, ok } from '../core/result.ts'
import type { Result } from '../core/result.ts'
import type { Config } from '../config.ts'
import type { VisitorTokens } from '../ports/tokens.ts'
import type { Auth, Caller } from './endpoint.ts'
import type { GatewayFailure } from './failure.ts'
import { sameSecret } from './digest.ts'

export const VISITOR_COOKIE = 'usher_visitor'

export type Credential = { readonly caller: Exclude<Caller, null>; readonly byCookie: boolean }

type Keys = Pick<Config, 'adminApiKey' | 'originApiKey'>

/** Reads and checks the credential of a request; `unauthenticated` without one or with a bad one. */
export async function authenticate(
  headers: Headers,
  { config, visitorTokens }: { config: Keys; visitorTokens: VisitorTokens },
): Promise<Result<Credential, GatewayFailure>> {
  const authorization = headers.get('Authorization')
  if (authorization !== null) {
    const bearer = /^Bearer +(\S+) *$/i.exec(authorization)?.[1]
    if (bearer === undefined) return err({ reason: 'unauthenticated' })
    if (await sameSecret(bearer, config.adminApiKey))
      return ok({ caller: { kind: 'operator' }, byCookie: false })
    if (await sameSecret(bearer, config.originApiKey))
      return ok({ caller: { kind: 'origin' }, byCookie: false })
    return authenticateVisitor(bearer, visitorTokens, false)
  }
  const cookie = parse(headers.get('Cookie') ?? '', VISITOR_COOKIE)[VISITOR_COOKIE]
  if (cookie === undefined) return err({ reason: 'unauthenticated' })
  return authenticateVisitor(cookie, visitorTokens, true)
}

/** Whether this kind of caller may call an endpoint of this kind. */
export function isAllowed(caller: Exclude<Caller, null>, auth: Auth): boolean {
  if (auth === 'anybody') return true
  if (auth === 'operator')
    return caller.kind === 'operator' || (caller.kind === 'visitor' && caller.isOperator)
  return caller.kind === auth
}

async function authenticateVisitor(
  token: string,
  visitorTokens: VisitorTokens,
  byCookie: boolean,
): Promise<Result<Credential, GatewayFailure>> {
  const verified = await visitorTokens.verify(token)
  if (verified.ok) return ok({ caller: { kind: 'visitor', ...verified.value }, byCookie })
  return err({ reason: verified.error === 'token-invalid' ? 'unauthenticated' : verified.error })
}
