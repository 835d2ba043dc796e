/** The waiting page as its tests look at it. */
import type { Page } from 'playwright-core'
import type { Phase } from '../../../src/pages/wait/texts.ts'
import type { Api, Visitor } from '../../support/usher.ts'

/** Resolves when the page shows this situation. */
export async function untilPhase(page: Page, phase: Phase, withinMs = 15_000): Promise<void> {
  await page.locator(`#room[data-phase="${phase}"]`).waitFor({ timeout: withinMs })
}

/** Resolves when the page shows this position. */
export async function untilPosition(page: Page, position: number, withinMs = 15_000): Promise<void> {
  await page.locator('#position', { hasText: new RegExp(`^${position}$`) }).waitFor({ timeout: withinMs })
}

/** The one who looks at the page, by the cookie that its script cannot read. */
export async function visitorOf(page: Page): Promise<Visitor> {
  const cookies = await page.context().cookies()
  const token = cookies.find(({ name }) => name === 'usher_visitor')?.value ?? ''
  return { userId: '', token, cookie: `usher_visitor=${token}` }
}

/** So many who wait before anybody else does. They stay present for ten seconds. */
export async function crowdIn(api: Api, eventId: string, count: number): Promise<Visitor[]> {
  const crowd = await api.visitors(count)
  for (const visitor of crowd) await api.join(eventId, visitor)
  return crowd
}
