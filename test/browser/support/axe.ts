import type axeCore from 'axe-core'
import axe from 'axe-core'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'

/** WCAG 2.2 AA, and what axe recommends beside it. */
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

/** Fails with what axe finds wrong in the page as it is now. Evaluated from outside, so the page's policy stays strict. */
export async function expectAccessible(page: Page): Promise<void> {
  await page.evaluate(axe.source)
  const found = await page.evaluate(async (tags) => {
    const { axe: injected } = window as unknown as { axe: typeof axeCore }
    const { violations } = await injected.run(document, { runOnly: tags })
    return violations.map(({ id, help, nodes }) => ({ id, help, at: nodes.map(({ html }) => html) }))
  }, TAGS)
  expect(found).toEqual([])
}
