/** How the fake provider tells the shop what happened: signed, repeated until it is taken, and faulty when asked to be. */
import { createHash } from 'node:crypto'
import { FAKE_SIGNATURE_HEADER } from '../../src/purchase/payments/fake.ts'
import { signatureOf } from '../../src/webhooks/signature.ts'
import { webhookFateOf, type Fates } from './fates.ts'
import type { FakePayment } from './ledger.ts'

const DELIVERY_TIMEOUT_MS = 5_000
/** The first retry comes after a second, each one after twice as long as the one before. */
const RETRY_MS = 1_000
const ATTEMPTS_MAX = 10

export type WebhookOptions = { readonly secret?: string; readonly sentAtMs?: number }

export class Webhooks {
  readonly #secret: string
  readonly #timers = new Set<NodeJS.Timeout>()
  /** While true nothing is sent by itself. */
  isWithheld = false

  constructor(secret: string) {
    this.#secret = secret
  }

  /** Sends the news of a payment as its fate has it. */
  tell(payment: FakePayment, fates: Fates): void {
    if (this.isWithheld) return
    const { delayMs, copies } = webhookFateOf(fates, payment.paymentId, payment.state)
    for (let copy = 0; copy < copies; copy += 1) this.#later(delayMs, payment, 1)
  }

  /** Sends it once, now. @returns the status of the answer. */
  async deliver(payment: FakePayment, options: WebhookOptions = {}): Promise<number> {
    const { paymentId, checkoutId, state, amount, currency, returnUrl } = payment
    const id = `evt_${createHash('sha256').update(`${paymentId} ${state}`).digest('hex').slice(0, 24)}`
    const checkoutUrl = returnUrl
    const body = JSON.stringify({
      id,
      payment: { paymentId, checkoutId, checkoutUrl, state, amount, currency },
    })
    const signature = signatureOf(body, options.secret ?? this.#secret, options.sentAtMs ?? Date.now())
    const response = await fetch(payment.webhookUrl, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', [FAKE_SIGNATURE_HEADER]: signature },
      body,
      signal: AbortSignal.timeout(DELIVERY_TIMEOUT_MS),
    })
    await response.arrayBuffer()
    return response.status
  }

  stop(): void {
    this.isWithheld = true
    for (const timer of this.#timers) clearTimeout(timer)
  }

  #later(delayMs: number, payment: FakePayment, attempt: number): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      void this.#attempt(payment, attempt)
    }, delayMs)
    this.#timers.add(timer)
  }

  async #attempt(payment: FakePayment, attempt: number): Promise<void> {
    if (this.isWithheld) return
    // Nobody there counts as not taken.
    const status = await this.deliver(payment).catch(() => 0)
    if (status >= 200 && status < 300) return
    if (attempt < ATTEMPTS_MAX) this.#later(RETRY_MS * 2 ** (attempt - 1), payment, attempt + 1)
  }
}
