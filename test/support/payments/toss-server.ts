/**
 * Toss Payments' API as far as its documentation promises it to us: create, confirm, read, cancel, and the webhook that
 * nobody signs. Strict: what Toss would refuse is refused.
 */
import { randomBytes } from 'node:crypto'
import {
  IdempotencyKeys,
  startProviderServer,
  type ProviderAnswer,
  type ProviderCall,
  type ProviderServer,
} from './provider-server.ts'

export const TOSS_KEY = 'test_sk_of_the_tests'

type Payment = {
  readonly paymentKey: string
  readonly orderId: string
  readonly totalAmount: number
  readonly currency: string
  status: 'READY' | 'IN_PROGRESS' | 'DONE' | 'CANCELED' | 'ABORTED' | 'EXPIRED'
  readonly checkout: { readonly url: string }
  readonly successUrl: string
}

export type TossServer = ProviderServer & { readonly toss: Toss }

export async function startTossServer(): Promise<TossServer> {
  const toss = new Toss()
  const server = await startProviderServer((call) => toss.answer(call))
  return { ...server, toss }
}

export class Toss {
  readonly #payments = new Map<string, Payment>()
  readonly #keys = new IdempotencyKeys()
  /** Whether cards are refused at the confirmation. */
  rejectsCards = false

  answer(call: ProviderCall): ProviderAnswer {
    const basic = `Basic ${Buffer.from(`${TOSS_KEY}:`).toString('base64')}`
    if (call.headers.authorization !== basic) return refusal(401, 'UNAUTHORIZED_KEY')
    if (call.method === 'GET') {
      const orderId = decodeURIComponent(/^\/v1\/payments\/orders\/([^/]+)$/.exec(call.path)?.[1] ?? '')
      const payment = this.#payments.get(orderId)
      return payment === undefined ? refusal(404, 'NOT_FOUND_PAYMENT') : { status: 200, body: payment }
    }
    if (call.headers['content-type'] !== 'application/json') return refusal(400, 'INVALID_REQUEST')
    if (String(call.headers['idempotency-key'] ?? '').length > 300)
      return refusal(400, 'INVALID_IDEMPOTENCY_KEY')
    const differs = refusal(400, 'INVALID_REQUEST')
    return this.#keys.run(call, differs, () => this.#post(call.path, JSON.parse(call.body)))
  }

  paymentOf(orderId: string): Payment {
    const found = this.#payments.get(orderId)
    if (found === undefined) throw new Error('no payment of this order')
    return found
  }

  /** The visitor agrees on Toss's page: where the browser is sent. */
  agree(orderId: string): URL {
    const payment = this.paymentOf(orderId)
    if (payment.status !== 'READY') throw new Error(`the payment is ${payment.status}`)
    payment.status = 'IN_PROGRESS'
    const { paymentKey, totalAmount } = payment
    const url = new URL(payment.successUrl)
    const query = { paymentType: 'NORMAL', orderId, paymentKey, amount: String(totalAmount) }
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
    return url
  }

  #post(path: string, body: Record<string, unknown>): ProviderAnswer {
    if (path === '/v1/payments') return this.#create(body)
    if (path === '/v1/payments/confirm') return this.#confirm(body)
    const key = decodeURIComponent(/^\/v1\/payments\/([^/]+)\/cancel$/.exec(path)?.[1] ?? '')
    const payment = this.#byKey(key)
    if (payment === undefined) return refusal(404, 'NOT_FOUND_PAYMENT')
    if (typeof body['cancelReason'] !== 'string' || body['cancelReason'] === '')
      return refusal(400, 'INVALID_REQUEST')
    if (payment.status === 'CANCELED') return refusal(400, 'ALREADY_CANCELED_PAYMENT')
    if (payment.status !== 'DONE') return refusal(403, 'NOT_CANCELABLE_PAYMENT')
    payment.status = 'CANCELED'
    return { status: 200, body: payment }
  }

  #create(body: Record<string, unknown>): ProviderAnswer {
    const { method, amount, currency, orderId, orderName, successUrl, failUrl } = body
    const isValid =
      method === 'CARD' &&
      Number.isInteger(amount) &&
      currency === 'KRW' &&
      typeof orderId === 'string' &&
      /^[A-Za-z0-9_=-]{6,64}$/.test(orderId) &&
      typeof orderName === 'string' &&
      orderName.length >= 1 &&
      orderName.length <= 100 &&
      typeof successUrl === 'string' &&
      URL.canParse(successUrl) &&
      typeof failUrl === 'string' &&
      URL.canParse(failUrl)
    if (!isValid) return refusal(400, 'INVALID_REQUEST')
    if (this.#payments.has(orderId)) return refusal(400, 'DUPLICATED_ORDER_ID')
    const paymentKey = `tgen_${randomBytes(12).toString('hex')}`
    const payment: Payment = {
      paymentKey,
      orderId,
      totalAmount: Number(amount),
      currency: 'KRW',
      status: 'READY',
      checkout: { url: `https://pay.toss.example/${paymentKey}` },
      successUrl,
    }
    this.#payments.set(orderId, payment)
    return { status: 200, body: payment }
  }

  #confirm({ paymentKey, orderId, amount }: Record<string, unknown>): ProviderAnswer {
    const payment = this.#byKey(paymentKey)
    if (payment === undefined || payment.orderId !== orderId) return refusal(404, 'NOT_FOUND_PAYMENT')
    if (payment.totalAmount !== amount) return refusal(400, 'INVALID_REQUEST')
    if (payment.status === 'DONE') return refusal(400, 'ALREADY_PROCESSED_PAYMENT')
    if (payment.status !== 'IN_PROGRESS') return refusal(404, 'NOT_FOUND_PAYMENT_SESSION')
    payment.status = this.rejectsCards ? 'ABORTED' : 'DONE'
    return this.rejectsCards ? refusal(403, 'REJECT_CARD_COMPANY') : { status: 200, body: payment }
  }

  #byKey(paymentKey: unknown): Payment | undefined {
    return [...this.#payments.values()].find((payment) => payment.paymentKey === paymentKey)
  }
}

function refusal(status: number, code: string): ProviderAnswer {
  return { status, body: { code, message: 'refused' } }
}
