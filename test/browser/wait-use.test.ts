/** The page in the hand: narrow screens, large text, keyboard, readers, sound. And going in by itself, as configured. */
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestUsher, type TestUsher } from '../support/usher.ts'
import { expectAccessibleInBoth } from './support/axe.ts'
import { useBrowser } from './support/browser.ts'
import { crowdIn, untilPhase, untilPosition } from './support/room.ts'
import { openShop, type TestShop } from './support/shop.ts'

let shop: TestShop
let usher: TestUsher
beforeAll(async () => {
  shop = await openShop()
  usher = await startTestUsher({
    SHOP_URL: `${shop.origin}/enter`,
    SHOP_TOKEN_BY: 'fragment',
    SHOP_ENTER_AFTER_SECONDS: '3',
    BRAND_NAME: 'Box Office',
    BRAND_MESSAGE: 'Doors open at seven. Please have your ticket code ready.',
    BRAND_ACCENT: '#8a0f3c',
    BRAND_BACKGROUND: '#2b0613',
    BRAND_BACKGROUND_DARK: '#14030a',
  })
  shop.opensFor(usher.api)
})
afterAll(async () => {
  await usher.stop()
  shop.close()
})
const browser = useBrowser()

const origins = (): [string, string] => [usher.url, shop.origin]

async function waitingPage(options: { viewport?: { width: number; height: number }; locale?: string } = {}) {
  const eventId = await usher.api.event({
    name: 'A concert with a rather long name, on two evenings',
    capacity: 0,
  })
  const page = await browser.page({ origins: origins(), ...options })
  await page.goto(`/wait/${eventId}?return=/seats`)
  await untilPhase(page, 'next')
  const admit = async (): Promise<void> => {
    await usher.api.admin('PATCH', `events/${eventId}`, { capacity: 100 })
    await untilPhase(page, 'admitted')
  }
  return { page, eventId, admit }
}

async function expectNoSidewaysScroll(page: Page): Promise<void> {
  const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth])
  expect(content).toBeLessThanOrEqual(window ?? 0)
}

describe('on a screen of 320 pixels, and with text of twice the size,', () => {
  it.each(['en-GB', 'ko-KR'])(
    'nothing is cut off in %s, and every target is large enough',
    async (locale) => {
      const { page, admit } = await waitingPage({ locale, viewport: { width: 320, height: 640 } })
      const expectToFit = async (): Promise<void> => {
        await expectNoSidewaysScroll(page)
        for (const target of await page.locator('button:visible, a:visible').all()) {
          const box = await target.boundingBox()
          expect(box?.height).toBeGreaterThanOrEqual(44)
        }
        await page.evaluate(() => (document.documentElement.style.fontSize = '200%'))
        await expectNoSidewaysScroll(page)
        await page.evaluate(() => (document.documentElement.style.fontSize = ''))
      }
      await expectToFit()
      await admit()
      await expectToFit()
      await expectAccessibleInBoth(page)
    },
  )
})

describe('by keyboard', () => {
  it('every control is reached in the order in which it is seen', async () => {
    const { page } = await waitingPage()
    const reached: (string | undefined)[] = []
    for (let i = 0; i < 2; i += 1) {
      await page.keyboard.press('Tab')
      reached.push(await page.evaluate(() => document.activeElement?.id))
    }
    expect(reached).toEqual(['sound', 'leave'])
  })

  it('the admitted are on the button that leads in, and Enter takes them there, token in the fragment', async () => {
    const { page, admit } = await waitingPage()
    await admit()
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('enter')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: /^Welcome, g_.*, to \/seats$/ }).waitFor()
    expect(shop.log.filter((address) => /token|eyJ/.test(address))).toEqual([])
  })
})

describe('going in by itself', () => {
  it('happens after the configured seconds, once, and not again for who comes back', async () => {
    const { page, eventId, admit } = await waitingPage()
    await admit()
    await page.getByText(/^You are taken in in [123] seconds?$/).waitFor()
    await page.getByRole('heading', { name: /^Welcome/ }).waitFor()
    await page.goto(`/wait/${eventId}`)
    await untilPhase(page, 'admitted')
    await page.waitForTimeout(4_000)
    await untilPhase(page, 'admitted')
  })

  it('stops when the visitor says not yet', async () => {
    const { page, admit } = await waitingPage()
    await admit()
    await page.getByRole('button', { name: 'Not yet' }).click()
    await page.waitForTimeout(4_000)
    await untilPhase(page, 'admitted')
    expect(await page.locator('#goingIn').isVisible()).toBe(false)
  })
})

it('a screen reader hears of halves of the way and of new situations, not of every step', async () => {
  const eventId = await usher.api.event({ capacity: 0 })
  const crowd = await crowdIn(usher.api, eventId, 8)
  const page = await browser.page({ origins: origins() })
  await page.goto(`/wait/${eventId}`)
  await untilPosition(page, 9)
  await page.evaluate(() => {
    const heard: (string | null)[] = []
    const live = document.querySelector('#live')
    new MutationObserver(() => heard.push(live?.textContent ?? '')).observe(live as Element, {
      childList: true,
    })
    Object.assign(window, { heard })
  })
  for (const [index, visitor] of crowd.entries()) {
    await usher.api.leave(eventId, visitor)
    await untilPosition(page, 8 - index)
  }
  await untilPhase(page, 'next')
  expect(await page.evaluate(() => (window as unknown as { heard: string[] }).heard)).toEqual([
    'Your place in line is now 4.',
    'Your place in line is now 2.',
    'You are next. Please stay on this page. It can happen at any moment.',
  ])
})

it('the sound is off until it was asked for, plays at the admission, and stays off for who turned it off', async () => {
  const { page, admit } = await waitingPage()
  const notes = async (): Promise<number> =>
    page.evaluate(() => (window as unknown as { notes: number }).notes)
  const countNotes = (): Promise<void> =>
    page.evaluate(() => {
      const counter = Object.assign(window, { notes: 0 })
      const createOscillator = (context: AudioContext): OscillatorNode => new OscillatorNode(context)
      AudioContext.prototype.createOscillator = function count(this: AudioContext) {
        counter.notes += 1
        return createOscillator(this)
      }
    })
  await countNotes()
  await page.getByRole('button', { name: 'Turn the sound on' }).click()
  await page.getByRole('button', { name: 'Turn the sound off' }).waitFor()
  const afterTrial = await notes()
  expect(afterTrial).toBeGreaterThan(0)
  await page.getByRole('button', { name: 'Turn the sound off' }).click()
  await page.getByRole('button', { name: 'Turn the sound on' }).waitFor()
  expect(await notes()).toBe(afterTrial)
  await page.getByRole('button', { name: 'Turn the sound on' }).click()
  await page.getByRole('button', { name: 'Turn the sound off' }).waitFor()
  const beforeTurn = await notes()
  await admit()
  await expect.poll(notes).toBe(beforeTurn + 2)
})

it('with reduced motion the bar does not glide', async () => {
  const eventId = await usher.api.event({ capacity: 0 })
  const page = await browser.page({ origins: origins(), reducedMotion: 'reduce' })
  await page.goto(`/wait/${eventId}`)
  await untilPhase(page, 'next')
  const transition = await page.evaluate(
    () =>
      getComputedStyle(document.querySelector('progress') as Element, '::-webkit-progress-value')
        .transitionProperty,
  )
  expect(transition).not.toContain('inline-size')
})
