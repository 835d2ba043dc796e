/** The fake provider and its adapter: what the real ones promise, and the faults that it makes on purpose. */
import { mkdtempSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startFakeProvider, type FakeProvider } from '../../../dev/payments/fake-provider.ts'
import { NO_FATES, webhookFateOf } from '../../../dev/payments/fates.ts'
import { fakeProvider } from '../../../src/purchase/payments/fake.ts'
import type { PaymentProvider } from '../../../src/purchase/payments/port.ts'
import { eventually } from '../../support/usher.ts'
import { CLOSED, delivery, newsOf, OPEN, PAID, PAYMENT } from './provider-fixtures.ts'

const API_KEY = 'fake-key'
const SECRET = 'fake-webhook-secret'

/** Collects the webhooks that arrive, answering with `status`. */
class Shop {
  readonly bodies: string[] = []
  readonly headers: Record<string, string>[] = []
  status = 200
  readonly #server: Server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk)
      this.bodies.push(Buffer.concat(chunks).toString('utf8'))
      this.headers.push(Object.fromEntries(Object.entries(request.headers).map(([k, v]) => [k, String(v)])))
      response.writeHead(this.status).end()
    })()
  })

  async start(): Promise<string> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    return `http://127.0.0.1:${address.port}`
  }

  states(): string[] {
    return this.bodies.map((body) => JSON.parse(body).payment.state)
  }

  stop(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }
}

let shop: Shop
let server: FakeProvider
let fake: PaymentProvider
let payment: typeof PAYMENT

beforeEach(async () => {
  shop = new Shop()
  payment = { ...PAYMENT, origin: await shop.start() }
  server = await startFakeProvider({ apiKey: API_KEY, webhookSecret: SECRET })
  fake = fakeProvider({ apiUrl: server.url, apiKey: API_KEY, webhookSecrets: [SECRET], fetch })
})
afterEach(async () => {
  await server.stop()
  shop.stop()
})

describe('the fake provider keeps payments as a real one does', () => {
  it('one checkout for each payment, also when the first answer was lost', async () => {
    server.faults.set({ dropAfterExecute: 1 })
    expect(await fake.create(payment)).toMatchObject({ kind: 'unknown' })
    const created = await fake.create(payment)
    expect(await fake.create(payment)).toEqual(created)
    expect(await fake.fetch(payment)).toEqual(OPEN)
  })

  it('another payment under the same id is refused', async () => {
    await fake.create(payment)
    expect(await fake.create({ ...payment, amount: 1 })).toEqual({ kind: 'refused', code: 'payment_differs' })
  })

  it('what is paid cannot be cancelled, what is cancelled cannot be paid', async () => {
    await fake.create(payment)
    expect(server.pay(payment.paymentId)).toBe(true)
    expect(await fake.cancel(payment)).toEqual(PAID)
    const other = { ...payment, paymentId: `demo.${'q'.repeat(22)}` }
    await fake.create(other)
    expect(await fake.cancel(other)).toEqual(CLOSED)
    expect(server.pay(other.paymentId)).toBe(false)
  })

  it('a refund is made once, and only of what was paid', async () => {
    await fake.create(payment)
    expect(await fake.refund(payment)).toEqual({ kind: 'refused', code: 'not_paid' })
    server.pay(payment.paymentId)
    expect(await fake.refund(payment)).toEqual({ kind: 'refunded' })
    expect(await fake.refund(payment)).toEqual({ kind: 'refunded' })
  })

  it('a payment it never heard of is closed', async () => {
    expect(await fake.cancel(payment)).toEqual(CLOSED)
  })

  it('who has not the key learns nothing', async () => {
    await fake.create(payment)
    const wrong = fakeProvider({ apiUrl: server.url, apiKey: 'wrong', webhookSecrets: [], fetch })
    expect(await wrong.fetch(payment)).toEqual({ kind: 'unknown', cause: 'status 401' })
  })

  it('it forgets nothing over a restart', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'usher-fake-')), 'payments.json')
    const first = await startFakeProvider({ apiKey: API_KEY, webhookSecret: SECRET, file })
    const ask = (url: string): PaymentProvider =>
      fakeProvider({ apiUrl: url, apiKey: API_KEY, webhookSecrets: [], fetch })
    await ask(first.url).create(payment)
    first.pay(payment.paymentId)
    await first.stop()
    const second = await startFakeProvider({ apiKey: API_KEY, webhookSecret: SECRET, file })
    expect(await ask(second.url).fetch(payment)).toEqual(PAID)
    await second.stop()
  })
})

describe('its checkout page', () => {
  async function page(): Promise<string> {
    const created = await fake.create(payment)
    if (created.kind !== 'created') throw new Error('not created')
    return created.checkoutUrl
  }

  it.each([
    ['pay', PAID],
    ['decline', { kind: 'known', state: { kind: 'failed' } }],
  ])('lets a person %s, once, and sends the browser back', async (action, state) => {
    const url = await page()
    expect(await (await fetch(url)).text()).toContain('24000 KRW')
    const answer = await fetch(`${url}/${action}`, { method: 'POST', redirect: 'manual' })
    expect(answer.status).toBe(303)
    expect(answer.headers.get('location')).toContain(`/api/v1/payments/return?paymentId=${payment.paymentId}`)
    expect(await fake.fetch(payment)).toEqual(state)
    await fetch(`${url}/${action === 'pay' ? 'decline' : 'pay'}`, { method: 'POST', redirect: 'manual' })
    expect(await fake.fetch(payment)).toEqual(state)
  })

  it('shows what was ordered as text, whatever it contains', async () => {
    payment = { ...payment, description: '<script>alert(1)</script>' }
    const html = await (await fetch(await page())).text()
    expect(html).not.toContain('<script>')
    expect(html).toContain('&lt;script&gt;')
  })
})

describe('its webhooks', () => {
  it('are signed, and say what happened', async () => {
    await fake.create(payment)
    server.pay(payment.paymentId)
    await eventually(() => (shop.states().length === 2 ? true : null))
    expect(shop.states()).toEqual(['open', 'paid'])
    const verified = fake.verifyWebhook(
      delivery({ body: shop.bodies[1] ?? '', headers: shop.headers[1] ?? {} }),
    )
    expect(newsOf(verified)).toMatchObject({
      kind: 'signed',
      paymentId: payment.paymentId,
      state: PAID.state,
    })
    const forged = fake.verifyWebhook(delivery({ body: shop.bodies[1] ?? '', headers: {} }))
    expect(forged).toEqual({ ok: false, error: 'signature-invalid' })
  })

  it('are repeated until they are taken', async () => {
    shop.status = 503
    await fake.create(payment)
    await eventually(() => (shop.bodies.length === 1 ? true : null))
    shop.status = 200
    await eventually(() => (shop.bodies.length === 2 ? true : null))
    expect(shop.states()).toEqual(['open', 'open'])
  })

  it('come twice, and out of order, when they are made to', async () => {
    server.fates = { ...NO_FATES, duplicateShare: 1, outOfOrderShare: 1 }
    await fake.create(payment)
    server.pay(payment.paymentId)
    await eventually(() => (shop.bodies.length === 4 ? true : null))
    expect(shop.states()).toEqual(['paid', 'paid', 'open', 'open'])
    expect(new Set(shop.bodies.map((body) => JSON.parse(body).id)).size).toBe(2)
  })

  it('a payment can be declined although the visitor agreed', async () => {
    server.fates = { ...NO_FATES, declineShare: 1 }
    await fake.create(payment)
    server.pay(payment.paymentId)
    expect(await fake.fetch(payment)).toEqual({ kind: 'known', state: { kind: 'failed' } })
  })
})

describe('its faults', () => {
  const fates = { ...NO_FATES, delayMsMax: 1_000, lateShare: 0.3, lateMs: 60_000, duplicateShare: 0.3 }
  const ids = Array.from({ length: 200 }, (_, index) => `demo.${index}`)
  const drawn = (seed: number): unknown[] => ids.map((id) => webhookFateOf({ ...fates, seed }, id, 'paid'))

  it('are those of the seed, in every run', () => {
    expect(drawn(7)).toEqual(drawn(7))
    expect(drawn(8)).not.toEqual(drawn(7))
  })

  it('come as often as they are asked for', () => {
    const all = ids.map((id) => webhookFateOf({ ...fates, seed: 7 }, id, 'paid'))
    const late = all.filter(({ delayMs }) => delayMs >= 60_000).length
    const twice = all.filter(({ copies }) => copies === 2).length
    for (const count of [late, twice]) expect(count).toBeGreaterThan(40)
    for (const count of [late, twice]) expect(count).toBeLessThan(80)
  })
})
