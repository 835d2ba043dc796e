/** An operator who watches a sale in the console sees what waits for a person, and settles it there. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ShopApi } from '../support/shop.ts'
import { eventually, startTestUsher, type TestUsher } from '../support/usher.ts'
import { expectAccessibleInBoth } from './support/axe.ts'
import { useBrowser } from './support/browser.ts'
import { act, said, signIn } from './support/operator.ts'

const PRICE = 12_000

let usher: TestUsher
let shop: ShopApi
beforeAll(async () => {
  usher = await startTestUsher()
  shop = new ShopApi(usher.api)
})
afterAll(() => usher.stop())
const browser = useBrowser()

/** Somebody has paid another amount than the price. */
async function stuckSale(): Promise<{ eventId: string; reference: string }> {
  const { payments } = usher.runtime
  if (payments === null) throw new Error('no fake provider')
  const eventId = await usher.api.event()
  await shop.plan(eventId, [{ name: 'A', rows: 1, seatsPerRow: 3, price: PRICE }])
  const buyer = await shop.buyer(eventId)
  const { reservationId } = (await shop.hold(eventId, buyer, { seatIds: ['A-1-1'] })).body
  const begun = await shop.pay(eventId, buyer, reservationId, {}, { method: 'provider' })
  const payment = payments.payment(begun.body.paymentId)
  if (payment === null) throw new Error('the provider does not know the payment')
  expect(await payments.webhooks.deliver({ ...payment, state: 'paid', amount: PRICE - 1 })).toBe(200)
  const { body } = await usher.api.admin('GET', `events/${eventId}/payments`)
  return { eventId, reference: body.payments[0].reference }
}

it('a payment that gets stuck is said on the event without anybody asking, and settled there', async () => {
  const { eventId, reference } = await stuckSale()
  const page = await browser.page({ origins: [usher.url] })
  await signIn(page, `#/events/${eventId}`)
  await page.getByText('1 payment is stuck').waitFor()
  const sale = page.locator('.sale')
  const fact = (label: string) => sale.locator('.facts div').filter({ hasText: label }).locator('dd')
  expect(await fact('Held').textContent()).toBe('1')
  expect(await fact('Stuck payments').textContent()).toBe('1')
  await sale.getByText(reference).waitFor()
  await expectAccessibleInBoth(page)
  expect(await act(page, 'It was paid', 'It was paid')).toMatch(/The seats are sold to this visitor/)
  await said(page, 'The seats are sold.')
  await eventually(async () => ((await fact('Sold').textContent()) === '1' ? true : null))
  await page.getByText('1 payment is stuck').waitFor({ state: 'hidden' })
  await sale.getByText(reference).waitFor({ state: 'detached' })
  const { body } = await usher.api.admin('GET', `events/${eventId}/sale`)
  expect(body).toMatchObject({ seats: { sold: 1 }, payments: { provider: { stuck: 0, paid: 1 } } })
  const { body: log } = await usher.api.admin('GET', `audit?eventId=${eventId}`)
  expect(log.entries[0]).toMatchObject({ action: 'payment.resolve', outcome: 'done' })
})

it('an event without seats shows nothing of seats', async () => {
  const eventId = await usher.api.event()
  const page = await browser.page({ origins: [usher.url] })
  const answered = page.waitForResponse((response) => response.url().endsWith(`${eventId}/sale`))
  await signIn(page, `#/events/${eventId}`)
  expect((await answered).status()).toBe(200)
  await page.getByRole('heading', { name: 'Settings' }).waitFor()
  expect(await page.getByText('Seats and payments').isVisible()).toBe(false)
})
