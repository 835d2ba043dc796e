/** A fan's whole way in Chromium: the example shop, the waiting room, back to the shop, a seat. */
import { readFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { nodeListener } from 'usher/node'
import { createShop } from '../../examples/shop/app.ts'
import { whatIsMissing } from '../../examples/shop/room.ts'
import { ORIGIN_KEY, startTestUsher, type TestUsher } from '../support/usher.ts'
import { expectAccessible } from './support/axe.ts'
import { useBrowser } from './support/browser.ts'

let server: Server
let shopUrl: string
let usher: TestUsher
let serve: RequestListener = (_, response) => void response.writeHead(503).end()

beforeAll(async () => {
  // The waiting room has to know the shop's address, and the shop the room's.
  server = createServer((request, response) => serve(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  shopUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  usher = await startTestUsher({ SHOP_URL: `${shopUrl}/usher/enter` })
})
afterAll(async () => {
  server.close()
  await usher.stop()
})
const browser = useBrowser()

function openShop(eventId: string): void {
  const shop = createShop({
    eventId,
    usherUrl: usher.url,
    originKey: ORIGIN_KEY,
    secrets: ['a secret of the shop, long enough for it'],
    stock: { seller: 'shop', seatCount: 24 },
    css: readFileSync(new URL('../../examples/shop/shop.css', import.meta.url), 'utf8'),
  })
  serve = nodeListener(shop.fetch)
}

it.each(['light', 'dark'] as const)(
  'a fan queues, comes back, buys, and the next in line is let in (%s)',
  async (colorScheme) => {
    const eventId = await usher.api.event({ name: 'The Night Ferry', capacity: 1 })
    openShop(eventId)
    const page = await browser.page({ origins: [shopUrl, usher.url], colorScheme })
    const visited: string[] = []
    page.on('request', (request) => visited.push(request.url()))
    await page.goto('/')
    await expectAccessible(page)
    await page.getByRole('link', { name: 'Choose your seat' }).click()
    await page.waitForURL(`${usher.url}/wait/${eventId}?return=%2Fseats`)
    await page.getByRole('button', { name: 'Go in now' }).click()
    await page.waitForURL(`${shopUrl}/seats`)
    await expectAccessible(page)

    const next = await usher.api.visitor()
    await usher.api.join(eventId, next)
    await page.reload()
    await page.getByRole('button', { name: 'Seat 7' }).click()
    await page.getByText('Seat 7 is yours').waitFor()
    await usher.api.admitted(eventId, next)

    await page.goto('/seats')
    expect(page.url()).toContain('/wait/')
    // No address that the browser has been at had a ticket in it.
    expect(visited.join()).not.toMatch(/eyJ/)
  },
)

it('a fan who came to the waiting room first of all gets in as well, by the small page', async () => {
  const eventId = await usher.api.event({ capacity: 1 })
  openShop(eventId)
  const page = await browser.page({ origins: [shopUrl, usher.url] })
  await page.goto(`${usher.url}/wait/${eventId}`)
  await page.getByRole('button', { name: 'Go in now' }).click()
  await page.waitForURL(`${shopUrl}/`)
  await page.goto('/seats')
  await page.getByRole('button', { name: 'Leave without a seat' }).click()
  await page.waitForURL(`${shopUrl}/`)
  expect((await usher.api.status(eventId)).body.admitted).toBe(0)
})

it('a ticket in the fragment works, and leaves the address bar and the history', async () => {
  const eventId = await usher.api.event({ capacity: 1 })
  openShop(eventId)
  const visitor = await usher.api.visitor()
  await usher.api.join(eventId, visitor)
  const { entryToken } = await usher.api.admitted(eventId, visitor)
  const page = await browser.page({ origins: [shopUrl, usher.url] })
  await page.goto(`/usher/enter#usher_token=${entryToken}&return=%2Fseats`)
  await page.waitForURL(`${shopUrl}/seats`)
  await page.goBack()
  expect(page.url()).not.toContain('eyJ')
})

describe('without JavaScript', () => {
  const scriptless = useBrowser(false)

  it('a fan without JavaScript presses one button more', async () => {
    const eventId = await usher.api.event({ capacity: 1 })
    openShop(eventId)
    const visitor = await usher.api.visitor()
    await usher.api.join(eventId, visitor)
    const { entryToken } = await usher.api.admitted(eventId, visitor)
    const page = await scriptless.page({ origins: [shopUrl, usher.url] })
    await page.setContent(
      `<form method="post" action="${shopUrl}/usher/enter"><input name="token" value="${entryToken}"><button>Go</button></form>`,
    )
    await page.getByRole('button', { name: 'Go' }).click()
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.waitForURL(`${shopUrl}/`)
    await page.goto('/seats')
    await page.getByText('You are in.').waitFor()
  })
})

it('the example says what is missing: a room, an event, the way back', async () => {
  const eventId = await usher.api.event()
  const missing = (url: string, event: string, shop: string) => whatIsMissing(new URL(url), event, shop)
  expect(await missing(usher.url, eventId, shopUrl)).toBeNull()
  expect(await missing(usher.url, 'no-such-event', shopUrl)).toContain('no event no-such-event')
  expect(await missing(usher.url, eventId, 'http://127.0.0.1:1')).toContain('does not lead here')
  expect(await missing('http://127.0.0.1:1', eventId, shopUrl)).toContain('No waiting room answers')
})
