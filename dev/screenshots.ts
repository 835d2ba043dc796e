/**
 * `npm run screenshots`: the pictures of the documents, made of the real pages of a real Usher in a real browser.
 *
 * A crowd waits before the fan and keeps polling, so that the line moves as lines do.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { launchChromium } from './chromium.ts'
import { startUsher } from './runtime.ts'
import { PROJECT_ROOT } from './settings.ts'

const OUT_DIR = join(PROJECT_ROOT, 'docs/images')
const ADMIN_KEY = 'screenshots-admin-key'
const AHEAD = 420
const BEHIND = 160
const POLL_MS = 4_000
/** So long the line moves before a picture is taken: there is then a pace, and a waiting time. */
const MOVING_MS = 15_000
const TIMEOUT_MS = 60_000

const LOOKS = [
  { name: 'phone-light-en', device: 'phone', colorScheme: 'light', locale: 'en-GB' },
  { name: 'phone-dark-ko', device: 'phone', colorScheme: 'dark', locale: 'ko-KR' },
  { name: 'desktop-light-ko', device: 'desktop', colorScheme: 'light', locale: 'ko-KR' },
  { name: 'desktop-dark-en', device: 'desktop', colorScheme: 'dark', locale: 'en-GB' },
] as const
const VIEWPORTS = { phone: { width: 390, height: 780 }, desktop: { width: 1_120, height: 760 } } as const

const EVENT_ID = 'aurora'
const EVENT_PATH = `admin/events/${EVENT_ID}`
const EVENT = {
  name: 'Aurora Live 2027, Seoul',
  capacity: 5_000,
  admitPerMinute: 120,
  disconnectGraceSeconds: 3_600,
  status: 'paused',
}

async function main(): Promise<void> {
  const stateDir = mkdtempSync(join(tmpdir(), 'usher-screenshots-'))
  const usher = await startUsher({
    stateDir,
    cron: false,
    bindings: {
      ADMIN_API_KEY: ADMIN_KEY,
      SHOP_URL: 'https://shop.example/enter',
      BRAND_NAME: 'Aurora Tickets',
    },
  })
  const browser = await launchChromium()
  try {
    mkdirSync(OUT_DIR, { recursive: true })
    await picturesOf(usher.url, browser)
  } finally {
    await browser.close()
    await usher.stop()
    rmSync(stateDir, { recursive: true, force: true })
  }
}

/** From the paused line to the admission; the looks are visitors of one event, one behind the other. */
async function picturesOf(url: string, browser: Browser): Promise<void> {
  const api = apiOf(url)
  await api.operate('PUT', EVENT_PATH, EVENT)
  const crowd = await api.join(AHEAD)
  const pages: Page[] = []
  for (const { colorScheme, locale, device } of LOOKS) {
    const context = await browser.newContext({
      baseURL: url,
      colorScheme,
      locale,
      viewport: VIEWPORTS[device],
    })
    const page = await context.newPage()
    await page.goto(`/wait/${EVENT_ID}`)
    await untilPhase(page, 'paused')
    pages.push(page)
  }
  crowd.push(...(await api.join(BEHIND)))
  const polling = setInterval(() => crowd.forEach((poll) => void poll()), POLL_MS)
  try {
    await shootAll(pages, 'paused')
    await api.operate('POST', `${EVENT_PATH}/resume`)
    await new Promise((resolve) => setTimeout(resolve, MOVING_MS))
    await shootAll(pages, 'waiting')
    await api.operate('PATCH', EVENT_PATH, { admitPerMinute: null })
    await shootAll(pages, 'admitted')
  } finally {
    clearInterval(polling)
  }
}

async function shootAll(pages: readonly Page[], phase: string): Promise<void> {
  for (const [index, page] of pages.entries()) {
    await untilPhase(page, phase)
    // What was just changed is drawn, and the bar has moved.
    await page.waitForTimeout(1_200)
    const name = `wait-${phase}-${LOOKS[index]?.name}.png`
    await page.screenshot({ path: join(OUT_DIR, name), animations: 'disabled', fullPage: true })
    console.log(name)
  }
}

async function untilPhase(page: Page, phase: string): Promise<void> {
  await page.locator(`#room[data-phase=${phase}]`).waitFor({ timeout: TIMEOUT_MS })
}

function apiOf(url: string) {
  const call = async (
    method: string,
    path: string,
    token: string | null,
    body?: object,
  ): Promise<Response> => {
    const response = await fetch(`${url}/api/v1/${path}`, {
      method,
      headers: {
        'Content-Type': 'application/json',
        ...(token !== null && { Authorization: `Bearer ${token}` }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
    return response
  }
  return {
    operate: (method: string, path: string, body?: object) => call(method, path, ADMIN_KEY, body),
    /** @returns what polls for each who has joined; who is in the shop by then, or gone, is of no more interest */
    join: (count: number) =>
      Promise.all(
        Array.from({ length: count }, async () => {
          const { token } = (await (await call('POST', 'sessions', null, {})).json()) as { token: string }
          const path = `events/${EVENT_ID}/queue`
          await call('POST', path, token)
          return (): Promise<unknown> => call('GET', path, token).catch(() => null)
        }),
      ),
  }
}

await main()
