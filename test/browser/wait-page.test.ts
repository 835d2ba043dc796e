import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTestUsher, type TestUsher } from '../support/usher.ts'
import { expectAccessible } from './support/axe.ts'
import { useBrowser } from './support/browser.ts'

let usher: TestUsher
beforeAll(async () => {
  usher = await startTestUsher()
})
afterAll(() => usher.stop())
const browser = useBrowser()

it('a fan who opens the page is in line', async () => {
  const eventId = await usher.api.event({ name: 'A concert', capacity: 0 })
  const page = await browser.page({ origins: [usher.url] })
  await page.goto(`/wait/${eventId}`)
  await page.getByRole('heading', { name: 'You are next' }).waitFor()
  await expectAccessible(page)
  expect((await usher.api.status(eventId)).body.waiting).toBe(1)
})
