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

/** The list asks every public line, so each isolate asks a line at most this often for it. */
const STATUS_MAX_AGE_MS = 1_000

type Known = { readonly madeAtMs: EpochMs; readonly status: EventStatus }

/** A function, because what the lines said last is kept with the endpoint. */
export function eventEndpoints(): Endpoint[] {
  // Resolved values, not promises: a promise made by one request must not be awaited by another.
  let known: ReadonlyMap<string, Known> = new Map()
  return [
    endpoint({
      method: 'GET',
      path: '/api/v1/events',
      auth: 'anybody',
      tag: 'Visitors',
      summary: 'The public events.',
      responses: { 200: { description: 'Ordered by id.', schema: eventList } },
      async handler(call) {
        // Which events there are is asked each time, so that a new one is listed at once.
        const latest = await publicEvents(call, known)
        known = new Map(latest.map((entry) => [entry.status.eventId, entry]))
        return ok(json(200, { events: latest.map(({ status }) => status) }))
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

async function publicEvents(
  { registry, line, log, nowMs }: GatewayDeps,
  known: ReadonlyMap<string, Known>,
): Promise<Known[]> {
  const registered = (await registry.events()).filter((event) => event.public)
  const madeAtMs = nowMs()
  const statuses = await mapBounded(registered, FAN_OUT_WIDTH, async ({ eventId }): Promise<Known[]> => {
    const kept = known.get(eventId)
    if (kept !== undefined && madeAtMs - kept.madeAtMs < STATUS_MAX_AGE_MS) return [kept]
    try {
      const status = await line(eventId).status()
      // Registered, but not created yet or deleted already.
      return status.ok ? [{ madeAtMs, status: status.value }] : []
    } catch (error) {
      // One line in trouble must not hide the others; it is missing from the list until it answers.
      log.warn('event_unlisted', { eventId, ...errorFields(error) })
      return []
    }
  })
  return statuses.flat()
}
