/** The seats of an event: the catalogue and the map. */
import { changedFields } from '../../core/field-changes.ts'
import { err, ok } from '../../core/result.ts'
import { endpoint } from '../../http/endpoint.ts'
import { json } from '../../http/reply.ts'
import { failureOf } from './failures.ts'
import { seatMap, seatPlanBody, seatPlanResult } from './schemas.ts'

export const seatEndpoints = [
  endpoint({
    method: 'PUT',
    path: '/api/v1/admin/events/{eventId}/seats',
    auth: 'operator',
    tag: 'Purchase',
    summary: 'Plan the seats of an event and their prices. Seats that somebody has must stay.',
    audit: 'seats.put',
    body: seatPlanBody,
    responses: { 200: { description: 'Planned.', schema: seatPlanResult } },
    problems: ['event-not-found', 'seats-in-use'],
    async handler(call) {
      const { line, purchase, params, body } = call
      const event = await line(params.eventId).detail()
      if (!event.ok) return event
      const planned = await purchase.office(params.eventId).plan(body.sections)
      if (!planned.ok) return err(failureOf(planned.error))
      call.recordChanges(changedFields(null, body))
      return ok(json(200, planned.value))
    },
  }),
  endpoint({
    method: 'GET',
    path: '/api/v1/events/{eventId}/seats',
    auth: 'anybody',
    tag: 'Purchase',
    summary:
      'The seats, their prices and states. `If-None-Match` with the ETag asks only whether they have changed.',
    responses: {
      200: { description: 'The map; its ETag is its version.', schema: seatMap },
      304: { description: 'Unchanged.' },
    },
    problems: ['event-not-found'],
    async handler({ line, purchase, params, request }) {
      const map = await purchase.office(params.eventId).map(versionOf(request.headers.get('If-None-Match')))
      if (map.version === 0) {
        // Nobody has planned seats here: is there an event at all?
        const event = await line(params.eventId).status()
        if (!event.ok) return event
      }
      const headers = { ETag: `"${map.version}"` }
      if (map.seats === null) return ok(new Response(null, { status: 304, headers }))
      const body = `{"seats":${map.seats},"version":${map.version}}`
      return ok(
        new Response(body, { headers: { ...headers, 'Content-Type': 'application/json; charset=utf-8' } }),
      )
    },
  }),
]

/** The version that a client has, null when it names none of ours. */
function versionOf(ifNoneMatch: string | null): number | null {
  const version = /^(?:W\/)?"(\d{1,15})"$/.exec(ifNoneMatch ?? '')?.[1]
  return version === undefined ? null : Number(version)
}
