/** A shop behind the middleware, its Usher, and browsers that come to it. */
import { expect } from 'vitest'
import { usher } from '../../../src/middleware/middleware.ts'
import type { Trouble, UsherOptions, Visit } from '../../../src/middleware/middleware.ts'
import { CookieBrowser } from '../../support/cookie-browser.ts'
import { FakeUsher, ORIGIN_KEY } from './fake-usher.ts'

export const SHOP = 'https://shop.test'
export const ENTER = `${SHOP}/usher/enter`
export const SECRET = 'a secret of the shop, long enough for it'

export function shopWith(options: Partial<UsherOptions> = {}) {
  let nowMs = Date.UTC(2030, 0, 1)
  const fake = new FakeUsher(() => nowMs)
  const troubles: Trouble[] = []
  const background: Promise<unknown>[] = []
  const room = usher({
    protect: [
      { path: '/assets/*', eventId: null },
      { path: '/vip/*', eventId: 'vip' },
      { path: '/seats/*', eventId: 'demo' },
    ],
    usherUrl: 'https://wait.test',
    originKey: ORIGIN_KEY,
    secrets: [SECRET],
    fetch: fake.fetch,
    timeoutMs: 200,
    nowMs: () => nowMs,
    onTrouble: (trouble) => troubles.push(trouble),
    ...options,
  })
  let act: (visit: Visit | null) => unknown = () => undefined
  const shop = room.guard(async (_request, visit) => {
    await act(visit)
    return new Response(visit === null ? 'open' : `inside as ${visit.userId}`)
  })
  const serve = (request: Request) => shop(request, { waitUntil: (work) => background.push(work) })
  return {
    fake,
    troubles,
    room,
    newBrowser: () => new CookieBrowser(serve),
    serve,
    pass: (seconds: number) => (nowMs += seconds * 1_000),
    settled: () => Promise.all(background),
    onVisit: (next: typeof act) => (act = next),
  }
}

type Shop = ReturnType<typeof shopWith>

/** A browser that has come in by the waiting room. */
export async function inside(shop: Shop, userId = 'ann'): Promise<CookieBrowser> {
  const browser = shop.newBrowser()
  await browser.go(`${SHOP}/seats`)
  const entered = await browser.post(ENTER, { token: await shop.fake.ticket({ userId }) })
  expect(entered.status).toBe(303)
  return browser
}
