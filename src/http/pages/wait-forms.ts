/**
 * The forms of the waiting page, for browsers without scripts. The answer leads back to the page, which shows what came of
 * them. What relies on the cookie has to come from our own page, as everywhere.
 */
import { err, ok } from '../../core/result.ts'
import type { Result } from '../../core/result.ts'
import type { LineFailure } from '../../core/failures.ts'
import type { Failure } from '../failure.ts'
import type { GatewayDeps } from '../gateway-deps.ts'
import { withSeatsGivenBack } from '../leaving.ts'
import { checkRate } from '../rate-limit.ts'
import { isFromOwnPages } from '../same-origin.ts'
import { sessionCookie } from '../session-cookie.ts'
import { returnPathIn, visitorOf } from './wait-room.ts'

type Sent = GatewayDeps & { readonly request: Request; readonly params: { readonly eventId: string } }
type Answer = Result<Response, Failure>

/** Takes a place, and starts a guest session for whoever has none. */
export async function joinByForm(sent: Sent): Promise<Answer> {
  const { request, config, visitorTokens, line, params, nowMs } = sent
  const visitor = await visitorOf(request, sent)
  if (isForged(visitor, sent)) return err({ reason: 'cross-site-request' })
  if (visitor !== null) return backToPage(sent, await line(params.eventId).join(visitor.userId))
  const rated = await checkRate('session', { headers: request.headers, caller: null }, sent)
  if (!rated.ok) return rated
  const guest = await visitorTokens.createGuest(nowMs())
  // Guests are refused: the page asks to sign in.
  if (guest === null) return backToPage(sent, ok(null))
  const cookie = sessionCookie(guest.token, config.visitorTokenTtlSeconds, request.url)
  return backToPage(sent, await line(params.eventId).join(guest.userId), cookie)
}

export async function leaveByForm(sent: Sent): Promise<Answer> {
  const visitor = await visitorOf(sent.request, sent)
  if (isForged(visitor, sent)) return err({ reason: 'cross-site-request' })
  if (visitor === null) return backToPage(sent, ok(null))
  const { eventId } = sent.params
  const left = await sent.line(eventId).leave(visitor.userId)
  return backToPage(sent, await withSeatsGivenBack(sent, eventId, left))
}

function isForged(visitor: { readonly byCookie: boolean } | null, { request, config }: Sent): boolean {
  return visitor?.byCookie === true && !isFromOwnPages(request, config.corsOrigins)
}

/** Whatever else a closed, sold-out or rejecting event refuses, the page says in the visitor's words. */
function backToPage(sent: Sent, done: Result<unknown, LineFailure>, cookie: string | null = null): Answer {
  if (!done.ok && done.error.reason === 'event-not-found') return done
  const returnPath = returnPathIn(sent.request, sent)
  const query = returnPath === null ? '' : `?return=${encodeURIComponent(returnPath)}`
  const headers = new Headers({ Location: `/wait/${sent.params.eventId}${query}` })
  if (cookie !== null) headers.set('Set-Cookie', cookie)
  return ok(new Response(null, { status: 303, headers }))
}
