/** Every view of the console: accessible in both colour schemes, usable on a phone, and where its address says. */
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestUsher, type TestUsher } from '../support/usher.ts'
import { expectAccessible } from './support/axe.ts'
import { useBrowser } from './support/browser.ts'
import { act, said, signIn } from './support/operator.ts'

let usher: TestUsher
let userId: string
beforeAll(async () => {
  usher = await startTestUsher()
  const { api } = usher
  await api.admin('PUT', 'pools/hall', { capacity: 300 })
  await api.putEvent('gala', { name: 'The gala', capacity: 1, admitPerMinute: 600 })
  const closesAt = new Date(Date.now() + 3_600_000).toISOString()
  await api.putEvent('friday', { name: 'Friday', poolId: 'hall', status: 'paused', closesAt })
  await api.putEvent('last', { name: 'Last week', status: 'closed' })
  const [first, second] = await api.visitors(2)
  if (first === undefined || second === undefined) throw new Error('no visitors')
  for (const visitor of [first, second]) await api.join('gala', visitor)
  await api.admitted('gala', first)
  userId = first.userId
})
afterAll(() => usher.stop())
const browser = useBrowser()

type ViewCase = {
  readonly view: string
  readonly hash: () => string
  /** Brings about what is to be looked at. */
  readonly arrive: (page: Page) => Promise<unknown>
}

const VIEWS: readonly ViewCase[] = [
  { view: 'the events', hash: () => '#/events', arrive: (page) => page.getByText('1 of 1').waitFor() },
  {
    view: 'the dialog of a pool',
    hash: () => '#/events',
    arrive: (page) => page.getByRole('button', { name: 'Change pool hall' }).click(),
  },
  {
    view: 'one event',
    hash: () => '#/events/gala',
    arrive: async (page) => {
      await page.getByText('of 1, full').waitFor()
      await page.getByText('Values as a table').click()
    },
  },
  {
    view: 'a confirmation',
    hash: () => '#/events/gala',
    arrive: (page) => page.getByRole('button', { name: 'Sold out' }).click(),
  },
  {
    view: 'an event that is closed',
    hash: () => '#/events/last',
    arrive: (page) => page.getByRole('button', { name: 'Delete' }).waitFor(),
  },
  {
    view: 'a form with errors',
    hash: () => '#/new-event',
    arrive: async (page) => {
      await page.getByLabel('Opens').fill('2027-03-01T18:00:00')
      await page.getByRole('button', { name: 'Create event' }).click()
      await page.getByText('2 fields need attention.').waitFor()
    },
  },
  {
    view: 'the form of an event',
    hash: () => '#/events/friday/edit',
    arrive: (page) => page.getByRole('button', { name: 'Save changes' }).waitFor(),
  },
  {
    view: "a visitor's history",
    hash: () => `#/look-up?event=gala&id=${userId}`,
    arrive: (page) => page.getByRole('button', { name: 'Revoke' }).waitFor(),
  },
  {
    view: 'the audit log',
    hash: () => '#/audit',
    arrive: (page) => page.getByText('Saved the pool').waitFor(),
  },
  {
    view: 'an address that leads nowhere',
    hash: () => '#/events/nothing-here',
    arrive: (page) => page.getByText('There is no event with this id.').waitFor(),
  },
]

describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
  it('every view is accessible', async () => {
    const page = await browser.page({ origins: [usher.url], colorScheme, reducedMotion: 'reduce' })
    await page.goto('/admin')
    await page.getByLabel('Operator key').waitFor()
    await expectAccessible(page)
    await signIn(page)
    for (const { hash, arrive } of VIEWS) {
      // A new document each time: what is in the address is all that a reload has.
      await page.goto('about:blank')
      await page.goto(`/admin${hash()}`)
      await arrive(page)
      await expectAccessible(page)
    }
  })
})

it('no view is wider than a phone of 320 pixels', async () => {
  const page = await browser.page({ origins: [usher.url], viewport: { width: 320, height: 640 } })
  await signIn(page)
  for (const { view, hash, arrive } of VIEWS) {
    await page.goto('about:blank')
    await page.goto(`/admin${hash()}`)
    await arrive(page)
    expect(await page.evaluate(() => document.documentElement.scrollWidth), view).toBe(320)
  }
})

it('a name that looks like markup is a name', async () => {
  const name = '<img src=x onerror="document.title=1"><b>bold'
  await usher.api.putEvent('markup', { name })
  const page = await browser.page({ origins: [usher.url] })
  await signIn(page)
  await page.getByRole('link', { name }).click()
  await page.getByRole('heading', { name }).waitFor()
  await page.getByRole('button', { name: 'Close', exact: true }).click()
  await page.getByRole('heading', { name: `Close ${name}?` }).waitFor()
  expect(await page.locator('img, b').count()).toBe(0)
})

it('the link to the waiting page is copied, and leads there', async () => {
  const page = await browser.page({ origins: [usher.url] })
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
  await signIn(page, '#/events/gala')
  await page.getByRole('button', { name: 'Copy link' }).click()
  await said(page, 'The link to the waiting page is copied.')
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(`${usher.url}/wait/gala`)
  expect(await page.getByRole('link', { name: 'Waiting page' }).getAttribute('href')).toBe(
    `${usher.url}/wait/gala`,
  )
})

it('under the pointer every chart tells the values of that moment', async () => {
  const page = await browser.page({ origins: [usher.url] })
  await signIn(page, '#/events/gala')
  const chart = page.getByRole('img', { name: /^Inside: now 1, most 1 at / })
  await chart.locator('path.line.area[d*="L"]').waitFor({ state: 'attached', timeout: 30_000 })
  const box = await chart.boundingBox()
  if (box === null) throw new Error('the chart is not shown')
  await page.mouse.move(box.x + box.width - 12, box.y + box.height / 2)
  const readouts = page.locator('.readout').filter({ hasText: /· \d\d:\d\d:\d\d$/ })
  await readouts.nth(4).waitFor()
  await page.mouse.move(0, 0)
  await readouts.first().waitFor({ state: 'detached' })
})

it('a machine whose clock is ten minutes slow is shown the newest all the same', async () => {
  const page = await browser.page({ origins: [usher.url] })
  await page.clock.setSystemTime(Date.now() - 600_000)
  await signIn(page, '#/events/gala')
  await page.getByRole('img', { name: /^Inside: now 1, most 1 at / }).waitFor()
})

it('reloading stays where one is, and the back button goes back', async () => {
  const page = await browser.page({ origins: [usher.url] })
  await signIn(page, '#/events/gala')
  await page.getByRole('heading', { name: 'The gala' }).waitFor()
  await page.reload()
  await page.getByRole('heading', { name: 'The gala' }).waitFor()
  await page.getByRole('link', { name: 'Audit log', exact: true }).click()
  await page.getByRole('heading', { name: 'Audit log' }).waitFor()
  expect(await page.title()).toBe('Audit log · Usher console')
  await page.goBack()
  await page.getByRole('heading', { name: 'The gala' }).waitFor()
  expect(new URL(page.url()).hash).toBe('#/events/gala')
})

it('everything can be done from the keyboard, and the focus is where one goes on', async () => {
  const page = await browser.page({ origins: [usher.url] })
  await signIn(page)
  const press = async (...keys: readonly string[]): Promise<void> => {
    for (const key of keys) await page.keyboard.press(key)
  }
  const focused = (): Promise<string> => page.evaluate(() => document.activeElement?.textContent ?? '')
  const tabTo = async (text: string): Promise<void> => {
    for (let presses = 0; (await focused()) !== text; presses += 1) {
      if (presses > 40) throw new Error(`the focus never comes to ${text}`)
      await press('Tab')
    }
  }
  await page.getByRole('link', { name: 'The gala' }).waitFor()
  await tabTo('The gala')
  await press('Enter')
  await page.getByRole('button', { name: 'Pause' }).waitFor()
  expect(await focused()).toBe('The gala')
  await tabTo('Sold out')
  await press('Enter')
  // What cannot be undone begins with the way out, and Escape leads back to the button.
  expect(await focused()).toBe('Cancel')
  await press('Escape')
  expect(await focused()).toBe('Sold out')
  await press('Shift+Tab', 'Enter')
  expect(await focused()).toBe('Pause admissions')
  await press('Enter')
  await page.getByRole('button', { name: 'Resume' }).waitFor()
  expect(await focused()).toBe('Resume')
  await press('Enter', 'Enter')
  await page.getByRole('button', { name: 'Pause' }).waitFor()
})

it('what does not move by itself says when it was asked for, and is asked for again', async () => {
  const [visitor] = await usher.api.visitors(1)
  if (visitor === undefined) throw new Error('no visitor')
  await usher.api.join('gala', visitor)
  const page = await browser.page({ origins: [usher.url] })
  await signIn(page, `#/look-up?event=gala&id=${visitor.userId}`)
  await page.getByText(/^as of \d\d:\d\d:\d\d$/).waitFor()
  await page.getByText('Waiting', { exact: true }).waitFor()
  await usher.api.leave('gala', visitor)
  await page.getByRole('button', { name: 'Refresh' }).click()
  await page.getByText('Left', { exact: true }).waitFor()

  await page.goto('/admin#/audit')
  await page.getByText('Saved the pool').waitFor()
  await usher.api.admin('PATCH', 'events/gala', { admitPerMinute: 601 })
  await page.getByRole('button', { name: 'Refresh' }).click()
  await page.getByText('admitPerMinute: 600 → 601').waitFor()
})

it('a waiting visitor is taken out of the line', async () => {
  const [visitor] = await usher.api.visitors(1)
  if (visitor === undefined) throw new Error('no visitor')
  await usher.api.join('gala', visitor)
  const page = await browser.page({ origins: [usher.url] })
  await signIn(page, `#/look-up?event=gala&id=${visitor.userId}`)
  expect(await act(page, 'Take out of the line', 'Take out of the line')).toContain(visitor.userId)
  await said(page, 'The visitor is out of the line.')
  await page.getByText('Left', { exact: true }).waitFor()
  expect((await usher.api.place('gala', visitor)).body.state).toBe('LEFT')
})

it('the log goes on page after page, of all events and of one', async () => {
  for (let capacity = 1; capacity <= 60; capacity += 1)
    await usher.api.admin('PATCH', 'events/last', { capacity: 100 + capacity })
  const page = await browser.page({ origins: [usher.url] })
  await signIn(page, '#/audit')
  const rows = page.locator('tbody tr')
  await rows.nth(49).waitFor()
  await page.getByLabel('Event').selectOption('last')
  await page.waitForURL('**/admin#/audit?event=last')
  await rows.nth(49).waitFor()
  expect(await rows.count()).toBe(50)
  await page.getByRole('button', { name: 'Show older entries' }).click()
  await rows.filter({ hasText: 'Created the event' }).waitFor()
  expect(await rows.count()).toBe(61)
  expect(await page.getByRole('button', { name: 'Show older entries' }).isVisible()).toBe(false)
})
