/** A fan's way from the waiting page to a ticket in Chromium: seats live from Usher, held and paid there. */
import { readFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { nodeListener } from 'usher/node'
import { createShop } from '../../examples/shop/app.ts'
import { browserScripts, type BrowserScripts } from '../../examples/shop/browser-scripts.ts'
import { sellsSeats } from '../../examples/shop/room.ts'
import { ShopApi } from '../support/shop.ts'
import { ORIGIN_KEY, startTestUsher, type TestUsher } from '../support/usher.ts'
import { expectAccessible, expectAccessibleInBoth } from './support/axe.ts'
import { useBrowser } from './support/browser.ts'

const HALL = [
  { name: 'Stalls', rows: 3, seatsPerRow: 6, price: 9_000 },
  { name: 'Balcony', rows: 2, seatsPerRow: 6, price: 4_500 },
]
const HOLD_SECONDS = 4

let server: Server
let shopUrl: string
let usher: TestUsher
/** Where nobody has long to pay. */
let hasty: TestUsher
let scripts: BrowserScripts
let serve: RequestListener = (_, response) => void response.writeHead(503).end()

beforeAll(async () => {
  server = createServer((request, response) => serve(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  shopUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const bindings = {
    SHOP_URL: `${shopUrl}/usher/enter`,
    CORS_ORIGINS: shopUrl,
    PAYMENT_RETURN_URL: `${shopUrl}/ticket`,
  }
  usher = await startTestUsher(bindings)
  hasty = await startTestUsher({ ...bindings, PURCHASE_HOLD_SECONDS: String(HOLD_SECONDS) })
  scripts = await browserScripts()
})
afterAll(async () => {
  server.close()
  await usher.stop()
  await hasty.stop()
})
const browser = useBrowser()

async function openSale(at: TestUsher = usher, capacity = 10): Promise<string> {
  const eventId = await at.api.event({ name: 'The Night Ferry', capacity })
  const planned = await new ShopApi(at.api).plan(eventId, HALL)
  expect(planned.body).toEqual({ seatCount: 30 })
  const shop = createShop({
    eventId,
    usherUrl: at.url,
    originKey: ORIGIN_KEY,
    secrets: ['a secret of the shop, long enough for it'],
    stock: { seller: 'usher', currency: 'KRW', scripts },
    css: readFileSync(new URL('../../examples/shop/shop.css', import.meta.url), 'utf8'),
  })
  serve = nodeListener(shop.fetch)
  return eventId
}

/** A fan who has gone through the waiting page and looks at the seats. */
async function fanAtSeats(at: TestUsher = usher): Promise<Page> {
  const provider = at.runtime.payments?.url ?? ''
  const page = await browser.page({ origins: [shopUrl, at.url, provider] })
  await page.goto('/')
  await page.getByRole('link', { name: 'Choose your seat' }).click()
  await page.getByRole('button', { name: 'Go in now' }).click()
  await page.waitForURL(`${shopUrl}/seats`)
  await seat(page, 'Stalls, row 1, seat 1').waitFor()
  return page
}

function seat(page: Page, name: string) {
  return page.getByRole('checkbox', { name, exact: false })
}

async function hold(page: Page, ...names: string[]): Promise<void> {
  for (const name of names) await seat(page, name).check()
  await page.getByRole('button', { name: 'Hold these seats' }).click()
  await page.getByRole('heading', { name: 'Pay for your seats' }).waitFor()
  await page.locator('#clock', { hasText: /^\d:\d\d$/ }).waitFor()
}

async function untilSaid(page: Page, text: string | RegExp): Promise<void> {
  await page.locator('#status', { hasText: text }).waitFor({ timeout: 15_000 })
}

it('a fan waits, chooses seats, charges the wallet, pays, has a ticket, and the next in line is let in', async () => {
  const eventId = await openSale(usher, 1)
  const page = await fanAtSeats()
  const visited: string[] = []
  page.on('request', (request) => visited.push(request.url()))
  await expectAccessibleInBoth(page)
  const next = await usher.api.visitor()
  await usher.api.join(eventId, next)

  await hold(page, 'Stalls, row 2, seat 3', 'Stalls, row 2, seat 4')
  await expectAccessibleInBoth(page)
  expect(await page.locator('#held').textContent()).toMatch(/^Stalls-2-3, Stalls-2-4 for ₩18,000$/)
  await page.getByRole('button', { name: 'Pay by wallet' }).click()
  await page.waitForURL(`${shopUrl}/ticket`)
  await untilSaid(page, 'Paid.')
  expect(await page.locator('#ticket').textContent()).toMatch(/Stalls-2-3, Stalls-2-4.*₩18,000/s)
  await expectAccessible(page)

  await usher.api.admitted(eventId, next)
  const { body } = await new ShopApi(usher.api).seats(eventId)
  const sold = body.seats.filter(({ state }: { state: string }) => state === 'sold')
  expect(sold.map(({ seatId }: { seatId: string }) => seatId)).toEqual(['Stalls-2-3', 'Stalls-2-4'])
  // The visit is over: the seats are behind the line again.
  await page.goto('/seats')
  expect(page.url()).toContain('/wait/')
  // No address has had a ticket to the shop in it.
  expect(visited.join()).not.toMatch(/eyJ/)
})

it('a fan pays on the page of the payment provider, and comes back to the ticket', async () => {
  await openSale()
  const page = await fanAtSeats()
  await hold(page, 'Balcony, row 1, seat 2')
  await page.getByRole('button', { name: 'Pay by card' }).click()
  await page.getByRole('heading', { name: 'Test payment' }).waitFor()
  await page.getByRole('button', { name: 'Pay', exact: true }).click()
  await page.waitForURL(/\/ticket\?paymentId=/)
  await untilSaid(page, 'Paid.')
  expect(await page.locator('#seats').textContent()).toBe('Balcony-1-2')
})

it('a fan whose card is declined still holds the seats, also after a reload, and pays otherwise', async () => {
  await openSale()
  const page = await fanAtSeats()
  await hold(page, 'Balcony, row 1, seat 2')
  await page.getByRole('button', { name: 'Pay by card' }).click()
  await page.getByRole('button', { name: 'Decline' }).click()
  await untilSaid(page, 'the seats are still yours')
  await page.getByRole('link', { name: 'To the seats' }).click()
  await untilSaid(page, 'You hold Balcony-1-2')
  await page.reload()
  await untilSaid(page, 'You hold Balcony-1-2')
  await page.getByRole('button', { name: 'Pay by wallet' }).click()
  await untilSaid(page, 'Paid.')
})

describe('of two fans who want the same seat', () => {
  it('the one sees the other hold it, within seconds and without a reload, and see it free again', async () => {
    await openSale()
    const [ann, bob] = [await fanAtSeats(), await fanAtSeats()]
    await seat(bob, 'Stalls, row 1, seat 1').check()
    await hold(ann, 'Stalls, row 1, seat 1')
    await untilSaid(bob, 'Stalls-1-1: just taken by somebody else.')
    expect(await seat(bob, 'Stalls, row 1, seat 1, ₩9,000, taken for now').isDisabled()).toBe(true)
    expect(await bob.getByRole('button', { name: 'Hold these seats' }).isDisabled()).toBe(true)
    await ann.getByRole('button', { name: 'Other seats' }).click()
    await seat(bob, 'Stalls, row 1, seat 1, ₩9,000, free').waitFor()
  })

  it('the one who is later is told, and the map shows why', async () => {
    await openSale()
    const [ann, bob] = [await fanAtSeats(), await fanAtSeats()]
    // His wish is on its way when hers is granted.
    await bob.route('**/reservations', async (route) => {
      await hold(ann, 'Stalls, row 1, seat 1')
      await route.continue()
    })
    await seat(bob, 'Stalls, row 1, seat 1').check()
    await seat(bob, 'Stalls, row 1, seat 2').check()
    const [refused] = await Promise.all([
      bob.waitForResponse(
        (answer) => answer.request().method() === 'POST' && answer.url().endsWith('/reservations'),
      ),
      bob.getByRole('button', { name: 'Hold these seats' }).click(),
    ])
    expect(refused.status()).toBe(409)
    await untilSaid(bob, /Somebody was quicker|just taken by somebody else/)
    await bob.unrouteAll({ behavior: 'wait' })
    // None or all: the other seat is as free as before, and still chosen.
    await expect.poll(() => bob.locator('#sum').textContent()).toBe('Stalls-1-2: ₩9,000')
    await hold(bob)
  })
})

it('seats that are not paid in time are free again, and the fan may choose others', async () => {
  await openSale(hasty)
  const page = await fanAtSeats(hasty)
  await hold(page, 'Stalls, row 3, seat 6')
  await untilSaid(page, 'Your time to pay is over.')
  await expectAccessible(page)
  await seat(page, 'Stalls, row 3, seat 6, ₩9,000, free').waitFor()
  await hold(page, 'Stalls, row 3, seat 5')
})

it('a fan with a keyboard alone goes from seat to seat, holds two of four at most, and pays', async () => {
  await openSale()
  const page = await fanAtSeats()
  await seat(page, 'Stalls, row 1, seat 1').focus()
  await page.keyboard.press('Space')
  for (const key of ['ArrowDown', 'ArrowRight', 'Space', 'ArrowRight', 'Space', 'ArrowRight', 'Space'])
    await page.keyboard.press(key)
  // Four are chosen, and no fifth can be.
  expect(await seat(page, 'Balcony, row 2, seat 6').isDisabled()).toBe(true)
  expect(await page.locator('#sum').textContent()).toBe(
    'Stalls-1-1, Stalls-2-2, Stalls-2-3, Stalls-2-4: ₩36,000',
  )
  await page.keyboard.press('Space')
  expect(await seat(page, 'Balcony, row 2, seat 6').isDisabled()).toBe(false)
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Pay for your seats' }).waitFor()
  await page.keyboard.press('Enter')
  await untilSaid(page, 'Paid.')
})

it('a fan who leaves gives seats and admission back at once', async () => {
  const eventId = await openSale()
  const page = await fanAtSeats()
  await hold(page, 'Stalls, row 1, seat 1')
  await page.getByRole('button', { name: 'Leave without a seat' }).click()
  await page.waitForURL(`${shopUrl}/`)
  const { body } = await new ShopApi(usher.api).seats(eventId)
  expect(new Set(body.seats.map(({ state }: { state: string }) => state))).toEqual(new Set(['free']))
  expect((await usher.api.status(eventId)).body.admitted).toBe(0)
})

it('the example sells at Usher what is planned there, and else seats of its own', async () => {
  const planned = await openSale()
  const bare = await usher.api.event()
  expect(await sellsSeats(new URL(usher.url), planned)).toBe(true)
  expect(await sellsSeats(new URL(usher.url), bare)).toBe(false)
  expect(await sellsSeats(new URL(usher.url), 'no-such-event')).toBe(false)
  expect(await sellsSeats(new URL('http://127.0.0.1:1'), planned)).toBe(false)
})
