/**
 * A payment provider for local runs and tests. Loopback only, one API key, never deployed.
 *
 * For the shop, with `Authorization: Bearer <key>`: `POST /payments` opens one (the same id again answers the same
 * payment), `GET /payments/{id}`, `POST /payments/{id}/cancel` and `/refund`. For the visitor: `GET /checkout/{id}` and
 * its two buttons. A cancelled payment cannot be paid; one that is paid cannot be cancelled.
 */
import { randomBytes, timingSafeEqual, createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { LOOPBACK } from '../ports.ts'
import { Faults } from '../redis/faults.ts'
import { checkoutPage } from './checkout-page.ts'
import { isDeclined, NO_FATES, type Fates } from './fates.ts'
import { CHECKOUT, Ledger, type FakePayment, type PaymentState } from './ledger.ts'
import { Webhooks } from './webhooks.ts'

const REQUEST_BYTES_MAX = 64 * 1024

export type FakeProviderOptions = {
  readonly apiKey: string
  readonly webhookSecret: string
  /** Where payments are kept; null: in memory. */
  readonly file?: string | null
  readonly fates?: Fates
  /** A free one by default. */
  readonly port?: number
}

export type FakeProvider = {
  readonly url: string
  /** What goes wrong with requests of the shop. */
  readonly faults: Faults
  readonly webhooks: Webhooks
  /** What goes wrong with payments and webhooks. */
  fates: Fates
  payment(paymentId: string): FakePayment | null
  /** What the visitor does on the page. False: it is too late for that. */
  pay(paymentId: string): boolean
  decline(paymentId: string): boolean
  /** The money comes although the checkout was closed: a bank that was slow. */
  payLate(paymentId: string): void
  /** Idempotent. */
  stop(): Promise<void>
}

type Answer = { readonly status: number; readonly body: object }

export async function startFakeProvider(options: FakeProviderOptions): Promise<FakeProvider> {
  const provider = new Provider(options)
  const server = createServer((request, response) => void provider.serve(request, response))
  server.listen(options.port ?? 0, LOOPBACK)
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('an HTTP server has no port')
  provider.url = `http://${LOOPBACK}:${address.port}`
  return {
    url: provider.url,
    faults: provider.faults,
    webhooks: provider.webhooks,
    get fates() {
      return provider.fates
    },
    set fates(fates) {
      provider.fates = fates
    },
    payment: (paymentId) => provider.ledger.get(paymentId),
    pay: (paymentId) => provider.decide(provider.ledger.get(paymentId), 'pay') !== null,
    decline: (paymentId) => provider.decide(provider.ledger.get(paymentId), 'decline') !== null,
    payLate: (paymentId) => provider.payLate(paymentId),
    stop: async () => {
      provider.webhooks.stop()
      server.closeAllConnections()
      if (!server.listening) return
      server.close()
      await once(server, 'close')
    },
  }
}

class Provider {
  readonly faults = new Faults()
  readonly ledger: Ledger
  readonly webhooks: Webhooks
  readonly #keyDigest: Buffer
  fates: Fates
  url = ''

  constructor({ apiKey, webhookSecret, file, fates }: FakeProviderOptions) {
    this.ledger = new Ledger(file ?? null)
    this.webhooks = new Webhooks(webhookSecret)
    this.fates = fates ?? NO_FATES
    this.#keyDigest = digest(`Bearer ${apiKey}`)
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const path = new URL(request.url ?? '/', this.url).pathname.split('/').slice(1)
      if (path[0] === 'checkout') return this.#page(request, response, path)
      await this.#api(request, response, path)
    } catch {
      // A client that hung up in the middle, or sent what is no JSON.
      if (!response.headersSent) send(response, { status: 400, body: { code: 'unreadable' } })
    }
  }

  /** What the visitor decides. Null: it cannot be decided any more. */
  decide(payment: FakePayment | null, action: 'pay' | 'decline'): FakePayment | null {
    if (payment === null) return null
    const isPaid = action === 'pay' && !isDeclined(this.fates, payment.paymentId)
    return this.#move(payment, isPaid ? 'paid' : 'failed')
  }

  payLate(paymentId: string): void {
    const payment = this.ledger.get(paymentId)
    if (payment === null) throw new Error('no such payment')
    this.webhooks.tell(this.ledger.payLate(payment), this.fates)
  }

  async #api(request: IncomingMessage, response: ServerResponse, path: readonly string[]): Promise<void> {
    if (!timingSafeEqual(digest(request.headers.authorization ?? ''), this.#keyDigest))
      return send(response, { status: 401, body: { code: 'key_invalid' } })
    const body = await readJson(request)
    await sleep(this.faults.settings.delayMs)
    const verdict = this.faults.judge()
    if (verdict === 'drop') return void response.destroy()
    if (verdict === 'fail') return send(response, { status: 503, body: { code: 'unavailable' } })
    const answer = this.#answer(request.method ?? '', path, body)
    if (answer.status === 200 && this.faults.losesAnswer()) return void response.destroy()
    send(response, answer)
  }

  #answer(method: string, [, paymentId, action]: readonly string[], body: unknown): Answer {
    if (method === 'POST' && paymentId === undefined) return this.#open(body)
    const payment = this.ledger.get(paymentId ?? '')
    if (payment === null) return { status: 404, body: { code: 'payment_unknown' } }
    if (method === 'GET' && action === undefined) return this.#done(payment)
    // A payment that has been decided otherwise answers how it stands.
    if (method === 'POST' && action === 'cancel') return this.#done(this.#move(payment, 'closed') ?? payment)
    if (method !== 'POST' || action !== 'refund') return { status: 404, body: { code: 'not_found' } }
    const refunded = payment.state === 'refunded' ? payment : this.#move(payment, 'refunded')
    return refunded === null ? { status: 422, body: { code: 'not_paid' } } : this.#done(refunded)
  }

  #open(body: unknown): Answer {
    const checkout = CHECKOUT.safeParse(body)
    if (!checkout.success) return { status: 400, body: { code: 'invalid' } }
    const known = this.ledger.get(checkout.data.paymentId)
    if (known !== null) {
      const isSame = JSON.stringify(CHECKOUT.strip().parse(known)) === JSON.stringify(checkout.data)
      return isSame ? this.#done(known) : { status: 422, body: { code: 'payment_differs' } }
    }
    const opened = this.ledger.open(checkout.data, `co_${randomBytes(18).toString('base64url')}`)
    this.webhooks.tell(opened, this.fates)
    return this.#done(opened)
  }

  #move(payment: FakePayment, state: PaymentState): FakePayment | null {
    const moved = this.ledger.move(payment, state)
    if (moved !== null) this.webhooks.tell(moved, this.fates)
    return moved
  }

  #done({ paymentId, checkoutId, state, amount, currency }: FakePayment): Answer {
    const checkoutUrl = `${this.url}/checkout/${checkoutId}`
    return { status: 200, body: { paymentId, checkoutId, checkoutUrl, state, amount, currency } }
  }

  #page(request: IncomingMessage, response: ServerResponse, [, checkoutId, action]: readonly string[]): void {
    const payment = this.ledger.byCheckout(checkoutId ?? '')
    if (payment === null) return send(response, { status: 404, body: { code: 'not_found' } })
    if (request.method === 'POST' && (action === 'pay' || action === 'decline')) {
      this.decide(payment, action)
      response.writeHead(303, { Location: payment.returnUrl }).end()
      return
    }
    response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-store' })
    response.end(checkoutPage(payment))
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    chunks.push(chunk)
    size += chunk.length
    if (size > REQUEST_BYTES_MAX) throw new Error('too large')
  }
  return size === 0 ? {} : JSON.parse(Buffer.concat(chunks).toString('utf8'))
}

function send(response: ServerResponse, { status, body }: Answer): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
}
