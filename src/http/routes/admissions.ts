import { eventIdOfAdmission } from '../../core/ids.ts'
import { err, ok } from '../../core/result.ts'
import type { Result } from '../../core/result.ts'
import type { Admission } from '../../core/views.ts'
import type { LineApi, LineResult } from '../../ports/lines.ts'
import { sha256Base64Url } from '../digest.ts'
import { endpoint } from '../endpoint.ts'
import type { Failure } from '../failure.ts'
import type { GatewayDeps } from '../gateway-deps.ts'
import { json } from '../reply.ts'
import { emptyBody, redeemBody, releaseBody } from '../schemas/requests.ts'
import { admission } from '../schemas/views.ts'

const RESPONSES = { 200: { description: 'The admission.', schema: admission } }

export const admissionEndpoints = [
  endpoint({
    method: 'POST',
    path: '/api/v1/admissions/redeem',
    auth: 'origin',
    tag: 'Origins',
    summary: 'Let the bearer of an entry token in, once. The same session may repeat it.',
    body: redeemBody,
    responses: RESPONSES,
    problems: [
      'token-invalid',
      'token-already-redeemed',
      'token-expired',
      'admission-ended',
      'store-unavailable',
    ],
    async handler({ entryTokens, line, body }) {
      const verified = await entryTokens.verify(body.token)
      if (!verified.ok) return err({ reason: verified.error })
      const { eventId, admissionId } = verified.value
      const sessionDigest = sha256Base64Url(body.sessionId)
      const redeemed = await line(eventId).redeem({ admissionId, sessionDigest })
      if (redeemed.ok) return ok(json(200, redeemed.value))
      // A good token of an event that has been deleted since.
      return redeemed.error.reason === 'event-not-found' ? err({ reason: 'admission-ended' }) : redeemed
    },
  }),
  endpoint({
    method: 'GET',
    path: '/api/v1/admissions/{admissionId}',
    auth: 'origin',
    tag: 'Origins',
    summary: 'How an admission stands.',
    responses: RESPONSES,
    problems: ['admission-not-found'],
    handler: (call) => onAdmission(call, (line, admissionId) => line.admission(admissionId)),
  }),
  endpoint({
    method: 'POST',
    path: '/api/v1/admissions/{admissionId}/renew',
    auth: 'origin',
    tag: 'Origins',
    summary: 'Keep an admission alive for another lease.',
    body: emptyBody,
    responses: RESPONSES,
    problems: ['admission-not-found', 'admission-ended', 'store-unavailable'],
    handler: (call) => onAdmission(call, (line, admissionId) => line.renew(admissionId)),
  }),
  endpoint({
    method: 'POST',
    path: '/api/v1/admissions/{admissionId}/release',
    auth: 'origin',
    tag: 'Origins',
    summary: 'End an admission: its capacity goes to the next in line. May be repeated.',
    body: releaseBody,
    responses: RESPONSES,
    problems: ['admission-not-found', 'store-unavailable'],
    handler: (call) => onAdmission(call, (line, admissionId) => line.release(admissionId, call.body.outcome)),
  }),
  endpoint({
    method: 'POST',
    path: '/api/v1/admin/admissions/{admissionId}/revoke',
    auth: 'operator',
    tag: 'Operators',
    summary: 'End an admission and refuse its token from now on. May be repeated.',
    audit: 'admission.revoke',
    body: emptyBody,
    responses: RESPONSES,
    problems: ['admission-not-found', 'store-unavailable'],
    handler: (call) => onAdmission(call, (line, admissionId) => line.revoke(admissionId)),
  }),
  endpoint({
    method: 'GET',
    path: '/api/v1/admin/admissions/{admissionId}',
    auth: 'operator',
    tag: 'Operators',
    summary: 'How an admission stands, and whose it is.',
    responses: RESPONSES,
    problems: ['admission-not-found'],
    handler: (call) => onAdmission(call, (line, admissionId) => line.admission(admissionId)),
  }),
]

/** Asks the line that the admission's id names. */
async function onAdmission(
  { line, params }: Pick<GatewayDeps, 'line'> & { params: { admissionId: string } },
  ask: (line: LineApi, admissionId: string) => Promise<LineResult<Admission>>,
): Promise<Result<Response, Failure>> {
  const eventId = eventIdOfAdmission(params.admissionId)
  if (eventId === null) return err({ reason: 'admission-not-found' })
  const answer = await ask(line(eventId), params.admissionId)
  if (answer.ok) return ok(json(200, answer.value))
  return answer.error.reason === 'event-not-found' ? err({ reason: 'admission-not-found' }) : answer
}
