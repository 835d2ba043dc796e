/** A shop that keeps Queue-it's published connector, before a real Usher: only its key and its queue domain are new. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { CookieBrowser } from '../support/cookie-browser.ts'
import { QUEUE_DOMAIN, QUEUE_IT_SECRET, QueueItShop, SHOP_ORIGIN } from '../support/queue-it-shop.ts'
import { eventually, startTestUsher, type TestUsher, type Visitor } from '../support/usher.ts'

let usher: TestUsher

beforeAll(async () => {
  usher = await startTestUsher({ QUEUE_IT_SECRET_KEY: QUEUE_IT_SECRET, QUEUE_IT_TARGETS: SHOP_ORIGIN })
})

afterAll(() => usher.stop())

const TICKETS = `${SHOP_ORIGIN}/tickets?row=a`

/** The connector knows a queue domain under https; here it is the server of the test. */
function atUsher(redirect: string | null): string {
  if (redirect === null) throw new Error('the connector did not redirect')
  return redirect.replace(`https://${QUEUE_DOMAIN}`, usher.url)
}

function enter(visitor: Visitor, query: string) {
  return usher.api.request('GET', `/queue-it/enter?${query}`, { token: visitor.token })
}

it('queues, is let in, stays in by the connector’s cookie, and gives the slot back when it cancels', async () => {
  const eventId = await usher.api.event({ capacity: 1, leaseTtlSeconds: 600 })
  const shop = new QueueItShop(eventId)
  const browser = new CookieBrowser()

  const toRoom = await browser.go(atUsher(await shop.visit(TICKETS)))
  expect(toRoom.status).toBe(302)
  const page = await browser.go(usher.url + toRoom.headers.get('Location'))
  const link = /href="(\/queue-it\/enter[^"]*)"/.exec(await page.text())?.[1]?.replaceAll('&amp;', '&') ?? ''

  const [visitor, next] = [await usher.api.visitor(), await usher.api.visitor()]
  await usher.api.join(eventId, visitor)
  await usher.api.admitted(eventId, visitor)
  await usher.api.join(eventId, next)
  const back = await usher.api.request('GET', link, { token: visitor.token })
  expect(back.status).toBe(303)

  expect(await shop.visit(back.headers.get('Location') ?? '')).toBeNull()
  expect(await shop.visit(TICKETS)).toBeNull()
  expect((await usher.api.place(eventId, next)).body.state).toBe('WAITING')

  const cancelled = await browser.go(atUsher(await shop.visit(`${SHOP_ORIGIN}/done`)))
  expect([cancelled.status, cancelled.headers.get('Location')]).toEqual([302, `${SHOP_ORIGIN}/done`])
  await usher.api.admitted(eventId, next)
  expect(await shop.visit(TICKETS)).toContain(`https://${QUEUE_DOMAIN}/?c=acme&e=${eventId}`)
})

it('gives the same visitor another token, redeems once, and ends with the lease', async () => {
  const eventId = await usher.api.event({ leaseTtlSeconds: 4 })
  const visitor = await usher.api.visitor()
  await usher.api.join(eventId, visitor)
  const { entryToken } = await usher.api.admitted(eventId, visitor)
  for (let time = 0; time < 2; time += 1) {
    const { headers } = await enter(visitor, `e=${eventId}&t=${encodeURIComponent(TICKETS)}`)
    expect(await new QueueItShop(eventId).visit(headers.get('Location') ?? '')).toBeNull()
  }
  expect((await usher.api.redeem(entryToken, 'a shop with an own session')).status).toBe(409)
  await eventually(async () =>
    (await usher.api.place(eventId, visitor)).body.state === 'EXPIRED' ? true : null,
  )
  expect((await enter(visitor, `e=${eventId}`)).headers.get('Location')).toMatch(/^\/wait\//)
})

it('leads a visitor whose token the connector refuses to a page with a way back', async () => {
  const eventId = await usher.api.event()
  const shop = new QueueItShop(eventId, 'the key of yesterday, which was long enough too')
  const visitor = await usher.api.visitor()
  await usher.api.join(eventId, visitor)
  await usher.api.admitted(eventId, visitor)
  const { headers } = await enter(visitor, `e=${eventId}&t=${encodeURIComponent(TICKETS)}`)
  const refused = await new CookieBrowser().go(atUsher(await shop.visit(headers.get('Location') ?? '')))
  expect(refused.status).toBe(200)
  expect(await refused.text()).toContain(`href="/wait/${eventId}?return=`)
})

it('says which ids a connector would lose', async () => {
  const answer = await enter(await usher.api.visitor(), 'e=my_event')
  expect(answer.status).toBe(400)
  expect(answer.body.errors[0].pointer).toBe('/e')
})

it('writes no token to the log', async () => {
  expect(readFileSync(usher.runtime.logFile, 'utf8')).not.toMatch(/queueittoken|~h_/)
})
