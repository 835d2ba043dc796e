import { mapBounded } from '../../bounded.ts'
import { ok } from '../../core/result.ts'
import type { EpochMs } from '../../core/time.ts'
import type { EventStatus } from '../../core/views.ts'
import { errorFields } from '../../observability/log.ts'
import { endpoint } from '../endpoint.ts'
import type { Endpoint } from '../endpoint.ts'
import { FAN_OUT_WIDTH } from '../gateway-deps.ts'
import type { GatewayDeps } from '../gateway-deps.ts'
import { json } from '../reply.ts'
import { eventList, eventStatus } from '../schemas/views.ts'

/** The list asks every public line, so each isolate asks at most this often. */
const LIST_MAX_AGE_MS = 1_000

/** A function, because the list that was made last is kept with the endpoint. */
export function eventEndpoints(): Endpoint[] {
  // The resolved value, not its promise: a promise made by one request must not be awaited by another.
  let latest: { readonly madeAtMs: EpochMs; readonly events: readonly EventStatus[] } | undefined
  return [
    endpoint({
      method: 'GET',
      path: '/api/v1/events',
      auth: 'anybody',
      tag: 'Visitors',
      summary: 'The public events.',
      responses: { 200: { description: 'Ordered by id.', schema: eventList } },
      async handler(call) {
        const nowMs = call.nowMs()
        if (latest === undefined || nowMs - latest.madeAtMs >= LIST_MAX_AGE_MS) {
          latest = { madeAtMs: nowMs, events: await publicEvents(call) }
        }
        return ok(json(200, { events: latest.events }))
      },
    }),
    endpoint({
      method: 'GET',
      path: '/api/v1/events/{eventId}',
      auth: 'anybody',
      tag: 'Visitors',
      summary: 'How an event stands.',
      responses: { 200: { description: 'May be cached for a second.', schema: eventStatus } },
      problems: ['event-not-found'],
      async handler({ line, params }) {
        const status = await line(params.eventId).status()
        return status.ok ? ok(json(200, status.value, { 'Cache-Control': 'public, max-age=1' })) : status
      },
    }),
  ]
}

async function publicEvents({ registry, line, log }: GatewayDeps): Promise<EventStatus[]> {
  const registered = (await registry.events()).filter((event) => event.public)
  const statuses = await mapBounded(registered, FAN_OUT_WIDTH, async ({ eventId }) => {
    try {
      const status = await line(eventId).status()
      // Registered, but not created yet or deleted already.
      return status.ok ? [status.value] : []
    } catch (error) {
      // One line in trouble must not hide the others; it is missing from the list until it answers.
      log.warn('event_unlisted', { eventId, ...errorFields(error) })
      return []
    }
  })
  return statuses.flat()
}
