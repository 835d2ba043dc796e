/**
 * What Queue-it's published connectors ask of a queue domain (docs/compatibility.md). They send visitors here, take a
 * token from the address that we send them back to, and never call us: an admission that is handed out so is redeemed
 * by the handing out, and lives as long as its lease and not longer.
 */
import { isId } from '../../core/ids.ts'
import { err, ok } from '../../core/result.ts'
import type { Result } from '../../core/result.ts'
import type { Admission } from '../../core/views.ts'
import type { QueueItConfig } from '../../tokens/queue-it-config.ts'
import { QUEUE_IT_EVENT_PATTERN, admissionIdOfQueueId, queueItToken } from '../../tokens/queue-it-token.ts'
import { sha256Base64Url } from '../digest.ts'
import { endpoint } from '../endpoint.ts'
import type { Failure } from '../failure.ts'
import { invalidRequest } from '../failure.ts'
import type { GatewayDeps } from '../gateway-deps.ts'
import { renderRefusedPage } from '../pages/queue-it.ts'
import { allowedTarget, waitPath, withToken } from '../queue-it-target.ts'
import { html, redirect } from '../reply.ts'
import { staticFile } from '../static-files.ts'

/** The way to the shop takes a second or two; the clocks of shop and Usher may differ. */
const TOKEN_LIFE_MS = 2 * 60 * 1_000
/** An order rarely spans more. */
const CANCELLED_MAX = 10

const TAG = 'Queue-it connectors'
const TO_PAGE = { description: 'To the waiting page.' }
const NOT_CONFIGURED = {
  description: 'QUEUE_IT_SECRET_KEY is not set.',
  contentType: 'application/problem+json',
}
const NOT_FOUND = err({ reason: 'not-found' } as const)

export const queueItEndpoints = [
  endpoint({
    method: 'GET',
    path: '/',
    auth: 'anybody',
    tag: TAG,
    summary: 'The index; with the query `e` of a connector, on to the waiting page of that event.',
    responses: { 200: { description: 'The index.', contentType: 'text/html' }, 302: TO_PAGE },
    async handler({ request, config: { queueIt }, staticFiles }) {
      const { searchParams } = new URL(request.url)
      const eventId = searchParams.get('e')
      if (queueIt !== null && eventId !== null) {
        if (!isId(eventId)) return err(badEvent())
        return ok(redirect(302, waitPath(eventId, allowedTarget(searchParams.get('t'), queueIt))))
      }
      const file = await staticFile(request, staticFiles)
      return file instanceof Response ? ok(file) : err(file)
    },
  }),
  endpoint({
    method: 'GET',
    path: '/queue-it/enter',
    auth: 'visitor',
    tag: TAG,
    summary: 'Take an admission to the shop: to the target `t` with a token for its connector.',
    changesState: true,
    limit: 'join',
    responses: {
      303: { description: 'To the target, or to the waiting page when the visitor is not admitted.' },
      404: NOT_CONFIGURED,
    },
    problems: ['invalid-request', 'event-not-found', 'token-already-redeemed'],
    async handler({ request, config: { queueIt }, line, caller, nowMs }) {
      if (queueIt === null) return NOT_FOUND
      const { searchParams } = new URL(request.url)
      const eventId = searchParams.get('e') ?? ''
      if (!QUEUE_IT_EVENT_PATTERN.test(eventId)) return err(badEvent())
      const wanted = searchParams.get('t')
      const target = allowedTarget(wanted, queueIt) ?? (wanted === null ? new URL(queueIt.targets[0]) : null)
      if (target === null)
        return err(
          invalidRequest({ pointer: '/t', detail: 'Must be an address at one of QUEUE_IT_TARGETS.' }),
        )
      const taken = await takeAdmission(line(eventId), caller.userId)
      if (!taken.ok) return taken
      if (taken.value === null) return ok(redirect(303, waitPath(eventId, target)))
      const grant = grantFor(taken.value, request.headers, queueIt, nowMs())
      return ok(redirect(303, withToken(target, queueItToken(grant, queueIt.secretKey))))
    },
  }),
  endpoint({
    method: 'GET',
    path: '/error/{errorCode}/',
    auth: 'anybody',
    tag: TAG,
    summary: 'Where a connector sends a visitor whose token it has refused.',
    responses: { 200: { description: 'The page.', contentType: 'text/html' }, 404: NOT_CONFIGURED },
    problems: ['invalid-request'],
    async handler({ request, config: { queueIt }, params: { errorCode } }) {
      if (queueIt === null) return NOT_FOUND
      const { searchParams } = new URL(request.url)
      const eventId = searchParams.get('e') ?? ''
      if (!isId(eventId)) return err(badEvent())
      const back = waitPath(eventId, allowedTarget(searchParams.get('t'), queueIt))
      return ok(html(200, renderRefusedPage({ errorCode, back }), PAGE_HEADERS))
    },
  }),
  endpoint({
    method: 'GET',
    path: '/cancel/multiple/{customerId}',
    auth: 'anybody',
    tag: TAG,
    summary: 'A connector ends sessions (`wrl`: event~queueId, parted by `_`), then on to `r`.',
    limit: 'join',
    responses: { 302: { description: 'To the target, or to the index.' }, 404: NOT_CONFIGURED },
    async handler(call) {
      const pairs = (new URL(call.request.url).searchParams.get('wrl') ?? '')
        .split('_')
        .slice(0, CANCELLED_MAX)
      return cancel(
        call,
        pairs.map((pair) => pair.split('~')),
      )
    },
  }),
  ...['/cancel/{customerId}/{eventId}/{queueId}', '/cancel/{customerId}/{eventId}/'].map((path) =>
    endpoint({
      method: 'GET',
      path,
      auth: 'anybody',
      tag: TAG,
      summary: 'The same as older connectors do it; without a queue id the lease just runs out.',
      limit: 'join',
      responses: { 302: { description: 'To the target, or to the index.' }, 404: NOT_CONFIGURED },
      handler: async (call) => {
        const { eventId, queueId }: Readonly<Record<string, string>> = call.params
        return cancel(call, [[eventId ?? '', queueId ?? '']])
      },
    }),
  ),
]

const PAGE_HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'",
}

function badEvent(): Failure {
  const detail = `Must be the id of an event; connectors lose ids that do not match ${QUEUE_IT_EVENT_PATTERN.source}.`
  return invalidRequest({ pointer: '/e', detail })
}

/**
 * The visitor's admission, redeemed; null for a visitor who has none. Whoever comes again for another token is the
 * same session; a token that the shop itself has redeemed is another's.
 */
async function takeAdmission(
  line: ReturnType<GatewayDeps['line']>,
  userId: string,
): Promise<Result<Admission | null, Failure>> {
  const place = await line.place(userId)
  if (!place.ok) return place.error.reason === 'not-in-queue' ? ok(null) : place
  const { admissionId, state } = place.value
  if (state !== 'ADMITTED' || admissionId === null) return ok(null)
  const redeemed = await line.redeem({ admissionId, sessionDigest: sha256Base64Url(`queue-it:${userId}`) })
  if (redeemed.ok) return redeemed
  const { reason } = redeemed.error
  return reason === 'admission-ended' || reason === 'token-expired' ? ok(null) : redeemed
}

function grantFor(admission: Admission, headers: Headers, queueIt: QueueItConfig, nowMs: number) {
  const leaseExpiresAtMs = Date.parse(admission.leaseExpiresAt)
  return {
    eventId: admission.eventId,
    admissionId: admission.admissionId,
    expiresAtMs: Math.min(nowMs + TOKEN_LIFE_MS, leaseExpiresAtMs),
    // Whole minutes within the lease. A connector takes 0 for its own setting, so the least is one.
    validityMinutes: Math.max(1, Math.floor((leaseExpiresAtMs - nowMs) / 60_000)),
    address: queueIt.bindsAddress ? headers.get('CF-Connecting-IP') : null,
  }
}

/**
 * Ends admissions by their queue ids. It is a link that another site sends visitors to, so what authorizes it is the
 * id: 128 random bits that only the visitor, the shop and we have.
 */
async function cancel(
  { request, config: { queueIt }, line }: Pick<GatewayDeps, 'config' | 'line'> & { request: Request },
  pairs: readonly (readonly string[])[],
): Promise<Result<Response, Failure>> {
  if (queueIt === null) return NOT_FOUND
  const named = pairs.flatMap(([eventId = '', queueId = '']) => {
    const admissionId = isId(eventId) ? admissionIdOfQueueId(eventId, queueId) : null
    return admissionId === null ? [] : [{ eventId, admissionId }]
  })
  // What is unknown or has ended already is as it should be.
  await Promise.all(named.map(({ eventId, admissionId }) => line(eventId).release(admissionId, 'cancelled')))
  const target = allowedTarget(new URL(request.url).searchParams.get('r'), queueIt)
  return ok(redirect(302, target?.href ?? '/'))
}
