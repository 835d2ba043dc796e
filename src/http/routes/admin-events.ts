import { mapBounded, withTimeout } from '../../bounded.ts'
import { EVENT_ACTIONS } from '../../core/event-config.ts'
import { ok } from '../../core/result.ts'
import type { EventDetail } from '../../core/views.ts'
import { errorFields } from '../../observability/log.ts'
import { endpoint } from '../endpoint.ts'
import { FAN_OUT_WIDTH } from '../gateway-deps.ts'
import type { GatewayDeps } from '../gateway-deps.ts'
import { json, noContent } from '../reply.ts'
import { eventConfigBody, eventConfigOf, eventConfigPatchBody } from '../schemas/event-config.ts'
import { emptyBody } from '../schemas/requests.ts'
import { eventDetail, eventDetailList } from '../schemas/views.ts'
import { actOnEvent, changeEvent, forgetEvent, replaceEvent } from './event-changes.ts'

/** A line that takes longer is in trouble, and an operator who looks at all of them should see the others. */
const DETAIL_TIMEOUT_MS = 3_000

const EVENTS = '/api/v1/admin/events'
const EVENT = '/api/v1/admin/events/{eventId}'
const DETAIL = { description: 'The configuration with live counts.', schema: eventDetail }

export const adminEventEndpoints = [
  endpoint({
    method: 'PUT',
    path: EVENT,
    auth: 'operator',
    tag: 'Operators',
    summary: 'Create an event, or replace its whole configuration.',
    audit: 'event.put',
    body: eventConfigBody,
    responses: { 201: { ...DETAIL, description: 'Created.' }, 200: { ...DETAIL, description: 'Replaced.' } },
    problems: ['invalid-transition', 'store-unavailable'],
    handler: (call) =>
      replaceEvent(call, eventConfigOf(call.params.eventId, call.body), call.body.status !== undefined),
  }),
  endpoint({
    method: 'PATCH',
    path: EVENT,
    auth: 'operator',
    tag: 'Operators',
    summary: 'Change some fields, also for those already waiting.',
    audit: 'event.patch',
    body: eventConfigPatchBody,
    responses: { 200: DETAIL },
    problems: ['event-not-found', 'invalid-transition', 'store-unavailable'],
    handler: (call) => changeEvent(call, call.body),
  }),
  endpoint({
    method: 'GET',
    path: EVENT,
    auth: 'operator',
    tag: 'Operators',
    summary: 'An event with its live counts.',
    responses: { 200: DETAIL },
    problems: ['event-not-found'],
    async handler({ line, params }) {
      const detail = await line(params.eventId).detail()
      return detail.ok ? ok(json(200, detail.value)) : detail
    },
  }),
  endpoint({
    method: 'GET',
    path: EVENTS,
    auth: 'operator',
    tag: 'Operators',
    summary: 'All events with their live counts.',
    responses: {
      200: {
        description: 'Ordered by id; `unanswered` are those that could not be asked.',
        schema: eventDetailList,
      },
    },
    async handler(call) {
      return ok(json(200, await allDetails(call)))
    },
  }),
  endpoint({
    method: 'DELETE',
    path: EVENT,
    auth: 'operator',
    tag: 'Operators',
    summary: 'Forget a closed event.',
    audit: 'event.delete',
    responses: { 204: { description: 'Forgotten.' } },
    problems: ['event-not-found', 'event-not-closed', 'store-unavailable'],
    async handler(call) {
      const forgotten = await forgetEvent(call)
      return forgotten.ok ? ok(noContent()) : forgotten
    },
  }),
  ...EVENT_ACTIONS.map((action) =>
    endpoint({
      method: 'POST',
      path: `${EVENT}/${action}` as const,
      auth: 'operator',
      tag: 'Operators',
      summary: `Change the status: ${action}. Every waiter hears it on the stream.`,
      audit: `event.${action}`,
      // What an operator reaches for when things go wrong; it takes nothing from anybody.
      ...(action === 'pause' && { isBrake: true }),
      body: emptyBody,
      responses: { 200: DETAIL },
      problems: ['event-not-found', 'invalid-transition', 'store-unavailable'],
      handler: (call) => actOnEvent(call, action),
    }),
  ),
]

/** One line in trouble must not hide the others, nor be taken for one that is not there. */
async function allDetails({
  registry,
  line,
  log,
}: GatewayDeps): Promise<{ events: EventDetail[]; unanswered?: string[] }> {
  const unanswered: string[] = []
  const details = await mapBounded(await registry.events(), FAN_OUT_WIDTH, async ({ eventId }) => {
    try {
      const detail = await withTimeout(line(eventId).detail(), DETAIL_TIMEOUT_MS)
      // Registered, but not created yet or deleted already: not an event now.
      return detail.ok ? [detail.value] : []
    } catch (error) {
      log.warn('event_unlisted', { eventId, ...errorFields(error) })
      unanswered.push(eventId)
      return []
    }
  })
  const events = details.flat()
  return unanswered.length === 0 ? { events } : { events, unanswered: unanswered.toSorted() }
}
