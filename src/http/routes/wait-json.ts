/**
 * The waiting page for programs. As at Cloudflare one request is enough to be in line, and every further one keeps the
 * place. So it changes state, and is refused where a browser says that a page of another site makes it.
 */
import type * as z from 'zod'
import { err, ok } from '../../core/result.ts'
import type { Result } from '../../core/result.ts'
import type { EventStatus, Place } from '../../core/views.ts'
import { authenticate } from '../credentials.ts'
import type { Call, Visitor } from '../endpoint.ts'
import type { Failure } from '../failure.ts'
import { cfWaitingRoom } from '../pages/cf-waiting-room.ts'
import { checkRate } from '../rate-limit.ts'
import { json } from '../reply.ts'
import { isFromForeignPage } from '../same-origin.ts'
import { sessionCookie } from '../session-cookie.ts'

type WaitCall = Call<'/wait/{eventId}', 'anybody', z.ZodUndefined>

/** `cookie`: of a session that was started for this answer. */
type Identified = { readonly visitor: Visitor; readonly cookie: string | null }

/** Cloudflare's JSON for this visitor, who joins if there is a line to join. */
export async function waitJson(call: WaitCall): Promise<Result<Response, Failure>> {
  const { request, config, line, params, nowMs } = call
  if (isFromForeignPage(request, config.corsOrigins)) return err({ reason: 'cross-site-request' })
  const status = await line(params.eventId).status()
  if (!status.ok) return status
  const identified = await identify(call, status.value)
  if (!identified.ok) return identified
  const place = await placeOf(call, identified.value?.visitor ?? null, status.value)
  if (!place.ok) return place
  const body = {
    cfWaitingRoom: cfWaitingRoom(status.value, place.value, nowMs()),
    usher: { place: place.value, shopUrl: config.shopUrl },
  }
  const cookie = identified.value?.cookie ?? null
  return ok(json(200, body, cookie === null ? {} : { 'Set-Cookie': cookie }))
}

/** Who asks: a visitor with a session, or a new guest; null for a stranger while nobody can join. */
async function identify(call: WaitCall, event: EventStatus): Promise<Result<Identified | null, Failure>> {
  const { request, config, visitorTokens, nowMs } = call
  const found = await authenticate(request.headers, call)
  if (found.ok) {
    const { caller } = found.value
    return caller.kind === 'visitor' ? ok({ visitor: caller, cookie: null }) : err({ reason: 'forbidden' })
  }
  // A bad bearer is meant; a bad cookie is an old one, and its owner a new guest.
  if (found.error.reason !== 'unauthenticated' || request.headers.has('Authorization')) return found
  if (!takesJoins(event)) return ok(null)
  const rated = await checkRate('session', { headers: request.headers, caller: null }, call)
  if (!rated.ok) return rated
  const guest = await visitorTokens.createGuest(nowMs())
  if (guest === null) return err({ reason: 'unauthenticated' })
  const cookie = sessionCookie(guest.token, config.visitorTokenTtlSeconds, new URL(request.url))
  return ok({ visitor: { kind: 'visitor', userId: guest.userId, isOperator: false }, cookie })
}

/** The place that the visitor has, or takes now. */
async function placeOf(
  call: WaitCall,
  visitor: Visitor | null,
  event: EventStatus,
): Promise<Result<Place | null, Failure>> {
  if (visitor === null) return ok(null)
  const line = call.line(event.eventId)
  const found = await line.place(visitor.userId)
  if (!found.ok && found.error.reason !== 'not-in-queue') return found
  if (found.ok && (found.value.state === 'WAITING' || found.value.state === 'ADMITTED')) return found
  if (!takesJoins(event)) return ok(null)
  const rated = await checkRate('join', { headers: call.request.headers, caller: visitor }, call)
  if (!rated.ok) return rated
  const joined = await line.join(visitor.userId)
  return joined.ok ? ok(joined.value.place) : joined
}

/** docs/states.md, the table of statuses. */
function takesJoins({ status, queueing }: EventStatus): boolean {
  if (queueing === 'reject') return false
  return status === 'open' || status === 'paused' || (status === 'scheduled' && queueing === 'lottery')
}
