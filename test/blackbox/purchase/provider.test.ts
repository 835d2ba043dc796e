/** Paying at a provider, from the hold to the sale, on the real runtime with a provider that really keeps payments. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { signatureOf } from '../../../src/webhooks/signature.ts'
import type { FakeProvider } from '../../../dev/payments/fake-provider.ts'
import { NO_FATES } from '../../../dev/payments/fates.ts'
import { ShopApi, type Buyer } from '../../support/shop.ts'
import { eventually, startTestUsher, type Answer, type TestUsher } from '../../support/usher.ts'

const SECTIONS = [{ name: 'A', rows: 1, seatsPerRow: 4, price: 12_000 }]
const WEBHOOK = '/api/v1/payments/webhook'

let usher: TestUsher
let shop: ShopApi
let provider: FakeProvider

beforeAll(async () => {
  usher = await startTestUsher({ PURCHASE_HOLD_SECONDS: '120' })
  shop = new ShopApi(usher.api)
  const { payments } = usher.runtime
  if (payments === null) throw new Error('no fake provider')
  provider = payments
})
afterAll(() => usher.stop())

type Sale = { eventId: string; buyer: Buyer; reservationId: string; paymentId: string; checkoutUrl: string }

/** A visitor inside, with two seats held and a checkout open. */
async function checkedOut(seatIds = ['A-1-1', 'A-1-2']): Promise<Sale> {
  const eventId = await usher.api.event({ capacity: 1 })
  await shop.plan(eventId, SECTIONS)
  const buyer = await shop.buyer(eventId)
  const held = await shop.hold(eventId, buyer, { seatIds })
  expect(held.status).toBe(201)
  const { reservationId } = held.body
  const begun = await payByProvider({ eventId, buyer, reservationId })
  expect(begun).toMatchObject({ status: 202, body: { state: 'pending', amount: 12_000 * seatIds.length } })
  return { eventId, buyer, reservationId, ...begun.body }
}

function payByProvider(
  { eventId, buyer, reservationId }: Pick<Sale, 'eventId' | 'buyer' | 'reservationId'>,
  key?: string,
): Promise<Answer> {
  const headers: Record<string, string> = key === undefined ? {} : { 'idempotency-key': key }
  return shop.pay(eventId, buyer, reservationId, headers, { method: 'provider' })
}

/** A sale that the visitor gave up before paying. */
async function expired(): Promise<Sale> {
  const sale = await checkedOut()
  await usher.api.leave(sale.eventId, sale.buyer)
  await untilState(sale, 'expired')
  return sale
}

/** How the reservation stands, once it stands so. */
function untilState({ eventId, buyer, reservationId }: Sale, state: string): Promise<Answer> {
  return eventually(async () => {
    const answer = await shop.reservation(eventId, buyer, reservationId)
    return answer.body.state === state ? answer : null
  }, 10_000)
}

async function seatStates(eventId: string): Promise<string[]> {
  return (await shop.seats(eventId)).body.seats.map(({ state }: { state: string }) => state)
}

async function delivered({ paymentId }: Sale, options = {}): Promise<number> {
  const payment = provider.payment(paymentId)
  if (payment === null) throw new Error('the provider does not know it')
  return provider.webhooks.deliver(payment, options)
}

describe('paying at a provider', () => {
  it('sells the seats when the visitor pays on its page, and lets the next fan in', async () => {
    const sale = await checkedOut()
    const next = await usher.api.visitor()
    await usher.api.join(sale.eventId, next)
    expect(await seatStates(sale.eventId)).toEqual(['held', 'held', 'free', 'free'])
    const page = await fetch(`${sale.checkoutUrl}/pay`, { method: 'POST', redirect: 'manual' })
    expect(page.status).toBe(303)
    await untilState(sale, 'paid')
    expect(await seatStates(sale.eventId)).toEqual(['sold', 'sold', 'free', 'free'])
    await usher.api.admitted(sale.eventId, next)
    const { body } = await usher.api.place(sale.eventId, sale.buyer)
    expect(body.state).toBe('COMPLETED')
  })

  it('answers the same checkout to whoever asks again, and the sale after it', async () => {
    const sale = await checkedOut()
    const again = await payByProvider(sale)
    expect(again.body).toMatchObject({ paymentId: sale.paymentId, checkoutUrl: sale.checkoutUrl })
    const keyed = await payByProvider(sale, 'key-1')
    expect((await payByProvider(sale, 'key-1')).body).toEqual(keyed.body)
    provider.pay(sale.paymentId)
    await untilState(sale, 'paid')
    expect(await payByProvider(sale)).toMatchObject({ status: 200, body: { state: 'paid' } })
  })

  it('that is declined costs neither the seats nor the admission, and the wallet can pay instead', async () => {
    const sale = await checkedOut()
    provider.decline(sale.paymentId)
    await untilState(sale, 'held')
    expect((await usher.api.place(sale.eventId, sale.buyer)).body.state).toBe('ADMITTED')
    await shop.charge(sale.buyer, 24_000)
    expect(await shop.pay(sale.eventId, sale.buyer, sale.reservationId)).toMatchObject({
      status: 200,
      body: { state: 'paid' },
    })
  })

  it('is not paid by wallet at the same time', async () => {
    const sale = await checkedOut()
    await shop.charge(sale.buyer, 24_000)
    const answer = await shop.pay(sale.eventId, sale.buyer, sale.reservationId)
    expect(answer).toMatchObject({ status: 409, body: { code: 'payment-in-progress' } })
  })

  it('holds the seats for as long as somebody may be paying', async () => {
    const sale = await checkedOut()
    const { body } = await shop.reservation(sale.eventId, sale.buyer, sale.reservationId)
    expect(Date.parse(body.expiresAt) - Date.now()).toBeGreaterThan(700_000)
  })

  it('brings the browser back by an address that settles what the webhook has not told yet', async () => {
    const sale = await checkedOut()
    provider.webhooks.isWithheld = true
    const page = await fetch(`${sale.checkoutUrl}/pay`, { method: 'POST', redirect: 'manual' })
    const back = await fetch(page.headers.get('location') ?? '', { redirect: 'manual' })
    provider.webhooks.isWithheld = false
    expect(back.status).toBe(303)
    expect(back.headers.get('location')).toBe(
      `${usher.url}/wait/${sale.eventId}?paymentId=${encodeURIComponent(sale.paymentId)}`,
    )
    await untilState(sale, 'paid')
  })

  it('gives the seats back when the visitor leaves, once the checkout is closed', async () => {
    const sale = await checkedOut()
    await usher.api.leave(sale.eventId, sale.buyer)
    await untilState(sale, 'expired')
    expect(provider.payment(sale.paymentId)?.state).toBe('closed')
    expect(provider.pay(sale.paymentId)).toBe(false)
    expect(await seatStates(sale.eventId)).toEqual(['free', 'free', 'free', 'free'])
  })

  it('sells to who gave up and had paid a moment before: closing the checkout finds it', async () => {
    const sale = await checkedOut()
    provider.webhooks.isWithheld = true
    provider.pay(sale.paymentId)
    const given = await shop.giveUp(sale.eventId, sale.buyer, sale.reservationId)
    provider.webhooks.isWithheld = false
    expect(given.status).toBe(204)
    await untilState(sale, 'paid')
    expect(await seatStates(sale.eventId)).toEqual(['sold', 'sold', 'free', 'free'])
  })
})

describe('a payment that comes after its end', () => {
  it('sells the seats while they are free', async () => {
    const sale = await expired()
    provider.payLate(sale.paymentId)
    await untilState(sale, 'paid')
    expect(await seatStates(sale.eventId)).toEqual(['sold', 'sold', 'free', 'free'])
  })

  it('is given back when somebody else has the seats', async () => {
    const sale = await expired()
    const other = await shop.buyer(sale.eventId)
    await shop.charge(other, 12_000)
    const held = await shop.hold(sale.eventId, other, { seatIds: ['A-1-2'] })
    await shop.pay(sale.eventId, other, held.body.reservationId)
    provider.payLate(sale.paymentId)
    await untilState(sale, 'refunded')
    expect(provider.payment(sale.paymentId)?.state).toBe('refunded')
    expect(await seatStates(sale.eventId)).toEqual(['free', 'sold', 'free', 'free'])
  })

  it('is given back as soon as the provider is reachable again', async () => {
    const sale = await expired()
    const other = await shop.buyer(sale.eventId)
    await shop.hold(sale.eventId, other, { seatIds: ['A-1-1'] })
    provider.faults.set({ failBefore: 1 })
    provider.payLate(sale.paymentId)
    await untilState(sale, 'refund_due')
    await untilState(sale, 'refunded')
    expect(provider.faults.settings.failBefore).toBe(0)
  })
})

describe('webhooks', () => {
  it('without a signature are refused', async () => {
    const answer = await usher.api.request('POST', WEBHOOK, { body: { id: 'e', payment: {} } })
    expect(answer).toMatchObject({ status: 401, body: { code: 'signature-invalid' } })
  })

  it.each([
    ['with the signature of somebody else', { secret: 'another-secret-of-16' }],
    ['that are six minutes old', { sentAtMs: Date.now() - 360_000 }],
  ])('%s are refused and change nothing', async (_name, options) => {
    const sale = await checkedOut()
    provider.webhooks.isWithheld = true
    provider.pay(sale.paymentId)
    expect(await delivered(sale, options)).toBe(401)
    provider.webhooks.isWithheld = false
    expect((await shop.reservation(sale.eventId, sale.buyer, sale.reservationId)).body.state).toBe('paying')
  })

  it('that come twice, late and in the wrong order sell once', async () => {
    provider.fates = { ...NO_FATES, duplicateShare: 1, outOfOrderShare: 1 }
    const sale = await checkedOut()
    provider.pay(sale.paymentId)
    await untilState(sale, 'paid')
    provider.fates = NO_FATES
    expect(await delivered(sale)).toBe(200)
    expect(await seatStates(sale.eventId)).toEqual(['sold', 'sold', 'free', 'free'])
  })

  it('of a payment that nobody knows are answered like any other', async () => {
    const secret = usher.runtime.variables['PAYMENT_WEBHOOK_SECRETS'] ?? ''
    const payment = {
      paymentId: `nowhere.${'x'.repeat(22)}`,
      checkoutId: 'co_1',
      checkoutUrl: 'http://127.0.0.1/',
      state: 'paid',
      amount: 1,
      currency: 'KRW',
    }
    const body = JSON.stringify({ id: 'evt_1', payment })
    const headers = { 'payment-signature': signatureOf(body, secret, Date.now()) }
    const answer = await usher.api.request('POST', WEBHOOK, { body, headers })
    expect(answer).toMatchObject({ status: 200, body: { received: true } })
  })

  it('survive a crash between their arrival and what follows: the seats are sold, and the line is told', async () => {
    const sale = await checkedOut()
    const next = await usher.api.visitor()
    await usher.api.join(sale.eventId, next)
    provider.webhooks.isWithheld = true
    provider.pay(sale.paymentId)
    const news = delivered(sale)
    const pid = usher.runtime.workerdPid()
    if (pid === null) throw new Error('no workerd')
    process.kill(pid, 'SIGKILL')
    await news.catch(() => 0)
    provider.webhooks.isWithheld = false
    await eventually(async () => (await delivered(sale).catch(() => 0)) === 200 || null, 15_000)
    await eventually(
      async () =>
        (await shop.reservation(sale.eventId, sale.buyer, sale.reservationId)).body.state === 'paid' || null,
      10_000,
    )
    await usher.api.admitted(sale.eventId, next, 15_000)
    expect(await seatStates(sale.eventId)).toEqual(['sold', 'sold', 'free', 'free'])
  })
})

describe('the time to pay', () => {
  it('is over by the alarm: the checkout is closed, then the seats are free, and the admission stays', async () => {
    const hasty = await startTestUsher({ PURCHASE_PAYMENT_SECONDS: '2', PURCHASE_HOLD_SECONDS: '1' })
    const eventId = await hasty.api.event({ capacity: 1 })
    const hastyShop = new ShopApi(hasty.api)
    await hastyShop.plan(eventId, SECTIONS)
    const buyer = await hastyShop.buyer(eventId)
    const { reservationId } = (await hastyShop.hold(eventId, buyer, { seatIds: ['A-1-1'] })).body
    const begun = await hastyShop.pay(eventId, buyer, reservationId, {}, { method: 'provider' })
    // Nobody asks the office anything meanwhile; the provider learns it all the same.
    await eventually(
      () => hasty.runtime.payments?.payment(begun.body.paymentId)?.state === 'closed' || null,
      10_000,
    )
    const { body } = await hastyShop.seats(eventId)
    expect(body.seats[0].state).toBe('free')
    expect((await hasty.api.place(eventId, buyer)).body.state).toBe('ADMITTED')
    await hasty.stop()
  })
})

describe('a provider that is away', () => {
  it('cannot close a checkout: the seats stay held until it can', async () => {
    const sale = await checkedOut()
    provider.faults.set({ outage: true })
    await usher.api.leave(sale.eventId, sale.buyer)
    await eventually(
      () => (readFileSync(usher.runtime.logFile, 'utf8').includes('not closed') ? true : null),
      10_000,
    )
    expect(await seatStates(sale.eventId)).toEqual(['held', 'held', 'free', 'free'])
    provider.faults.clear()
    await untilState(sale, 'expired')
    expect(await seatStates(sale.eventId)).toEqual(['free', 'free', 'free', 'free'])
  })

  it('cannot open a checkout: 503, and the same request opens it later', async () => {
    const eventId = await usher.api.event({ capacity: 1 })
    await shop.plan(eventId, SECTIONS)
    const buyer = await shop.buyer(eventId)
    const { reservationId } = (await shop.hold(eventId, buyer, { seatIds: ['A-1-1'] })).body
    provider.faults.set({ outage: true })
    const refused = await payByProvider({ eventId, buyer, reservationId }, 'key-2')
    expect(refused).toMatchObject({ status: 503, body: { code: 'payment-provider-unavailable' } })
    expect(refused.headers.get('retry-after')).toBe('2')
    provider.faults.clear()
    expect((await payByProvider({ eventId, buyer, reservationId }, 'key-2')).status).toBe(202)
  })
})

describe('an operator', () => {
  it('sees the payments of a state and resolves only what is stuck', async () => {
    const sale = await checkedOut()
    const path = `events/${sale.eventId}/payments`
    expect((await usher.api.admin('GET', path)).body).toEqual({ payments: [] })
    const pending = await usher.api.admin('GET', `${path}?state=pending`)
    expect(pending.body.payments).toMatchObject([
      { paymentId: sale.paymentId, method: 'provider', state: 'pending' },
    ])
    expect(await usher.api.admin('GET', `${path}?state=lost`)).toMatchObject({ status: 400 })
    expect(await usher.api.admin('POST', `${path}/${sale.paymentId}/resolve`, { as: 'paid' })).toMatchObject({
      status: 409,
      body: { code: 'payment-not-stuck', state: 'pending' },
    })
    const unknown = `${sale.eventId}.${'x'.repeat(22)}`
    expect(await usher.api.admin('POST', `${path}/${unknown}/resolve`, { as: 'paid' })).toMatchObject({
      status: 404,
      body: { code: 'payment-not-found' },
    })
  })

  it('resolves a payment of the wrong amount: refused ones free the seats, accepted ones sell them', async () => {
    for (const [as, reservationState, seat] of [
      ['failed', 'held', 'held'],
      ['paid', 'paid', 'sold'],
    ] as const) {
      const sale = await checkedOut(['A-1-1'])
      provider.webhooks.isWithheld = true
      provider.pay(sale.paymentId)
      const payment = provider.payment(sale.paymentId)
      if (payment === null) throw new Error('no payment')
      expect(await provider.webhooks.deliver({ ...payment, amount: 11_999 })).toBe(200)
      provider.webhooks.isWithheld = false
      const path = `events/${sale.eventId}/payments`
      expect((await usher.api.admin('GET', `${path}?state=stuck`)).body.payments).toHaveLength(1)
      const resolve = (): Promise<Answer> =>
        usher.api.admin('POST', `${path}/${sale.paymentId}/resolve`, { as })
      expect(await resolve()).toMatchObject({ status: 200, body: { state: as } })
      expect(await resolve()).toMatchObject({ status: 200, body: { state: as } })
      await untilState(sale, reservationState)
      expect((await seatStates(sale.eventId))[0]).toBe(seat)
    }
  })
})
