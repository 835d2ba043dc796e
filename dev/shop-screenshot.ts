/**
 * Part of `npm run screenshots`: the seats of the example shop, docs/images/shop-seats.png, as a fan sees them who was let in by
 * a real Usher, while others hold and buy.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeListener } from 'usher/node'
import { createShop } from '../examples/shop/app.ts'
import { browserScripts } from '../examples/shop/browser-scripts.ts'
import { launchChromium } from './chromium.ts'
import { startUsher } from './runtime.ts'
import { PROJECT_ROOT } from './settings.ts'

const ADMIN_KEY = 'screenshots-admin-key'
const ORIGIN_KEY = 'screenshots-origin-key'
const EVENT_ID = 'night-ferry'
const VIEWPORT = { width: 900, height: 900 }
const SECTIONS = [
  { name: 'Stalls', rows: 4, seatsPerRow: 10, price: 90_000 },
  { name: 'Balcony', rows: 2, seatsPerRow: 10, price: 45_000 },
]
/** What others take: each is a wish, and whether they pay. */
const OTHERS = [
  { seatIds: ['Stalls-1-4', 'Stalls-1-5', 'Stalls-1-6', 'Stalls-1-7'], pays: true },
  { seatIds: ['Stalls-2-5', 'Stalls-2-6'], pays: true },
  { seatIds: ['Stalls-2-3', 'Stalls-2-4'], pays: false },
  { seatIds: ['Balcony-1-5', 'Balcony-1-6', 'Balcony-1-7'], pays: false },
]
const CHOSEN = ['Stalls, row 3, seat 4', 'Stalls, row 3, seat 5', 'Stalls, row 3, seat 6']
const MONEY = 1_000_000
const TIMEOUT_MS = 30_000

async function main(): Promise<void> {
  let serve: RequestListener = (_, response) => void response.writeHead(503).end()
  const server = createServer((request, response) => serve(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const shopUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const stateDir = mkdtempSync(join(tmpdir(), 'usher-screenshots-'))
  const bindings = {
    ADMIN_API_KEY: ADMIN_KEY,
    ORIGIN_API_KEY: ORIGIN_KEY,
    SHOP_URL: `${shopUrl}/usher/enter`,
    CORS_ORIGINS: shopUrl,
  }
  const usher = await startUsher({ stateDir, cron: false, bindings })
  const browser = await launchChromium()
  try {
    const call = callerOf(usher.url)
    await call('PUT', `admin/events/${EVENT_ID}`, ADMIN_KEY, { name: 'The Night Ferry', capacity: 100 })
    await call('PUT', `admin/events/${EVENT_ID}/seats`, ADMIN_KEY, { sections: SECTIONS })
    for (const { seatIds, pays } of OTHERS) await buy(call, seatIds, pays)
    const shop = createShop({
      eventId: EVENT_ID,
      usherUrl: usher.url,
      originKey: ORIGIN_KEY,
      secrets: ['a secret of the screenshots, long enough'],
      stock: { seller: 'usher', currency: 'KRW', scripts: await browserScripts() },
      css: readFileSync(join(PROJECT_ROOT, 'examples/shop/shop.css'), 'utf8'),
    })
    serve = nodeListener(shop.fetch)
    const page = await browser.newPage({ baseURL: shopUrl, viewport: VIEWPORT, locale: 'en-GB' })
    await page.goto('/seats')
    await page.getByRole('button', { name: 'Go in now' }).click()
    for (const seat of CHOSEN) await page.getByRole('checkbox', { name: seat }).check()
    await page.mouse.move(0, 0)
    const path = join(PROJECT_ROOT, 'docs/images/shop-seats.png')
    await page.screenshot({ path, animations: 'disabled', fullPage: true })
    console.log('shop-seats.png')
  } finally {
    await browser.close()
    await usher.stop()
    server.close()
    rmSync(stateDir, { recursive: true, force: true })
  }
}

type Call = ReturnType<typeof callerOf>

/** @throws Error for an answer that is none of success, with what it says. */
function callerOf(url: string) {
  return async (
    method: string,
    path: string,
    token: string | null,
    body: object | null,
    entryToken = '',
  ): Promise<Record<string, unknown>> => {
    const headers = new Headers()
    if (body !== null) headers.set('Content-Type', 'application/json')
    if (token !== null) headers.set('Authorization', `Bearer ${token}`)
    if (entryToken !== '') headers.set('Entry-Token', entryToken)
    const response = await fetch(`${url}/api/v1/${path}`, {
      method,
      headers,
      body: body === null ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return JSON.parse(text) as Record<string, unknown>
  }
}

async function buy(call: Call, seatIds: readonly string[], pays: boolean): Promise<void> {
  const token = String((await call('POST', 'sessions', null, {}))['token'])
  const queue = `events/${EVENT_ID}/queue`
  let place = await call('POST', queue, token, null)
  while (place['entryToken'] === null) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    place = await call('GET', queue, token, null)
  }
  const { entryToken } = place
  if (typeof entryToken !== 'string') throw new Error('the one who buys was not admitted')
  const reservations = `events/${EVENT_ID}/reservations`
  const { reservationId } = await call('POST', reservations, token, { seatIds }, entryToken)
  if (!pays) return
  await call('POST', 'wallet/charge', token, { amount: MONEY })
  await call(
    'POST',
    `${reservations}/${String(reservationId)}/payment`,
    token,
    { method: 'wallet' },
    entryToken,
  )
}

await main()
