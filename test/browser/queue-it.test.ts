/** A fan's way in Chromium into a shop that has kept its connector of Queue-it. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { nodeListener } from 'usher/node'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { QUEUE_DOMAIN, QUEUE_IT_SECRET, QueueItShop } from '../support/queue-it-shop.ts'
import { startTestUsher, type TestUsher } from '../support/usher.ts'
import { useBrowser } from './support/browser.ts'

let server: Server
let shopUrl: string
let usher: TestUsher
/** One browser at a time, so the connector's cookies may be kept here. */
let shop: QueueItShop

beforeAll(async () => {
  const serve = async ({ url }: Request): Promise<Response> => {
    // The connector names the queue domain with https; here it is the server of the test.
    const redirect = (await shop.visit(url))?.replace(`https://${QUEUE_DOMAIN}`, usher.url)
    return redirect === undefined ? new Response('the tickets') : Response.redirect(redirect)
  }
  server = createServer(nodeListener(serve))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  shopUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  usher = await startTestUsher({
    QUEUE_IT_SECRET_KEY: QUEUE_IT_SECRET,
    QUEUE_IT_TARGETS: shopUrl,
    // A way in of another shop, which is not the one that this fan came from.
    SHOP_URL: 'https://another.example/enter',
  })
})
afterAll(async () => {
  server.close()
  await usher.stop()
})
const browser = useBrowser()

it('leads from the connector to the line, and back to the page that was asked for', async () => {
  const eventId = await usher.api.event({ capacity: 1 })
  shop = new QueueItShop(eventId)
  const page = await browser.page({ origins: [shopUrl, usher.url] })
  await page.goto('/tickets?row=a')
  expect(page.url()).toContain(`${usher.url}/wait/${eventId}?return=`)
  await page.getByRole('link', { name: 'Go in now' }).click()
  await page.getByText('the tickets').waitFor()
  expect(page.url()).toContain(`${shopUrl}/tickets?row=a&queueittoken=e_${eventId}~q_`)
  await page.goto('/tickets')
  expect(page.url()).toBe(`${shopUrl}/tickets`)
})
