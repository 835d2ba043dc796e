/**
 * Stripe's API as far as its documentation promises it to us: Checkout Sessions, refunds, signed events. Strict: what
 * Stripe would refuse is refused, unknown parameters included.
 */
import { randomBytes } from 'node:crypto'
import { signatureOf } from '../../../src/webhooks/signature.ts'
import {
  IdempotencyKeys,
  startProviderServer,
  type ProviderAnswer,
  type ProviderCall,
  type ProviderServer,
} from './provider-server.ts'

export const STRIPE_KEY = 'sk_test_of_the_tests'
export const STRIPE_SECRET = 'whsec_of_the_tests'

type Session = {
  readonly id: string
  url: string | null
  status: 'open' | 'complete' | 'expired'
  payment_status: 'unpaid' | 'paid'
  amount_total: number
  currency: string
  client_reference_id: string
  payment_intent: string | null
  expires_at: number
}

export type StripeServer = ProviderServer & { readonly stripe: Stripe }

export type Delivered = { readonly body: string; readonly headers: Record<string, string> }

const FORM = 'application/x-www-form-urlencoded'
const CREATE_FIELDS = new Set([
  'mode',
  'payment_method_types[0]',
  'client_reference_id',
  'metadata[paymentId]',
  'payment_intent_data[metadata][paymentId]',
  'line_items[0][quantity]',
  'line_items[0][price_data][currency]',
  'line_items[0][price_data][unit_amount]',
  'line_items[0][price_data][product_data][name]',
  'expires_at',
  'success_url',
  'cancel_url',
])

export async function startStripeServer(): Promise<StripeServer> {
  const stripe = new Stripe()
  const server = await startProviderServer((call) => stripe.answer(call))
  return { ...server, stripe }
}

/** An event as Stripe sends it. */
export function stripeEvent(
  type: string,
  session: object,
  options: { id?: string; secret?: string; sentAtMs?: number } = {},
): Delivered {
  const id = options.id ?? `evt_${randomBytes(12).toString('hex')}`
  const body = JSON.stringify({ id, object: 'event', type, livemode: false, data: { object: session } })
  const signature = signatureOf(body, options.secret ?? STRIPE_SECRET, options.sentAtMs ?? Date.now())
  return { body, headers: { 'content-type': 'application/json', 'stripe-signature': signature } }
}

export class Stripe {
  readonly sessions = new Map<string, Session>()
  readonly #refunds = new Map<string, { id: string; status: string; payment_intent: string }>()
  readonly #keys = new IdempotencyKeys()
  /** Refunds stay pending until they are settled. */
  refundsArePending = false

  answer(call: ProviderCall): ProviderAnswer {
    if (call.headers.authorization !== `Bearer ${STRIPE_KEY}`) return refusal(401, 'api_key_invalid')
    if (!/^\d{4}-\d{2}-\d{2}\./.test(String(call.headers['stripe-version'])))
      return refusal(400, 'version_missing')
    if (call.method === 'GET') return this.#read(call.path)
    if (call.headers['content-type'] !== FORM) return refusal(400, 'content_type')
    const differs = refusal(400, undefined, 'idempotency_error')
    return this.#keys.run(call, differs, () => this.#post(call.path, new URLSearchParams(call.body)))
  }

  sessionOf(paymentId: string): Session {
    const found = [...this.sessions.values()].find((session) => session.client_reference_id === paymentId)
    if (found === undefined) throw new Error('no session of this payment')
    return found
  }

  /** The visitor pays on Stripe's page. */
  pay(paymentId: string): void {
    const session = this.sessionOf(paymentId)
    if (session.status !== 'open') throw new Error(`the session is ${session.status}`)
    Object.assign(session, {
      status: 'complete',
      payment_status: 'paid',
      url: null,
      payment_intent: `pi_${session.id}`,
    })
  }

  refunded(paymentId: string): boolean {
    return this.#refunds.get(this.sessionOf(paymentId).payment_intent ?? '')?.status === 'succeeded'
  }

  settleRefunds(status: 'succeeded' | 'failed'): void {
    for (const refund of this.#refunds.values()) refund.status = status
  }

  #read(path: string): ProviderAnswer {
    const [, kind, id = ''] = /^\/v1\/(checkout\/sessions|refunds)\/(\w+)$/.exec(path) ?? []
    const found =
      kind === 'refunds'
        ? [...this.#refunds.values()].find((refund) => refund.id === id)
        : this.sessions.get(id)
    return found === undefined ? refusal(404, 'resource_missing') : { status: 200, body: found }
  }

  #post(path: string, form: URLSearchParams): ProviderAnswer {
    if (path === '/v1/checkout/sessions') return this.#create(form)
    if (path === '/v1/refunds') return this.#refund(form)
    const session = this.sessions.get(/^\/v1\/checkout\/sessions\/(\w+)\/expire$/.exec(path)?.[1] ?? '')
    if (session === undefined) return refusal(404, 'resource_missing')
    if (session.status !== 'open') return refusal(400, undefined)
    Object.assign(session, { status: 'expired', url: null })
    return { status: 200, body: session }
  }

  #create(form: URLSearchParams): ProviderAnswer {
    for (const name of form.keys()) if (!CREATE_FIELDS.has(name)) return refusal(400, 'parameter_unknown')
    for (const name of CREATE_FIELDS)
      if ((form.get(name) ?? '') === '') return refusal(400, 'parameter_missing')
    const field = (name: string): string => form.get(name) ?? ''
    const amount = Number(field('line_items[0][price_data][unit_amount]'))
    const currency = field('line_items[0][price_data][currency]')
    const expiresAt = Number(field('expires_at'))
    const nowSeconds = Date.now() / 1_000
    const isValid =
      field('mode') === 'payment' &&
      Number.isInteger(amount) &&
      /^[a-z]{3}$/.test(currency) &&
      field('client_reference_id').length <= 200 &&
      expiresAt >= nowSeconds + 30 * 60 &&
      expiresAt <= nowSeconds + 24 * 60 * 60 &&
      URL.canParse(field('success_url')) &&
      URL.canParse(field('cancel_url'))
    if (!isValid) return refusal(400, 'parameter_invalid')
    const id = `cs_test_${randomBytes(12).toString('hex')}`
    const session: Session = {
      id,
      url: `https://checkout.stripe.com/c/pay/${id}`,
      status: 'open',
      payment_status: 'unpaid',
      amount_total: amount * Number(field('line_items[0][quantity]')),
      currency,
      client_reference_id: field('client_reference_id'),
      payment_intent: null,
      expires_at: expiresAt,
    }
    this.sessions.set(id, session)
    return { status: 200, body: session }
  }

  #refund(form: URLSearchParams): ProviderAnswer {
    const intent = form.get('payment_intent') ?? ''
    const isPaid = [...this.sessions.values()].some((session) => session.payment_intent === intent)
    if (!isPaid) return refusal(404, 'resource_missing')
    if (this.#refunds.has(intent)) return refusal(400, 'charge_already_refunded')
    const status = this.refundsArePending ? 'pending' : 'succeeded'
    const refund = { id: `re_${randomBytes(12).toString('hex')}`, status, payment_intent: intent }
    this.#refunds.set(intent, refund)
    return { status: 200, body: refund }
  }
}

function refusal(status: number, code: string | undefined, type = 'invalid_request_error'): ProviderAnswer {
  return { status, body: { error: { type, ...(code !== undefined && { code }), message: 'refused' } } }
}
