import { ok } from '../../core/result.ts'
import { endpoint } from '../endpoint.ts'
import { withSeatsGivenBack } from '../leaving.ts'
import { json, noContent } from '../reply.ts'
import { emptyBody } from '../schemas/requests.ts'
import { place } from '../schemas/views.ts'

const PATH = '/api/v1/events/{eventId}/queue'

export const queueEndpoints = [
  endpoint({
    method: 'POST',
    path: PATH,
    auth: 'visitor',
    tag: 'Visitors',
    summary: 'Join the line. Joining again answers the same place.',
    body: emptyBody,
    idempotent: 'by gateway',
    limit: 'join',
    responses: {
      201: { description: 'Joined.', schema: place },
      200: { description: 'Had joined before.', schema: place },
    },
    problems: ['event-not-found', 'event-not-open', 'sold-out', 'queue-rejecting'],
    async handler({ line, params, caller }) {
      const joined = await line(params.eventId).join(caller.userId)
      return joined.ok ? ok(json(joined.value.created ? 201 : 200, joined.value.place)) : joined
    },
  }),
  endpoint({
    method: 'GET',
    path: PATH,
    auth: 'visitor',
    tag: 'Visitors',
    summary: "The visitor's place; also a sign of life.",
    responses: { 200: { description: 'The place.', schema: place } },
    problems: ['event-not-found', 'not-in-queue'],
    async handler({ line, params, caller }) {
      const found = await line(params.eventId).place(caller.userId)
      return found.ok ? ok(json(200, found.value)) : found
    },
  }),
  endpoint({
    method: 'DELETE',
    path: PATH,
    auth: 'visitor',
    tag: 'Visitors',
    summary: 'Leave the line, or give an admission back.',
    responses: { 204: { description: 'Not in the line, whether or not that was so before.' } },
    problems: ['event-not-found'],
    async handler(call) {
      const { eventId } = call.params
      const left = await withSeatsGivenBack(call, eventId, await call.line(eventId).leave(call.caller.userId))
      if (left.ok || left.error.reason === 'not-in-queue') return ok(noContent())
      return left
    },
  }),
]
