import { ok } from '../../core/result.ts'
import { endpoint } from '../endpoint.ts'
import type { Endpoint } from '../endpoint.ts'
import { joinByForm, leaveByForm } from '../pages/wait-forms.ts'
import { WaitPages } from '../pages/wait-pages.ts'
import { visitorOf } from '../pages/wait-room.ts'
import { waitingRoomAnswer } from '../schemas/cf-waiting-room.ts'
import { wantsJson } from '../wants-json.ts'
import { waitJson } from './wait-json.ts'

const PAGE = { description: 'The page.', contentType: 'text/html' }
const BACK = { 303: { description: 'Back to the page, which shows what came of it.' } }

const STYLE_HEADERS = {
  'Content-Type': 'text/css; charset=utf-8',
  // The address that the page gives it has a digest of it.
  'Cache-Control': 'public, max-age=31536000, immutable',
} as const

/** A function, because the operator's template is kept with the endpoints. */
export function waitPageEndpoints(): Endpoint[] {
  const pages = new WaitPages()
  const renderFailure: NonNullable<Endpoint['renderFailure']> = async (failure, request, deps) =>
    wantsJson(request) ? null : pages.ofFailure(failure, request, deps)
  return [
    endpoint({
      method: 'GET',
      path: '/wait/{eventId}',
      auth: 'anybody',
      tag: 'Visitors',
      summary:
        'The waiting page: how the visitor of the cookie stands. Joins nobody by itself, except as JSON.',
      responses: {
        200: { ...PAGE, json: waitingRoomAnswer },
        400: { ...PAGE, description: 'No event can have this id; as a page.' },
        404: { ...PAGE, description: 'There is no such event; as a page.' },
      },
      problems: [
        'unauthenticated',
        'forbidden',
        'cross-site-request',
        'rate-limited',
        'identity-unavailable',
      ],
      async handler(call) {
        if (wantsJson(call.request)) return waitJson(call)
        const visitor = await visitorOf(call.request, call)
        const visit = await call.line(call.params.eventId).visit(visitor?.userId ?? null)
        return visit.ok ? ok(await pages.ofVisit(call.request, visit.value, visitor !== null, call)) : visit
      },
      renderFailure,
    }),
    endpoint({
      method: 'POST',
      path: '/wait/{eventId}/join',
      auth: 'anybody',
      tag: 'Visitors',
      summary: 'Join the line by the form of the waiting page, for browsers without scripts.',
      limit: 'join',
      responses: BACK,
      problems: ['event-not-found', 'cross-site-request'],
      handler: joinByForm,
      renderFailure,
    }),
    endpoint({
      method: 'POST',
      path: '/wait/{eventId}/leave',
      auth: 'anybody',
      tag: 'Visitors',
      summary: 'Leave the line by the form of the waiting page.',
      responses: BACK,
      problems: ['event-not-found', 'cross-site-request'],
      handler: leaveByForm,
      renderFailure,
    }),
    endpoint({
      method: 'GET',
      path: '/brand.css',
      auth: 'anybody',
      tag: 'Visitors',
      summary: "The operator's colours.",
      responses: { 200: { description: 'A style sheet.', contentType: 'text/css' } },
      handler: async ({ config }) => ok(new Response(config.brand.style, { headers: STYLE_HEADERS })),
    }),
  ]
}
