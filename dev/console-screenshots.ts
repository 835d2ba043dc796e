/**
 * Part of `npm run screenshots`: pictures of the operator's console for the documents, docs/images/admin-*.png. They show
 * a real Usher with a crowd of fans at it; it takes about two minutes until there is a past to draw.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import type { Role } from '../src/cli/load/fan.ts'
import { launchChromium } from './chromium.ts'
import { startCrowd } from './crowd.ts'
import { startUsher } from './runtime.ts'
import { PROJECT_ROOT } from './settings.ts'

const ADMIN_KEY = 'screenshots-admin-key'
const ORIGIN_KEY = 'screenshots-origin-key'
const EVENT_ID = 'spring-tour'
const LEASE_TTL_SECONDS = 60
/** The pace goes up in steps, so that the charts have a story. */
const STEPS = [
  { afterMs: 35_000, change: { capacity: 60, admitPerMinute: 150 } },
  { afterMs: 35_000, change: { capacity: 90, admitPerMinute: 240 } },
  { afterMs: 45_000, change: null },
] as const

const DESKTOP = { viewport: { width: 1280, height: 860 } } as const
const PHONE = {
  viewport: { width: 390, height: 844 },
  isMobile: true,
  hasTouch: true,
  deviceScaleFactor: 2,
} as const

type Admin = (method: string, path: string, body?: object) => Promise<Response>

async function main(): Promise<void> {
  const stateDir = mkdtempSync(join(tmpdir(), 'usher-screenshots-'))
  const usher = await startUsher({
    stateDir,
    settings: { PATH: process.env['PATH'] },
    bindings: { ADMIN_API_KEY: ADMIN_KEY, ORIGIN_API_KEY: ORIGIN_KEY },
  })
  const browser = await launchChromium()
  try {
    await prepare(usher.url)
    await takeAll(browser, usher.url)
  } finally {
    await browser.close()
    await usher.stop()
    rmSync(stateDir, { recursive: true, force: true })
  }
}

/** Some events, and a sale that has been going on for a while. */
async function prepare(url: string): Promise<void> {
  const admin: Admin = (method, path, body) =>
    fetch(`${url}/api/v1/admin/${path}`, {
      method,
      headers: { Authorization: `Bearer ${ADMIN_KEY}`, 'Content-Type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(10_000),
    })
  const tomorrow = new Date(Date.now() + 26 * 3_600_000).toISOString()
  await admin('PUT', 'pools/hall', { capacity: 300 })
  await admin('PUT', 'events/gala', { name: 'Winter gala', capacity: 200, poolId: 'hall', status: 'paused' })
  await admin('PUT', 'events/final', {
    name: 'Cup final',
    capacity: 500,
    queueing: 'lottery',
    opensAt: tomorrow,
  })
  await admin('PUT', 'events/warm-up', { name: 'Warm-up show', capacity: 50, status: 'closed' })
  const sale = {
    capacity: 30,
    admitPerMinute: 90,
    entryTokenTtlSeconds: 20,
    leaseTtlSeconds: LEASE_TTL_SECONDS,
  }
  await admin('PUT', `events/${EVENT_ID}`, { name: 'Spring tour, first night', ...sale })
  const crowd = startCrowd({
    url,
    originKey: ORIGIN_KEY,
    eventId: EVENT_ID,
    roles: Array.from({ length: 900 }, (_, index): Role => (index % 40 === 5 ? 'no-show' : 'shopper')),
    shopMs: { min: 6_000, max: 16_000 },
    leaseTtlSeconds: LEASE_TTL_SECONDS,
  })
  // Nobody waits for its end: the fans go on shopping while the pictures are taken.
  crowd.over.catch(() => undefined)
  for (const { afterMs, change } of STEPS) {
    await sleep(afterMs)
    if (change !== null) await admin('PATCH', `events/${EVENT_ID}`, change)
  }
}

async function takeAll(browser: Browser, url: string): Promise<void> {
  const event = `#/events/${EVENT_ID}`
  const light = await signedIn(browser, url, DESKTOP)
  await shoot(light, 'event', event)
  await shoot(light, 'events', '#/events')
  await shoot(light, 'new-event', '#/new-event')
  await shoot(light, 'audit', '#/audit')
  const dark = await signedIn(browser, url, { ...DESKTOP, colorScheme: 'dark' })
  await shoot(dark, 'event-dark', event)
  const phone = await signedIn(browser, url, PHONE)
  await shoot(phone, 'event-phone', event)
  await shoot(phone, 'confirm-phone', event, (page) => page.getByRole('button', { name: 'Sold out' }).click())
}

async function signedIn(browser: Browser, url: string, options: BrowserContextOptions): Promise<Page> {
  const context = await browser.newContext({
    baseURL: url,
    locale: 'en-GB',
    timezoneId: 'Asia/Seoul',
    reducedMotion: 'reduce',
    ...options,
  })
  const page = await context.newPage()
  await page.goto('/admin')
  await page.getByLabel('Your name').fill('Ada')
  await page.getByLabel('Operator key').fill(ADMIN_KEY)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('button', { name: 'Sign out' }).waitFor()
  return page
}

/** The view there, once it has seen enough of the event to tell its pace. */
async function shoot(
  page: Page,
  name: string,
  hash: string,
  act?: (page: Page) => Promise<void>,
): Promise<void> {
  await page.goto(`/admin${hash}`)
  await page.locator('.said').getByText(/./).waitFor({ state: 'detached' })
  await sleep(hash.startsWith('#/events') ? 11_000 : 1_000)
  await act?.(page)
  await page.screenshot({ path: join(PROJECT_ROOT, 'docs/images', `admin-${name}.png`) })
}

await main()
// The crowd's last sockets would hold it up.
process.exit()
