/** What the console does when something is wrong: the key, the input, the session, the network, somebody else. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTestUsher, type TestUsher } from '../support/usher.ts'
import { useBrowser } from './support/browser.ts'
import { act, expectNoKey, figure, giveKey, said, signIn } from './support/operator.ts'

let usher: TestUsher
beforeAll(async () => {
  usher = await startTestUsher()
})
afterAll(() => usher.stop())
const browser = useBrowser()

it('a wrong key is refused at its field, and is not kept either', async () => {
  const page = await browser.page({ origins: [usher.url] })
  await page.goto('/admin')
  const key = page.getByLabel('Operator key')
  await key.fill('a wrong key')
  await page.keyboard.press('Enter')
  await page.getByText('This is not the operator key of this deployment.').waitFor()
  expect(await key.inputValue()).toBe('')
  expect(await key.getAttribute('aria-invalid')).toBe('true')
  expect(await key.evaluate((input) => input === document.activeElement)).toBe(true)
  await expectNoKey(page)
})

it('what the server refuses is said at the field, and the rest of the form stays', async () => {
  const page = await browser.page({ origins: [usher.url] })
  await signIn(page, '#/new-event')
  await page.getByLabel('Event id').fill('refused')
  await page.getByLabel('Capacity').fill('2000000')
  await page.getByLabel('Opens').fill('2027-03-02T18:00')
  await page.getByLabel('Closes').fill('2027-03-01T18:00')
  await page.getByRole('button', { name: 'Create event' }).click()
  const capacity = page.getByLabel('Capacity')
  await page.getByText('One field needs attention.').waitFor()
  expect(await capacity.getAttribute('aria-invalid')).toBe('true')
  await capacity.fill('5')
  await page.getByRole('button', { name: 'Create event' }).click()
  await page.getByText('Must be later than opensAt.').waitFor()
  await page.getByLabel('Closes').fill('2027-03-03T18:00')
  await page.getByRole('button', { name: 'Create event' }).click()
  await page.getByRole('heading', { name: 'refused' }).waitFor()
  const { body } = await usher.api.admin('GET', 'events/refused')
  expect(body).toMatchObject({ capacity: 5, opensAt: '2027-03-02T18:00:00.000Z', status: 'scheduled' })
})

it('an id that exists already is not overwritten by a new event', async () => {
  const eventId = await usher.api.event({ capacity: 7 })
  const page = await browser.page({ origins: [usher.url] })
  await signIn(page, '#/new-event')
  await page.getByLabel('Event id').fill(eventId)
  await page.getByLabel('Capacity').fill('9')
  await page.getByRole('button', { name: 'Create event' }).click()
  await page.getByText('There is an event with this id already.').waitFor()
  expect((await usher.api.admin('GET', `events/${eventId}`)).body.capacity).toBe(7)
})

it('editing sends only what was changed, so that nobody else is undone', async () => {
  const eventId = await usher.api.event({ capacity: 7, name: 'Before' })
  const page = await browser.page({ origins: [usher.url] })
  await signIn(page, `#/events/${eventId}/edit`)
  await page.getByLabel('Name').fill('After')
  await usher.api.admin('PATCH', `events/${eventId}`, { capacity: 70 })
  await page.getByRole('button', { name: 'Save changes' }).click()
  await page.getByRole('heading', { name: 'After' }).waitFor()
  const { body } = await usher.api.admin('GET', `events/${eventId}`)
  expect(body).toMatchObject({ name: 'After', capacity: 70 })
})

it('a number that is being typed stays, and says that somebody else has changed it', async () => {
  const eventId = await usher.api.event({ capacity: 7 })
  const page = await browser.page({ origins: [usher.url] })
  await signIn(page, `#/events/${eventId}`)
  const form = page.locator('form').filter({ hasText: 'Capacity' })
  await form.getByRole('textbox').fill('12')
  await usher.api.admin('PATCH', `events/${eventId}`, { capacity: 9 })
  await form.getByText('Changed elsewhere: it is 9 now.').waitFor()
  expect(await form.getByRole('textbox').inputValue()).toBe('12')
})

it('an action that somebody else has made impossible is explained in its dialog', async () => {
  const eventId = await usher.api.event({ name: 'Contested' })
  const page = await browser.page({ origins: [usher.url] })
  await signIn(page, `#/events/${eventId}`)
  await page.getByRole('button', { name: 'Pause' }).click()
  await usher.api.admin('POST', `events/${eventId}/close`, {})
  await page.getByRole('button', { name: 'Pause admissions' }).click()
  await page.getByText('That cannot be done to an event that is closed.').waitFor()
  await page.getByRole('button', { name: 'Cancel' }).click()
  await act(page, 'Delete', 'Delete for good')
  await page.getByRole('heading', { name: 'Events', exact: true }).waitFor()
  expect((await usher.api.admin('GET', `events/${eventId}`)).status).toBe(404)
})

it('a session that has ended asks for the key, and gives back a half-written form', async () => {
  const page = await browser.page({ origins: [usher.url] })
  await signIn(page, '#/new-event')
  await page.getByLabel('Event id').fill('half-written')
  await page.getByLabel('Capacity').fill('5')
  await page.context().clearCookies()
  await page.getByRole('button', { name: 'Create event' }).click()
  await page.getByText('Your session has ended.').waitFor()
  await giveKey(page)
  expect(await page.getByLabel('Event id').inputValue()).toBe('half-written')
  await page.getByRole('button', { name: 'Create event' }).click()
  await page.getByRole('heading', { name: 'half-written' }).waitFor()
})

it('a live view whose session has ended is live again after signing in', async () => {
  const eventId = await usher.api.event({ capacity: 0 })
  const page = await browser.page({ origins: [usher.url] })
  await signIn(page, `#/events/${eventId}`)
  await figure(page, 'Waiting', (waiting) => waiting === 0)
  await page.context().clearCookies()
  await page.getByText('Your session has ended.').waitFor()
  await usher.api.join(eventId, await usher.api.visitor())
  await giveKey(page)
  await figure(page, 'Waiting', (waiting) => waiting === 1)
})

it('a lost network is told with the age of what is shown, and mends by itself', async () => {
  const eventId = await usher.api.event({ capacity: 0 })
  const page = await browser.page({ origins: [usher.url] })
  await signIn(page, `#/events/${eventId}`)
  await figure(page, 'Waiting', (waiting) => waiting === 0)
  await page.context().setOffline(true)
  await page
    .locator('.banner')
    .getByText(/^No news since .* This device is offline\.$/)
    .waitFor()
  await page.getByText(/^What you see is \d+ s old\./).waitFor()
  await usher.api.join(eventId, await usher.api.visitor())
  await page.context().setOffline(false)
  await said(page, 'Live again.')
  await figure(page, 'Waiting', (waiting) => waiting === 1)
  expect(await page.locator('.banner').isVisible()).toBe(false)
})

it('a hidden page asks for nothing', async () => {
  const page = await browser.page({ origins: [usher.url] })
  await signIn(page)
  const other = await browser.page({ origins: [usher.url], besides: page })
  await other.bringToFront()
  await page.evaluate(() => {
    Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true })
    document.dispatchEvent(new Event('visibilitychange'))
  })
  let asked = 0
  page.on('request', () => (asked += 1))
  await page.waitForTimeout(2_500)
  expect(asked).toBe(0)
  await page.evaluate(() => {
    Object.defineProperty(document, 'visibilityState', { value: 'visible', configurable: true })
    document.dispatchEvent(new Event('visibilitychange'))
  })
  await page.waitForRequest('**/api/v1/admin/events')
})
