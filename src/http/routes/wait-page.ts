import { ok } from '../../core/result.ts'
import { endpoint } from '../endpoint.ts'
import { renderMissingPage, renderWaitPage } from '../pages/wait-page.ts'
import { PROBLEMS } from '../problem-catalog.ts'
import { queueItEntryPath } from '../queue-it-target.ts'
import { html } from '../reply.ts'
import { waitingRoomAnswer } from '../schemas/cf-waiting-room.ts'
import { wantsJson } from '../wants-json.ts'
import { waitJson } from './wait-json.ts'

const PAGE = { description: 'The page.', contentType: 'text/html' }

export const waitPageEndpoints = [
  endpoint({
    method: 'GET',
    path: '/wait/{eventId}',
    auth: 'anybody',
    tag: 'Visitors',
    summary: 'The waiting page; for programs, which then are in line, the same as JSON.',
    responses: {
      200: { ...PAGE, json: waitingRoomAnswer },
      400: { ...PAGE, description: 'No event can have this id; as a page.' },
      404: { ...PAGE, description: 'There is no such event; as a page.' },
    },
    problems: ['unauthenticated', 'forbidden', 'cross-site-request', 'rate-limited', 'identity-unavailable'],
    async handler(call) {
      const { request, line, params, config } = call
      if (request.method === 'GET' && wantsJson(request.headers.get('Accept'))) return waitJson(call)
      const { eventId } = params
      const { shopUrl } = config
      const found = await line(eventId).status()
      if (!found.ok) return found
      const { name: eventName, status } = found.value
      const linkPath = queueItEntryPath(eventId, new URL(request.url), config)
      const page = renderWaitPage({ eventId, eventName, status, shopUrl, linkPath })
      return ok(html(200, page, pageHeaders(shopUrl)))
    },
    renderFailure({ reason }, { headers }) {
      if (wantsJson(headers.get('Accept'))) return null
      if (reason !== 'event-not-found' && reason !== 'invalid-request') return null
      return html(PROBLEMS[reason].status, renderMissingPage(), pageHeaders(null))
    },
  }),
]

/** Nothing inline and nothing from elsewhere; the token may be posted to the shop and to nobody else. */
function pageHeaders(shopUrl: string | null): Record<string, string> {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self' data:",
    `form-action 'self'${shopUrl === null ? '' : ` ${new URL(shopUrl).origin}`}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ]
  return { 'Content-Security-Policy': policy.join('; ') }
}
