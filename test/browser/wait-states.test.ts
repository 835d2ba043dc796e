/** Every situation says its own words, in both languages, and axe finds nothing in it, light or dark. */
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { texts as english } from '../../src/pages/locales/en.ts'
import { texts as korean } from '../../src/pages/locales/ko.ts'
import type { Phase } from '../../src/pages/wait/texts.ts'
import { startTestUsher, type TestUsher } from '../support/usher.ts'
import { expectAccessibleInBoth } from './support/axe.ts'
import { useBrowser } from './support/browser.ts'
import { crowdIn, untilPhase, visitorOf } from './support/room.ts'

let usher: TestUsher
beforeAll(async () => {
  usher = await startTestUsher({ SHOP_URL: 'http://127.0.0.1:9/enter' })
})
afterAll(() => usher.stop())
const browser = useBrowser()

const LANGUAGES = [
  { locale: 'en-GB', texts: english },
  { locale: 'ko-KR', texts: korean },
]
const inAnHour = (): string => new Date(Date.now() + 3_600_000).toISOString()
const full = { name: 'A concert', capacity: 0 }
const roomy = { name: 'A concert', capacity: 100 }

type Situation = {
  readonly config?: object
  /** Before the page is opened. */
  readonly before?: (page: Page, eventId: string) => Promise<unknown>
  /** Once the visitor is in the line, or admitted. */
  readonly after?: (page: Page, eventId: string) => Promise<unknown>
}

const place = async (page: Page, eventId: string) =>
  (await usher.api.place(eventId, await visitorOf(page))).body
const act = (action: string) => (_page: Page, eventId: string) =>
  usher.api.admin('POST', `events/${eventId}/${action}`)

const SITUATIONS: Partial<Record<Phase, Situation>> = {
  joining: { before: (page) => page.route('**/queue', () => {}) },
  outside: { before: (page) => page.route('**/wait.js', (route) => route.abort()) },
  waiting: { before: (_page, eventId) => crowdIn(usher.api, eventId, 2) },
  next: {},
  drawing: { config: { ...full, queueing: 'lottery', status: 'scheduled', opensAt: inAnHour() } },
  paused: { config: { ...full, status: 'paused' } },
  scheduled: { config: { ...full, status: 'scheduled', opensAt: inAnHour() } },
  unopened: { config: { ...full, status: 'scheduled' } },
  admitted: { config: roomy },
  entered: {
    config: { ...roomy, entryTokenTtlSeconds: 3 },
    after: async (page, eventId) => usher.api.redeem((await place(page, eventId)).entryToken, 'a-session'),
  },
  left: { after: async (page, eventId) => usher.api.leave(eventId, await visitorOf(page)) },
  expired: {
    config: roomy,
    after: async (page, eventId) =>
      usher.api.admin('POST', `admissions/${(await place(page, eventId)).admissionId}/revoke`),
  },
  completed: {
    config: roomy,
    after: async (page, eventId) => usher.api.release((await place(page, eventId)).admissionId),
  },
  replaced: { after: async (page, eventId) => usher.api.stream(eventId, await visitorOf(page)) },
  sold_out: { after: act('sold-out') },
  closed: { after: act('close') },
  refused: { config: { ...full, queueing: 'reject' } },
  busy: {
    before: (page) =>
      page.route('**/queue', (route) =>
        route.fulfill({ status: 503, headers: { 'Retry-After': '30' }, json: { code: 'overloaded' } }),
      ),
  },
}

async function show(
  phase: Phase,
  { config = full, before, after }: Situation,
  locale: string,
): Promise<Page> {
  const eventId = await usher.api.event(config)
  const page = await browser.page({ origins: [usher.url], locale })
  await before?.(page, eventId)
  await page.goto(`/wait/${eventId}`)
  if (after !== undefined) {
    await untilPhase(page, config === full ? 'next' : 'admitted')
    await after(page, eventId)
  }
  await untilPhase(page, phase)
  return page
}

async function expectWords(page: Page, phase: Phase, { texts }: (typeof LANGUAGES)[number]): Promise<void> {
  const { title, text } = texts.phases[phase]
  await page.locator('#title').waitFor()
  expect(await page.locator('#title').textContent()).toBe(title)
  expect(await page.locator('#text').textContent()).toBe(text)
  expect(await page.locator('#note').textContent()).toBe('')
}

it.each(Object.keys(SITUATIONS) as Phase[])('%s', async (phase) => {
  const look = async (language: (typeof LANGUAGES)[number]): Promise<void> => {
    const page = await show(phase, SITUATIONS[phase] ?? {}, language.locale)
    await expectWords(page, phase, language)
    await expectAccessibleInBoth(page)
  }
  await Promise.all(LANGUAGES.map(look))
})

it('missing', async () => {
  for (const language of LANGUAGES) {
    const page = await browser.page({ origins: [usher.url], locale: language.locale })
    await page.goto('/wait/nowhere')
    await expectWords(page, 'missing', language)
    await expectAccessibleInBoth(page)
  }
})

it('a visitor who waits for the opening joins by themselves when the operator opens it', async () => {
  const eventId = await usher.api.event({
    ...full,
    status: 'scheduled',
    opensAt: new Date(Date.now() + 4_000).toISOString(),
  })
  const page = await browser.page({ origins: [usher.url] })
  await page.goto(`/wait/${eventId}`)
  await untilPhase(page, 'scheduled')
  expect(await page.locator('#countdown').textContent()).toMatch(/^Opens in 0:0\d$/)
  await untilPhase(page, 'next')
})
