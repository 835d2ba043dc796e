/** What an operator does in the console again and again. */
import type { Locator, Page } from 'playwright-core'
import { expect } from 'vitest'
import { ADMIN_KEY, eventually } from '../../support/usher.ts'

/** Opens the console at this place and signs in. @param hash such as '#/events/demo' */
export async function signIn(page: Page, hash = ''): Promise<void> {
  await page.goto(`/admin${hash}`)
  await page.getByLabel('Your name').fill('Ada')
  await giveKey(page)
}

/** At the sign-in that is shown. */
export async function giveKey(page: Page): Promise<void> {
  await page.getByLabel('Operator key').fill(ADMIN_KEY)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('button', { name: 'Sign out' }).waitFor()
}

/** The number of a figure of an event, as soon as it fits. */
export async function figure(
  page: Page,
  label: string,
  fits: (value: number) => boolean,
  withinMs = 10_000,
): Promise<number> {
  const value = page.locator('.figure').filter({ hasText: label }).locator('.value')
  return eventually(async () => {
    const shown = Number((await value.textContent())?.replaceAll(',', ''))
    return fits(shown) ? shown : null
  }, withinMs)
}

/** Presses the button of an action and confirms. @returns what the dialog said it means. */
export async function act(page: Page, label: string, confirm: string): Promise<string> {
  await page.getByRole('button', { name: label, exact: true }).click()
  const dialog = page.getByRole('dialog')
  const means = (await dialog.locator('#dialog-means').textContent()) ?? ''
  await dialog.getByRole('button', { name: confirm }).click()
  await dialog.waitFor({ state: 'detached' })
  return means
}

/** What the console has just said, once it says this. */
export function said(page: Page, text: string): Promise<void> {
  return page.locator('.said').filter({ hasText: text }).waitFor()
}

/** The badge with the event's status. */
export function status(page: Page): Locator {
  return page.locator('.event .badge').first()
}

/** The key is nowhere that a script can read, and no script can read the session either. */
export async function expectNoKey(page: Page): Promise<void> {
  const readable = await page.evaluate(() =>
    JSON.stringify([
      Object.entries(localStorage),
      Object.entries(sessionStorage),
      document.cookie,
      document.documentElement.outerHTML,
      [...document.querySelectorAll('input')].map(({ value }) => value),
      location.href,
    ]),
  )
  expect(readable).not.toContain(ADMIN_KEY)
  expect(await page.evaluate(() => document.cookie)).toBe('')
  expect(await page.evaluate(() => localStorage.length + sessionStorage.length)).toBe(0)
}
