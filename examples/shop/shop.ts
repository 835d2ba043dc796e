/** Starts the example shop: settings from the environment, Hono's fetch handler behind `node:http`. See README.md. */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { nodeListener } from 'usher/node'
import { createShop } from './app.ts'
import type { Stock } from './app.ts'
import { browserScripts } from './browser-scripts.ts'
import { sellsSeats, whatIsMissing } from './room.ts'

const port = Number(process.env['PORT'] ?? 8788)
const usherUrl = new URL(process.env['USHER_URL'] ?? 'http://127.0.0.1:8787')
const eventId = process.env['EVENT_ID'] ?? 'demo'

const shop = createShop({
  eventId,
  usherUrl,
  originKey: process.env['ORIGIN_API_KEY'] ?? 'dev-origin-key',
  // A real shop has a secret that outlives a restart: without one, who is inside is sent to the waiting room again.
  secrets: [process.env['SHOP_SECRET'] ?? randomBytes(32).toString('base64url')],
  stock: await stockOf(),
  css: readFileSync(new URL('shop.css', import.meta.url), 'utf8'),
})

const server = createServer(nodeListener(shop.fetch, (error) => console.error(error)))
server.listen(port, '127.0.0.1', () => void greet())

/** Seats that the operator has planned at Usher are sold there; else the shop has some of its own. */
async function stockOf(): Promise<Stock> {
  if (!(await sellsSeats(usherUrl, eventId))) return { seller: 'shop', seatCount: 48 }
  return { seller: 'usher', currency: process.env['CURRENCY'] ?? 'KRW', scripts: await browserScripts() }
}

async function greet(): Promise<void> {
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : port}`
  console.log(`shop of the event ${eventId}: ${url}`)
  const missing = await whatIsMissing(usherUrl, eventId, url)
  if (missing !== null) console.log(missing)
}
