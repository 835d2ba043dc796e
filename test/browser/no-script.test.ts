/** The waiting page for whoever has switched scripts off. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTestUsher, type TestUsher } from '../support/usher.ts'
import { useBrowser } from './support/browser.ts'
import { crowdIn, untilPhase, untilPosition } from './support/room.ts'
import { openShop, type TestShop } from './support/shop.ts'

let shop: TestShop
let usher: TestUsher
beforeAll(async () => {
  shop = await openShop()
  usher = await startTestUsher({ SHOP_URL: `${shop.origin}/enter` })
  shop.opensFor(usher.api)
})
afterAll(async () => {
  await usher.stop()
  shop.close()
})
const browser = useBrowser(false)

const origins = (): [string, string] => [usher.url, shop.origin]
const admitAll = (eventId: string) => usher.api.admin('PATCH', `events/${eventId}`, { capacity: 100 })

it('without scripts a fan joins, sees the place move, leaves, joins again, and goes into the shop', async () => {
  const eventId = await usher.api.event({ capacity: 0 })
  const [first] = await crowdIn(usher.api, eventId, 1)
  const page = await browser.page({ origins: origins() })
  await page.goto(`/wait/${eventId}?return=/seats`)
  await untilPhase(page, 'outside')
  expect((await usher.api.status(eventId)).body.waiting).toBe(1)
  await page.getByRole('button', { name: 'Join the line' }).click()
  await untilPosition(page, 2)
  await page.locator('noscript p').waitFor()
  if (first !== undefined) await usher.api.leave(eventId, first)
  await untilPosition(page, 1)
  await page.getByRole('button', { name: 'Leave the line' }).click()
  await untilPhase(page, 'left')
  await page.getByRole('button', { name: 'Join again' }).click()
  await untilPhase(page, 'next')
  await admitAll(eventId)
  await untilPhase(page, 'admitted')
  await page.getByText('Go in within 5 minutes').waitFor()
  await page.getByRole('button', { name: 'Go in now' }).click()
  await page.getByRole('heading', { name: /^Welcome, g_.*, to \/seats$/ }).waitFor()
  expect(shop.log.filter((address) => /token|eyJ/.test(address))).toEqual([])
})
