/**
 * Toss Payments: the reference is the `paymentKey`. The visitor agrees on Toss's page and comes back with a proof; the
 * money moves only when we confirm (승인). So a payment that we do not confirm needs no cancelling.
 *
 * Toss does not sign PAYMENT_STATUS_CHANGED, so such a webhook is only a reason to read the payment with our key. What
 * is read is our own order's payment, whatever the webhook says.
 * Sources: docs.tosspayments.com/reference, /reference/using-api/idempotency-key, /guides/webhook, /reference/error-codes.
 */
import * as z from 'zod'
import { err, ok } from '../../core/result.ts'
import { clipped } from './clipped.ts'
import { parseJsonText } from './json-text.ts'
import { eventIdOfPayment } from './payment-ids.ts'
import { askProvider } from './provider-client.ts'
import type { ProviderFetch, ProviderReply } from './provider-client.ts'
import { RETURN_PATH } from './return-url.ts'
import type {
  CreateReply,
  PaymentProvider,
  ProviderPayment,
  ProviderState,
  RefundReply,
  StateReply,
} from './port.ts'

export const TOSS_API_URL = 'https://api.tosspayments.com'
/** The only currency of a domestic contract. */
export const TOSS_CURRENCY = 'KRW'
/** An order's id at Toss has 6 to 64 letters, digits, `-`, `_` and `=`. */
const ORDER_ID_CHARS_MAX = 64
const ORDER_NAME_CHARS_MAX = 100
/** What the statement of a returned payment says. */
const REFUND_REASON = 'Seats no longer available'

export type TossSettings = { readonly apiUrl: string; readonly apiKey: string; readonly fetch: ProviderFetch }

const STATUSES = [
  'READY',
  'IN_PROGRESS',
  'WAITING_FOR_DEPOSIT',
  'DONE',
  'CANCELED',
  'PARTIAL_CANCELED',
  'ABORTED',
  'EXPIRED',
] as const

const PAYMENT = z.object({
  paymentKey: z.string().min(1).max(200),
  orderId: z.string(),
  status: z.enum(STATUSES),
  totalAmount: z.int().nonnegative(),
  currency: z.string(),
  checkout: z.object({ url: z.string() }).nullish(),
})
type Payment = z.output<typeof PAYMENT>

const FAILURE = z.object({ code: z.string() })
const WEBHOOK = z.object({
  eventType: z.string(),
  data: z.object({ orderId: z.string().optional() }).optional(),
})

/** @param settings.apiUrl without a slash at the end. */
export function tossProvider(settings: TossSettings): PaymentProvider {
  const ask = tossClient(settings)
  const paymentOf = (payment: ProviderPayment): Promise<ProviderReply<Payment>> =>
    ask.get(`/v1/payments/orders/${encodeURIComponent(orderIdOf(payment.paymentId))}`)
  const fetchState = async (payment: ProviderPayment): Promise<StateReply> =>
    stateReply(await paymentOf(payment))
  return {
    name: 'toss',
    async create(payment) {
      const orderId = orderIdOf(payment.paymentId)
      if (orderId.length > ORDER_ID_CHARS_MAX) return { kind: 'refused', code: 'event_id_too_long' }
      return createReply(await ask.post('/v1/payments', checkoutOf(payment), `create:${orderId}`))
    },
    verifyWebhook: ({ body }) => readWebhook(body),
    readReturn(query) {
      const paymentId = paymentIdOf(query.get('orderId') ?? '')
      return paymentId === null ? null : { paymentId, proof: query.get('paymentKey') }
    },
    async confirm(payment, proof) {
      const body = { paymentKey: proof, orderId: orderIdOf(payment.paymentId), amount: payment.amount }
      const reply = await ask.post('/v1/payments/confirm', body, `confirm:${proof}`)
      // Refused, because it has been confirmed already, or declined, or made up: the payment itself says which.
      return reply.kind === 'refused' ? fetchState(payment) : stateReply(reply)
    },
    fetch: fetchState,
    async cancel(payment) {
      const state = await fetchState(payment)
      // It can be agreed to, but not made any more: nobody confirms it.
      return state.kind === 'known' && state.state.kind === 'open'
        ? { kind: 'known', state: { kind: 'closed' } }
        : state
    },
    async refund(payment) {
      const paid = await paymentOf(payment)
      if (paid.kind !== 'done') return { kind: 'unknown', cause: causeOf(paid) }
      if (paid.value.status === 'CANCELED') return { kind: 'refunded' }
      const path = `/v1/payments/${encodeURIComponent(paid.value.paymentKey)}/cancel`
      const idempotencyKey = `refund:${orderIdOf(payment.paymentId)}`
      return refundReply(await ask.post(path, { cancelReason: REFUND_REASON }, idempotencyKey))
    },
  }
}

type Client = {
  get(path: string): Promise<ProviderReply<Payment>>
  post(path: string, body: object, idempotencyKey: string): Promise<ProviderReply<Payment>>
}

function tossClient({ apiUrl, apiKey, fetch }: TossSettings): Client {
  const headers = { Authorization: `Basic ${Buffer.from(`${apiKey}:`).toString('base64')}` }
  return {
    get: (path) => askProvider(fetch, { method: 'GET', url: apiUrl + path, headers }, PAYMENT, codeOf),
    post: (path, body, idempotencyKey) => {
      const request = {
        method: 'POST',
        url: apiUrl + path,
        headers: { ...headers, 'Content-Type': 'application/json', 'Idempotency-Key': idempotencyKey },
        body: JSON.stringify(body),
      } as const
      return askProvider(fetch, request, PAYMENT, codeOf)
    },
  }
}

function codeOf(body: unknown): string | null {
  const parsed = FAILURE.safeParse(body)
  return parsed.success ? parsed.data.code : null
}

/** A dot is not allowed, and `=` is part of no event's id. */
function orderIdOf(paymentId: string): string {
  return paymentId.replace('.', '=')
}

function paymentIdOf(orderId: string): string | null {
  const paymentId = orderId.replace('=', '.')
  return eventIdOfPayment(paymentId) === null ? null : paymentId
}

function checkoutOf(payment: ProviderPayment): object {
  // Toss adds its own parameters; the order's id among them says which payment it is.
  const returnUrl = payment.origin + RETURN_PATH
  return {
    method: 'CARD',
    amount: payment.amount,
    currency: payment.currency,
    orderId: orderIdOf(payment.paymentId),
    orderName: clipped(payment.description, ORDER_NAME_CHARS_MAX),
    successUrl: returnUrl,
    failUrl: returnUrl,
  }
}

function createReply(reply: ProviderReply<Payment>): CreateReply {
  if (reply.kind === 'refused') return { kind: 'refused', code: reply.code }
  if (reply.kind === 'unknown') return reply
  const { paymentKey, checkout, status } = reply.value
  if (checkout === null || checkout === undefined) return { kind: 'refused', code: `payment_${status}` }
  return { kind: 'created', reference: paymentKey, checkoutUrl: checkout.url }
}

function stateReply(reply: ProviderReply<Payment>): StateReply {
  if (reply.kind === 'done') return { kind: 'known', state: stateOf(reply.value) }
  // Never created there, as far as Toss knows: then nobody has a page to pay it on.
  if (reply.kind === 'refused' && reply.code === 'NOT_FOUND_PAYMENT')
    return { kind: 'known', state: { kind: 'closed' } }
  return { kind: 'unknown', cause: causeOf(reply) }
}

function causeOf(reply: Exclude<ProviderReply<Payment>, { kind: 'done' }>): string {
  return reply.kind === 'refused' ? reply.code : reply.cause
}

function stateOf({ status, totalAmount, currency }: Payment): ProviderState {
  switch (status) {
    case 'READY':
    case 'IN_PROGRESS':
    case 'WAITING_FOR_DEPOSIT':
      return { kind: 'open' }
    case 'DONE':
    // Somebody has given a part back by hand; what was paid was paid.
    case 'PARTIAL_CANCELED':
      return { kind: 'paid', amount: totalAmount, currency }
    case 'ABORTED':
      return { kind: 'failed' }
    case 'EXPIRED':
      return { kind: 'closed' }
    case 'CANCELED':
      return { kind: 'refunded' }
  }
}

function refundReply(reply: ProviderReply<Payment>): RefundReply {
  if (reply.kind === 'unknown') return reply
  if (reply.kind === 'done')
    return reply.value.status === 'CANCELED' ? { kind: 'refunded' } : { kind: 'pending' }
  return reply.code === 'ALREADY_CANCELED_PAYMENT'
    ? { kind: 'refunded' }
    : { kind: 'refused', code: reply.code }
}

function readWebhook(body: string): ReturnType<PaymentProvider['verifyWebhook']> {
  const webhook = WEBHOOK.safeParse(parseJsonText(body))
  if (!webhook.success) return err('unreadable')
  const { eventType, data } = webhook.data
  if (eventType !== 'PAYMENT_STATUS_CHANGED') return ok({ kind: 'other' })
  const paymentId = paymentIdOf(data?.orderId ?? '')
  return ok(paymentId === null ? { kind: 'other' } : { kind: 'hint', paymentId })
}
