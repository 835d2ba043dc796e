/** An operator runs a whole sale of two hundred fans in the console. */
import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Role } from '../../src/cli/load/fan.ts'
import { startCrowd, type Crowd } from '../../dev/crowd.ts'
import { eventually, ORIGIN_KEY, startTestUsher, type TestUsher } from '../support/usher.ts'
import { useBrowser } from './support/browser.ts'
import { act, expectNoKey, figure, said, signIn, status } from './support/operator.ts'

const FANS = 200
const LEASE_TTL_SECONDS = 60

let usher: TestUsher
let crowd: Crowd | null = null
beforeAll(async () => {
  usher = await startTestUsher()
})
afterAll(async () => {
  crowd?.stop()
  await usher.stop()
})
const browser = useBrowser()

it('an operator opens, steers and ends a sale of 200 fans, and finds all of it in the audit log', async () => {
  const page = await browser.page({ origins: [usher.url] })
  await signIn(page)
  await expectNoKey(page)
  await createLottery(page)

  crowd = startCrowd({
    url: usher.url,
    originKey: ORIGIN_KEY,
    eventId: 'sale',
    // Those who never enter stay admitted for as long as their token lives: there is somebody to look up.
    roles: Array.from({ length: FANS }, (_, index): Role => (index % 5 === 0 ? 'no-show' : 'shopper')),
    shopMs: { min: 4_000, max: 8_000 },
    leaseTtlSeconds: LEASE_TTL_SECONDS,
  })
  await figure(page, 'Waiting', (waiting) => waiting === FANS, 20_000)
  expect(await act(page, 'Open', 'Open now')).toMatch(/^200 people waiting are admitted/)
  await expectStatus(page, 'Open')
  await figure(page, 'Inside', (inside) => inside === 20)

  await steer(page)
  expect(await act(page, 'Pause', 'Pause admissions')).toMatch(/keep their place/)
  await expectStatus(page, 'Paused')
  const admissionId = await revokeSomebody(page)
  await act(page, 'Resume', 'Resume admissions')
  await expectStatus(page, 'Open')
  await figure(page, 'Inside', (inside) => inside >= 45)
  expect(await act(page, 'Sold out', 'Mark as sold out')).toMatch(
    /people waiting are told that it is sold out/,
  )
  await expectStatus(page, 'Sold out')
  await figure(page, 'Waiting', (waiting) => waiting === 0)
  await expectChart(page)

  await expectExport(page)
  await expectAudit(page, admissionId)
  await expectNoKey(page)
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByLabel('Operator key').waitFor()
  expect((await page.request.get('/api/v1/admin/session')).status()).toBe(401)
  await expectNoKey(page)
})

async function createLottery(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'New event' }).click()
  await page.getByLabel('Event id').fill('sale')
  await page.getByLabel('Name').fill('The sale')
  await page.getByLabel('Capacity').fill('20')
  await page.getByLabel('Order').selectOption('lottery')
  await page.getByLabel('Status').selectOption('scheduled')
  await page.getByLabel('Lease').fill(String(LEASE_TTL_SECONDS))
  await page.getByRole('button', { name: 'Create event' }).click()
  await page.getByRole('heading', { name: 'The sale' }).waitFor()
  await expectStatus(page, 'Scheduled')
}

/** More room lets more in; a rate that has been used up lets nobody in, and none lets them in again. */
async function steer(page: Page): Promise<void> {
  const capacity = page.locator('form').filter({ hasText: 'Capacity' })
  await capacity.getByRole('textbox').fill('50')
  await capacity.getByRole('button').click()
  await said(page, 'Capacity is 50.')
  await figure(page, 'Inside', (inside) => inside >= 45)

  const rate = page.locator('form').filter({ hasText: 'Admissions per minute' })
  await rate.getByRole('textbox').fill('30')
  await rate.getByRole('button').click()
  await said(page, 'The limit is 30 per minute.')
  await rate.getByText('0.5 per second').waitFor()
  await figure(page, 'Inside', (inside) => inside < 30)
  await rate.getByRole('textbox').fill('')
  await rate.getByRole('button').click()
  await said(page, 'There is no limit per minute.')
  await figure(page, 'Inside', (inside) => inside >= 45)
}

/** Looks up one who was admitted and has not entered, by the admission, and revokes it. */
async function revokeSomebody(page: Page): Promise<string> {
  const { body } = await usher.api.admin('GET', 'events/sale/export.csv?what=admissions')
  const row = String(body)
    .split('\r\n')
    .map((line) => line.split(','))
    .find(([, , , state]) => state === 'admitted')
  const [admissionId = '', , userId = ''] = row ?? []
  await page.getByRole('link', { name: 'Look a visitor up' }).click()
  await page.getByLabel('Visitor id or admission id').fill(admissionId)
  await page.getByRole('button', { name: 'Look up' }).click()
  const heading = page.getByRole('heading', { name: `Visitor ${userId}` })
  await heading.waitFor()
  expect(await heading.evaluate((element) => element === document.activeElement)).toBe(true)
  expect(await act(page, 'Revoke', 'Revoke admission')).toContain(userId)
  await said(page, 'The admission is revoked.')
  await page.locator('.facts').getByText('revoked', { exact: true }).waitFor()
  const { body: admission } = await usher.api.admin('GET', `admissions/${admissionId}`)
  expect(admission).toMatchObject({ state: 'ended', outcome: 'revoked', userId })
  await page.getByRole('link', { name: 'sale', exact: true }).click()
  return admissionId
}

/** The history has what happened: as a drawing with a summary, and as a table. */
async function expectChart(page: Page): Promise<void> {
  const chart = page.getByRole('img', { name: /^Admitted per second: now .*, most [\d.]+ at / })
  await chart.locator('path.line.area').waitFor({ state: 'attached' })
  const most = Number(/most ([\d.]+)/.exec((await chart.getAttribute('aria-label')) ?? '')?.[1])
  expect(most).toBeGreaterThan(1)
  await page.getByText('Values as a table').click()
  await page.getByRole('region', { name: 'Values as a table' }).getByRole('row').nth(2).waitFor()
}

async function expectExport(page: Page): Promise<void> {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'Places (CSV)' }).click(),
  ])
  const lines = readFileSync(await download.path(), 'utf8')
    .trimEnd()
    .split('\r\n')
  expect(lines[0]).toMatch(/^joinNumber,number,userId,state/)
  expect(lines).toHaveLength(1 + FANS)
}

async function expectAudit(page: Page, admissionId: string): Promise<void> {
  await page.getByRole('link', { name: 'Audit log of this event' }).click()
  const rows = page.locator('tbody tr')
  for (const done of [
    'Created the event',
    'Opened',
    'capacity: 20 → 50',
    /admitPerMinute: 30(?! →)/,
    'admitPerMinute: 30 → nothing',
    'Paused',
    'Resumed',
    admissionId,
    'Marked as sold out',
    'Exported',
  ]) {
    const row = rows.filter({ hasText: done }).filter({ hasText: 'Ada' }).filter({ hasText: 'done' })
    await row.first().waitFor()
  }
}

async function expectStatus(page: Page, text: string): Promise<void> {
  await eventually(async () => ((await status(page).textContent()) === text ? true : null))
}
