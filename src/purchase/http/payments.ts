/** Payments at a provider: its webhooks, the way back from its page, and what an operator has to look at. */
import { changedFields } from '../../core/field-changes.ts'
import { err, ok } from '../../core/result.ts'
import type { Result } from '../../core/result.ts'
import { endpoint } from '../../http/endpoint.ts'
import { invalidRequest } from '../../http/failure.ts'
import type { Failure } from '../../http/failure.ts'
import type { GatewayDeps } from '../../http/gateway-deps.ts'
import { json } from '../../http/reply.ts'
import { readBody } from '../../http/request-body.ts'
import { errorFields } from '../../observability/log.ts'
import type { Heard } from '../payments/desk.ts'
import { eventIdOfPayment } from '../payments/payment-ids.ts'
import type { Returned, WebhookNews } from '../payments/port.ts'
import { RETURN_PATH } from '../payments/return-url.ts'
import { failureOf } from './failures.ts'
import { paymentDetail, paymentList, paymentsQuery, resolutionBody, webhookReceipt } from './schemas.ts'

const PAYMENTS = '/api/v1/admin/events/{eventId}/payments'

export const paymentEndpoints = [
  endpoint({
    method: 'POST',
    path: '/api/v1/payments/webhook',
    auth: 'anybody',
    tag: 'Purchase',
    summary: "The payment provider's webhooks: signed, or asked back. May be repeated.",
    responses: { 200: { description: 'Heard, or none of our business.', schema: webhookReceipt } },
    problems: [
      'invalid-request',
      'body-too-large',
      'unsupported-media-type',
      'signature-invalid',
      'payment-method-unavailable',
      'payment-provider-unavailable',
    ],
    async handler({ request, purchase, log, nowMs }) {
      if (purchase.provider === null) return err({ reason: 'payment-method-unavailable' })
      const body = await readBody(request)
      if (!body.ok) return body
      const delivery = { headers: request.headers, body: body.value, receivedAtMs: nowMs() }
      const news = purchase.provider.verifyWebhook(delivery)
      if (!news.ok) {
        log.warn('webhook_refused', { fault: news.error })
        return err(
          news.error === 'signature-invalid'
            ? { reason: 'signature-invalid' }
            : invalidRequest({ pointer: '', detail: 'Not a webhook of the payment provider.' }),
        )
      }
      return answerTo(await tell(news.value, purchase), log)
    },
  }),
  endpoint({
    method: 'GET',
    path: RETURN_PATH,
    auth: 'anybody',
    tag: 'Purchase',
    summary: "Where the provider sends the visitor's browser back to. It goes on to the shop.",
    responses: { 303: { description: 'To the page that the operator has named, or the waiting page.' } },
    problems: ['payment-method-unavailable', 'payment-not-found'],
    async handler({ request, purchase, config, log }) {
      const { provider } = purchase
      if (provider === null) return err({ reason: 'payment-method-unavailable' })
      const url = new URL(request.url)
      const returned = provider.readReturn(url.searchParams)
      const eventId = returned === null ? null : eventIdOfPayment(returned.paymentId)
      if (returned === null || eventId === null) return err({ reason: 'payment-not-found' })
      await settleReturn(returned, eventId, { purchase, log })
      const next = new URL(config.payments?.returnUrl ?? `/wait/${eventId}`, url)
      next.searchParams.set('paymentId', returned.paymentId)
      return ok(new Response(null, { status: 303, headers: { Location: next.href } }))
    },
  }),
  endpoint({
    method: 'GET',
    path: PAYMENTS,
    auth: 'operator',
    tag: 'Operators',
    summary: 'Payments in one state, the oldest first; by default those that nobody could settle.',
    query: paymentsQuery,
    responses: { 200: { description: 'At most 200.', schema: paymentList } },
    async handler({ purchase, params, query }) {
      return ok(json(200, { payments: await purchase.office(params.eventId).payments(query.state) }))
    },
  }),
  endpoint({
    method: 'POST',
    path: `${PAYMENTS}/{paymentId}/resolve`,
    auth: 'operator',
    tag: 'Operators',
    summary: 'Say how a stuck payment went, or that one has been given back by hand. May be repeated.',
    audit: 'payment.resolve',
    body: resolutionBody,
    responses: { 200: { description: 'The payment.', schema: paymentDetail } },
    problems: ['payment-not-found', 'payment-not-stuck'],
    async handler(call) {
      const { purchase, params, body } = call
      const { eventId, paymentId } = params
      if (eventIdOfPayment(paymentId) !== eventId) return err({ reason: 'payment-not-found' })
      const resolved = await purchase.office(eventId).resolvePayment(paymentId, body.as)
      if (!resolved.ok) return err(failureOf(resolved.error))
      call.recordChanges(changedFields(null, { paymentId, as: body.as, state: resolved.value.state }))
      return ok(json(200, resolved.value))
    },
  }),
]

/** One call of one object, and none for what is not about a payment of ours. */
async function tell(news: WebhookNews, purchase: GatewayDeps['purchase']): Promise<Heard | 'other'> {
  const eventId = news.kind === 'other' ? null : eventIdOfPayment(news.paymentId)
  if (news.kind === 'other' || eventId === null) return 'other'
  const office = purchase.office(eventId)
  return news.kind === 'hint'
    ? office.lookAtPayment(news.paymentId)
    : office.hearProvider(news.eventId, news.paymentId, news.state)
}

function answerTo(heard: Heard | 'other', log: GatewayDeps['log']): Result<Response, Failure> {
  // The provider repeats what is not answered with success.
  if (heard === 'later') return err({ reason: 'payment-provider-unavailable' })
  // Nobody is told which payments there are; and repeating it would not help.
  if (heard === 'payment-unknown') log.warn('webhook_payment_unknown')
  return ok(json(200, { received: true }))
}

/** The visitor goes on whatever comes of it: what is not settled now is settled by the webhook or by the deadline. */
async function settleReturn(
  { paymentId, proof }: Returned,
  eventId: string,
  { purchase, log }: Pick<GatewayDeps, 'purchase' | 'log'>,
): Promise<void> {
  const office = purchase.office(eventId)
  try {
    if (proof === null) await office.lookAtPayment(paymentId)
    else await office.confirmPayment(paymentId, proof)
  } catch (error) {
    log.warn('return_unsettled', { eventId, ...errorFields(error) })
  }
}
