/** The operator's session in its cookie, and its renewal. */
import { parse } from 'hono/utils/cookie'
import type { EpochMs } from '../core/time.ts'
import type { OperatorSession, OperatorSessions, SignedSession } from '../ports/tokens.ts'
import { setCookie } from './cookies.ts'
import type { Caller } from './endpoint.ts'

export const OPERATOR_COOKIE = 'usher_operator'

type Deps = { readonly operatorSessions: OperatorSessions; readonly nowMs: () => EpochMs }

/** What the cookie says; undefined without one, null for one that is no live session. */
export async function operatorSessionOf(
  headers: Headers,
  { operatorSessions, nowMs }: Deps,
): Promise<OperatorSession | null | undefined> {
  const token = parse(headers.get('Cookie') ?? '', OPERATOR_COOKIE)[OPERATOR_COOKIE]
  return token === undefined ? undefined : operatorSessions.verify(token, nowMs())
}

/** Strict: no page of another site, not even a link, makes the browser send it. */
export function operatorCookie({ token, session }: SignedSession, url: string, nowMs: EpochMs): string {
  const maxAgeSeconds = Math.max(0, Math.floor((session.expiresAtMs - nowMs) / 1_000))
  return setCookie(OPERATOR_COOKIE, token, { maxAgeSeconds, sameSite: 'Strict', url })
}

export function forgottenOperatorCookie(url: string): string {
  return setCookie(OPERATOR_COOKIE, '', { maxAgeSeconds: 0, sameSite: 'Strict', url })
}

/** The caller with a longer session, and the cookie that carries it, when it is time for that. */
export async function renewed(
  caller: Caller,
  url: string,
  { operatorSessions, nowMs }: Deps,
): Promise<{ caller: Caller; cookie: string | null }> {
  if (caller?.kind !== 'operator' || caller.session === null) return { caller, cookie: null }
  const signed = await operatorSessions.renew(caller.session, nowMs())
  if (signed === null) return { caller, cookie: null }
  return { caller: { ...caller, session: signed.session }, cookie: operatorCookie(signed, url, nowMs()) }
}
