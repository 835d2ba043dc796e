import { err, ok } from '../../core/result.ts'
import type { Result } from '../../core/result.ts'
import type { LineApi } from '../../ports/lines.ts'
import { endpoint } from '../endpoint.ts'
import type { Failure } from '../failure.ts'
import { isProblemCode } from '../problem-catalog.ts'
import { streamEvent } from '../schemas/stream-events.ts'

const STREAM_HEADERS = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'no-store',
  // Proxies that gather an answer before passing it on would hold back events.
  'X-Accel-Buffering': 'no',
} as const

const RESPONSES = {
  200: {
    description: 'Server-sent events; the `data` of each is one of these.',
    schema: streamEvent,
    contentType: 'text/event-stream',
  },
}

export const streamEndpoints = [
  endpoint({
    method: 'GET',
    path: '/api/v1/events/{eventId}/queue/stream',
    auth: 'visitor',
    tag: 'Visitors',
    summary: 'Follow the place of a visitor who has joined.',
    // It ends the stream that the visitor has: another site's link must not.
    changesState: true,
    responses: RESPONSES,
    problems: ['event-not-found', 'not-in-queue'],
    handler: ({ line, params, caller, request }) =>
      follow(line(params.eventId), request, { userId: caller.userId }),
  }),
  endpoint({
    method: 'GET',
    path: '/api/v1/broker/events/{eventId}/tickets/waiting',
    auth: 'visitor',
    tag: 'Visitors',
    summary: 'Join if needed, and follow the place.',
    changesState: true,
    limit: 'join',
    responses: RESPONSES,
    problems: ['event-not-found', 'event-not-open', 'sold-out', 'queue-rejecting'],
    handler: ({ line, params, caller, request }) =>
      follow(line(params.eventId), request, { userId: caller.userId, join: '1' }),
  }),
]

/** Opens the stream and passes its body on untouched, so that a closed connection reaches the line. */
async function follow(
  line: LineApi,
  request: Request,
  who: Record<string, string>,
): Promise<Result<Response, Failure>> {
  if (request.method === 'HEAD') return headOnly(line, who)
  const query = new URLSearchParams(who)
  if (request.headers.has('Last-Event-ID')) query.set('resumed', '1')
  const upstream = await line.fetch(new Request(`https://line/stream?${query.toString()}`))
  if (upstream.status === 200) return ok(new Response(upstream.body, { headers: STREAM_HEADERS }))
  return err(await refusal(upstream))
}

/** HEAD is safe (RFC 9110, 9.2.1): it joins nobody and opens nothing. */
async function headOnly(line: LineApi, who: Record<string, string>): Promise<Result<Response, Failure>> {
  const found = who['join'] === undefined ? await line.place(who['userId'] ?? '') : await line.status()
  return found.ok ? ok(new Response(null, { headers: STREAM_HEADERS })) : found
}

async function refusal(upstream: Response): Promise<Failure> {
  const body: unknown = upstream.status === 409 ? await upstream.json() : null
  if (isFailure(body)) return body
  throw new Error(`the line answered a stream with ${upstream.status}`)
}

/** The line writes its own failure type; the reason is enough to tell it from anything else. */
function isFailure(body: unknown): body is Failure {
  return typeof body === 'object' && body !== null && 'reason' in body && isProblemCode(body.reason)
}
