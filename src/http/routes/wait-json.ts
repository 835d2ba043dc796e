/**
 * The waiting page for programs. As at Cloudflare one request is enough to be in line, and every further one keeps the
 * place. So it changes state, and is refused where a browser says that a page of another site makes it.
 */
import type * as z from 'zod'
import { err, ok } from '../../core/result.ts'
import type { Result } from '../../core/result.ts'
import type { Place } from '../../core/views.ts'
import { authenticate } from '../credentials.ts'
import type { Call, Visitor } from '../endpoint.ts'
import type { Failure } from '../failure.ts'
import { cfWaitingRoom } from '../pages/cf-waiting-room.ts'
import { takesJoins } from '../pages/wait-room.ts'
import { checkRate } from '../rate-limit.ts'
import { json } from '../reply.ts'
import { isFromForeignPage } from '../same-origin.ts'
import { sessionCookie } from '../session-cookie.ts'

type WaitCall = Call<'/wait/{eventId}', 'anybody', z.ZodUndefined, z.ZodUndefined>

/** `cookie`: of a session that was started for this answer. */
type Started = { readonly visitor: Visitor; readonly cookie: string | null }
type Taken = { readonly place: Place | null; readonly cookie: string | null }

const UNCHANGED: Taken = { place: null, cookie: null }

/** Cloudflare's JSON for this visitor, who joins if there is a line to join. */
export async function waitJson(call: WaitCall): Promise<Result<Response, Failure>> {
  const { request, config, line, params, nowMs } = call
  if (isFromForeignPage(request, config.corsOrigins)) return err({ reason: 'cross-site-request' })
  const caller = await callerOf(call)
  if (!caller.ok) return caller
  const visit = await line(params.eventId).visit(caller.value?.userId ?? null)
  if (!visit.ok) return visit
  const { status, place } = visit.value
  const taken = isAlive(place) || !takesJoins(status) ? ok(UNCHANGED) : await join(call, caller.value)
  if (!taken.ok) return taken
  const shown = taken.value.place ?? (isAlive(place) ? place : null)
  const body = {
    cfWaitingRoom: cfWaitingRoom(status, shown, nowMs()),
    usher: { place: shown, shopUrl: config.shopUrl },
  }
  const { cookie } = taken.value
  return ok(json(200, body, cookie === null ? {} : { 'Set-Cookie': cookie }))
}

/** Null for a stranger. A bad bearer is meant, and refused; a bad cookie is an old one, and its owner a stranger. */
async function callerOf({ request, ...deps }: WaitCall): Promise<Result<Visitor | null, Failure>> {
  const found = await authenticate(request.headers, 'visitor', deps)
  if (found.ok) {
    const { caller } = found.value
    return caller.kind === 'visitor' ? ok(caller) : err({ reason: 'forbidden' })
  }
  const isStranger = found.error.reason === 'unauthenticated' && !request.headers.has('Authorization')
  return isStranger ? ok(null) : found
}

/** Takes a place, for a stranger with a session that is started for it. */
async function join(call: WaitCall, known: Visitor | null): Promise<Result<Taken, Failure>> {
  const started = known === null ? await startSession(call) : ok({ visitor: known, cookie: null })
  if (!started.ok) return started
  const { visitor, cookie } = started.value
  const rated = await checkRate('join', { headers: call.request.headers, caller: visitor }, call)
  if (!rated.ok) return rated
  const joined = await call.line(call.params.eventId).join(visitor.userId)
  return joined.ok ? ok({ place: joined.value.place, cookie }) : joined
}

async function startSession(call: WaitCall): Promise<Result<Started, Failure>> {
  const { request, config, visitorTokens, nowMs } = call
  const rated = await checkRate('session', { headers: request.headers, caller: null }, call)
  if (!rated.ok) return rated
  const guest = await visitorTokens.createGuest(nowMs())
  if (guest === null) return err({ reason: 'unauthenticated' })
  const cookie = sessionCookie(guest.token, config.visitorTokenTtlSeconds, request.url)
  return ok({ visitor: { kind: 'visitor', userId: guest.userId, isOperator: false }, cookie })
}

function isAlive(place: Place | null): boolean {
  return place?.state === 'WAITING' || place?.state === 'ADMITTED'
}
