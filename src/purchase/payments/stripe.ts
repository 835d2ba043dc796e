/**
 * Stripe Checkout: a session is the payment, its id the reference.
 *
 * A session lives for at least 30 minutes, longer than seats are held, so it is always expired by hand before its seats
 * are freed. Only cards (and the wallets on them) are offered: they are decided while the visitor waits.
 * Sources: docs.stripe.com/api/checkout/sessions, /api/refunds, /webhooks, /payments/checkout/managing-limited-inventory.
 */
import * as z from 'zod'
import { err, ok } from '../../core/result.ts'
import { clipped } from './clipped.ts'
import { isSigned } from '../../webhooks/signature.ts'
import { askProvider } from './provider-client.ts'
import type { ProviderFetch, ProviderReply } from './provider-client.ts'
import { eventIdOfPayment } from './payment-ids.ts'
import { returnUrlOf, readReturnedId } from './return-url.ts'
import { parseJsonText } from './json-text.ts'
import type {
  CreateReply,
  PaymentProvider,
  ProviderPayment,
  ProviderState,
  RefundReply,
  StateReply,
} from './port.ts'

export const STRIPE_API_URL = 'https://api.stripe.com'
/** The shape of requests and answers that this file is written for. */
const API_VERSION = '2025-07-30.basil'
/** Stripe asks for 30 minutes from when it gets the request, which may be repeated some minutes later. */
const SESSION_LIFE_SECONDS = 35 * 60
const PRODUCT_NAME_CHARS_MAX = 250

export type StripeSettings = {
  readonly apiUrl: string
  readonly apiKey: string
  /** Each may have signed a webhook: two during a rotation. */
  readonly webhookSecrets: readonly string[]
  readonly fetch: ProviderFetch
}

const SESSION = z.object({
  id: z.string().min(1).max(255),
  url: z.string().nullish(),
  status: z.enum(['open', 'complete', 'expired']),
  payment_status: z.string(),
  amount_total: z.int().nonnegative(),
  currency: z.string(),
  payment_intent: z.union([z.string(), z.object({ id: z.string() })]).nullish(),
})
type Session = z.output<typeof SESSION>
const REFERENCE = z.object({ client_reference_id: z.string().nullish() })

const REFUND = z.object({ id: z.string().min(1).max(255), status: z.string().nullish() })
type Refund = z.output<typeof REFUND>

const EVENT = z.object({
  id: z.string().min(1).max(255),
  type: z.string(),
  data: z.object({ object: z.unknown() }),
})
const FAILURE = z.object({ error: z.object({ code: z.string().optional(), type: z.string().optional() }) })

/** @param settings.apiUrl without a slash at the end. */
export function stripeProvider(settings: StripeSettings): PaymentProvider {
  const ask = stripeClient(settings)
  const created = (payment: ProviderPayment): Promise<ProviderReply<Session>> =>
    ask.post('/v1/checkout/sessions', SESSION, sessionForm(payment), `create:${payment.paymentId}`)
  const sessionOf = async (payment: ProviderPayment): Promise<ProviderReply<Session>> => {
    let { reference } = payment
    if (reference === null) {
      // The answer to `create` was lost: the same key answers the same session, but as it was then.
      const first = await created(payment)
      if (first.kind !== 'done') return first
      reference = first.value.id
    }
    return ask.get(sessionPath(reference), SESSION)
  }
  const fetchState = async (payment: ProviderPayment): Promise<StateReply> =>
    stateReply(await sessionOf(payment))
  return {
    name: 'stripe',
    create: async (payment) => createReply(await created(payment)),
    verifyWebhook({ headers, body, receivedAtMs }) {
      if (!isSigned(headers.get('Stripe-Signature'), body, settings.webhookSecrets, receivedAtMs))
        return err('signature-invalid')
      return readEvent(body)
    },
    readReturn: readReturnedId,
    confirm: fetchState,
    fetch: fetchState,
    async cancel(payment) {
      const session = await sessionOf(payment)
      if (session.kind !== 'done' || session.value.status !== 'open') return stateReply(session)
      const path = sessionPath(session.value.id)
      const expired = await ask.post(`${path}/expire`, SESSION, {})
      // Refused: it was decided between the two calls.
      return stateReply(expired.kind === 'refused' ? await ask.get(path, SESSION) : expired)
    },
    async refund(payment) {
      const session = await sessionOf(payment)
      if (session.kind !== 'done') return unknownUnlessDone(session)
      const intent = session.value.payment_intent
      if (intent === null || intent === undefined) return { kind: 'refused', code: 'nothing_paid' }
      const form = {
        payment_intent: typeof intent === 'string' ? intent : intent.id,
        'metadata[paymentId]': payment.paymentId,
      }
      return refundReply(await ask.post('/v1/refunds', REFUND, form, `refund:${payment.paymentId}`), ask)
    },
  }
}

type Client = {
  get<T>(path: string, schema: z.ZodType<T>): Promise<ProviderReply<T>>
  post<T>(path: string, schema: z.ZodType<T>, form: Form, idempotencyKey?: string): Promise<ProviderReply<T>>
}
type Form = Readonly<Record<string, string>>

function stripeClient({ apiUrl, apiKey, fetch }: StripeSettings): Client {
  const headers = { Authorization: `Bearer ${apiKey}`, 'Stripe-Version': API_VERSION }
  return {
    get: (path, schema) => askProvider(fetch, { method: 'GET', url: apiUrl + path, headers }, schema, codeOf),
    post: (path, schema, form, idempotencyKey) => {
      const request = {
        method: 'POST',
        url: apiUrl + path,
        headers: {
          ...headers,
          'Content-Type': 'application/x-www-form-urlencoded',
          ...(idempotencyKey !== undefined && { 'Idempotency-Key': idempotencyKey }),
        },
        body: new URLSearchParams(form).toString(),
      } as const
      return askProvider(fetch, request, schema, codeOf)
    },
  }
}

function sessionPath(sessionId: string): string {
  return `/v1/checkout/sessions/${encodeURIComponent(sessionId)}`
}

function codeOf(body: unknown): string | null {
  const parsed = FAILURE.safeParse(body)
  return parsed.success ? (parsed.data.error.code ?? parsed.data.error.type ?? null) : null
}

/** Made of the payment alone: Stripe refuses a repeated key with another form. */
function sessionForm(payment: ProviderPayment): Form {
  const returnUrl = returnUrlOf(payment)
  const expiresAtSeconds = Math.ceil(payment.createdAtMs / 1_000) + SESSION_LIFE_SECONDS
  return {
    mode: 'payment',
    'payment_method_types[0]': 'card',
    client_reference_id: payment.paymentId,
    'metadata[paymentId]': payment.paymentId,
    'payment_intent_data[metadata][paymentId]': payment.paymentId,
    'line_items[0][quantity]': '1',
    'line_items[0][price_data][currency]': payment.currency.toLowerCase(),
    'line_items[0][price_data][unit_amount]': String(payment.amount),
    'line_items[0][price_data][product_data][name]': clipped(payment.description, PRODUCT_NAME_CHARS_MAX),
    expires_at: String(expiresAtSeconds),
    success_url: returnUrl,
    cancel_url: returnUrl,
  }
}

function createReply(reply: ProviderReply<Session>): CreateReply {
  if (reply.kind === 'refused') return { kind: 'refused', code: reply.code }
  if (reply.kind === 'unknown') return reply
  const { id, url } = reply.value
  // A session that has been decided already has no page any more.
  if (url === null || url === undefined) return { kind: 'refused', code: `session_${reply.value.status}` }
  return { kind: 'created', reference: id, checkoutUrl: url }
}

function stateReply(reply: ProviderReply<Session>): StateReply {
  return reply.kind === 'done' ? { kind: 'known', state: stateOf(reply.value) } : unknownUnlessDone(reply)
}

/** A refusal to tell says nothing of the payment. */
function unknownUnlessDone(reply: Exclude<ProviderReply<unknown>, { kind: 'done' }>): {
  kind: 'unknown'
  cause: string
} {
  return { kind: 'unknown', cause: reply.kind === 'refused' ? reply.code : reply.cause }
}

function stateOf({ status, payment_status, amount_total, currency }: Session): ProviderState {
  if (status === 'expired') return { kind: 'closed' }
  // Complete and not paid: a method that takes days, which we do not offer and therefore wait for.
  if (status === 'open' || payment_status !== 'paid') return { kind: 'open' }
  return { kind: 'paid', amount: amount_total, currency: currency.toUpperCase() }
}

const SESSION_EVENTS: ReadonlySet<string> = new Set([
  'checkout.session.completed',
  'checkout.session.async_payment_succeeded',
  'checkout.session.async_payment_failed',
  'checkout.session.expired',
])

function readEvent(body: string): ReturnType<PaymentProvider['verifyWebhook']> {
  const event = EVENT.safeParse(parseJsonText(body))
  if (!event.success) return err('unreadable')
  const { id: eventId, type, data } = event.data
  if (!SESSION_EVENTS.has(type)) return ok({ kind: 'other' })
  const reference = REFERENCE.safeParse(data.object)
  const paymentId = reference.data?.client_reference_id ?? ''
  // The account may sell other things as well, in sessions of other kinds.
  if (eventIdOfPayment(paymentId) === null) return ok({ kind: 'other' })
  const session = SESSION.safeParse(data.object)
  if (!session.success) return err('unreadable')
  const state: ProviderState =
    type === 'checkout.session.async_payment_failed' ? { kind: 'failed' } : stateOf(session.data)
  return ok({ kind: 'signed', eventId, paymentId, state })
}

async function refundReply(reply: ProviderReply<Refund>, ask: Client): Promise<RefundReply> {
  if (reply.kind === 'unknown') return reply
  if (reply.kind === 'refused') {
    // By an operator, or by a request of ours whose key Stripe has forgotten.
    return reply.code === 'charge_already_refunded'
      ? { kind: 'refunded' }
      : { kind: 'refused', code: reply.code }
  }
  const settled = refundOf(reply.value)
  if (settled.kind !== 'pending') return settled
  // A repeated key answers what was true at first; how it stands now has to be asked for.
  const now = await ask.get(`/v1/refunds/${encodeURIComponent(reply.value.id)}`, REFUND)
  return now.kind === 'done' ? refundOf(now.value) : unknownUnlessDone(now)
}

function refundOf({ status }: Refund): Exclude<RefundReply, { kind: 'unknown' }> {
  if (status === 'succeeded') return { kind: 'refunded' }
  if (status === 'failed' || status === 'canceled') return { kind: 'refused', code: `refund_${status}` }
  return { kind: 'pending' }
}
