import type axeCore from 'axe-core'
import axe from 'axe-core'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'

/** WCAG 2.2 AA, and what axe recommends beside it. */
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

/** Fails with what axe finds wrong in the page as it is now. Evaluated from outside, so the page's policy stays strict. */
export async function expectAccessible(page: Page): Promise<void> {
  expect(await violations(page, { type: 'tag', values: TAGS })).toEqual([])
}

/** The same for light and dark: of what axe looks at, only the contrasts differ. */
export async function expectAccessibleInBoth(page: Page): Promise<void> {
  await page.emulateMedia({ colorScheme: 'light' })
  await expectAccessible(page)
  await page.emulateMedia({ colorScheme: 'dark' })
  expect(await violations(page, { type: 'rule', values: ['color-contrast'] })).toEqual([])
}

async function violations(page: Page, runOnly: axeCore.RunOnly): Promise<unknown[]> {
  const isThere = await page.evaluate(() => 'axe' in window)
  if (!isThere) await page.evaluate(axe.source)
  return page.evaluate(async (only) => {
    const { axe: injected } = window as unknown as { axe: typeof axeCore }
    const { violations: found } = await injected.run(document, { runOnly: only, resultTypes: ['violations'] })
    return found.map(({ id, help, nodes }) => ({ id, help, at: nodes.map(({ html }) => html) }))
  }, runOnly)
}
