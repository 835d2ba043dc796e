/** A fan's way from the waiting page into the shop, whatever happens on it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually, startTestUsher, type TestUsher } from '../support/usher.ts'
import { useBrowser } from './support/browser.ts'
import { openNetwork } from './support/network.ts'
import { crowdIn, untilPhase, untilPosition, visitorOf } from './support/room.ts'
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
const browser = useBrowser()

const origins = (): [string, string] => [usher.url, shop.origin]
const admitAll = (eventId: string) => usher.api.admin('PATCH', `events/${eventId}`, { capacity: 100 })

describe('a fan', () => {
  it('joins by opening the page, keeps the place over a reload, and is in the shop with one press', async () => {
    const eventId = await usher.api.event({ name: 'A concert', capacity: 0 })
    await crowdIn(usher.api, eventId, 3)
    const page = await browser.page({ origins: origins() })
    await page.goto(`/wait/${eventId}?return=/seats%3Frow%3D3`)
    await untilPosition(page, 4)
    expect(await page.title()).toBe('4 · A concert')
    await page.reload({ waitUntil: 'commit' })
    await untilPosition(page, 4)
    expect((await usher.api.status(eventId)).body.waiting).toBe(4)
    await admitAll(eventId)
    await untilPhase(page, 'admitted')
    expect(await page.title()).toBe('● It is your turn · A concert')
    expect(await page.locator('#icon').getAttribute('href')).toBe('/icon-turn.svg')
    await expect
      .poll(() => page.locator('#countdown').textContent(), { timeout: 10_000 })
      .toMatch(/^Go in within 4:5\d$/)
    await page.getByRole('button', { name: 'Go in now' }).click()
    await page.getByRole('heading', { name: /^Welcome, g_.*, to \/seats\?row=3$/ }).waitFor()
    expect(shop.log.filter((address) => /token|eyJ/.test(address))).toEqual([])
    await page.goBack()
    await untilPhase(page, 'admitted')
    const place = await usher.api.place(eventId, await visitorOf(page))
    await usher.api.release(place.body.admissionId)
    await untilPhase(page, 'completed')
  })

  it('who loses the network is told so, keeps the place, and sees it move when the network is back', async () => {
    const eventId = await usher.api.event({ capacity: 0 })
    const [first] = await crowdIn(usher.api, eventId, 2)
    const network = await openNetwork(usher.url)
    const page = await browser.page({ origins: [network.origin, shop.origin] })
    await page.goto(`/wait/${eventId}`)
    await untilPosition(page, 3)
    network.cut()
    await page.context().setOffline(true)
    const note = page.getByText('You are offline. Your place is kept')
    await note.waitFor()
    if (first !== undefined) await usher.api.leave(eventId, first)
    // Longer than the silence after which a connection counts as dead.
    await page.waitForTimeout(16_000)
    expect(await note.isVisible()).toBe(true)
    expect(await page.locator('#position').textContent()).toBe('3')
    network.restore()
    await page.context().setOffline(false)
    await untilPosition(page, 2)
    await expect.poll(() => page.locator('#note').textContent()).toBe('')
    await admitAll(eventId)
    await untilPhase(page, 'admitted')
    network.close()
  })

  it('whose connection breaks reads that it comes back, and it does', async () => {
    const eventId = await usher.api.event({ capacity: 0 })
    const network = await openNetwork(usher.url)
    const page = await browser.page({ origins: [network.origin, shop.origin] })
    await page.goto(`/wait/${eventId}`)
    await untilPhase(page, 'next')
    network.cut()
    await page.getByText('Reconnecting. You keep your place.').waitFor()
    network.restore()
    await expect.poll(() => page.locator('#note').textContent(), { timeout: 20_000 }).toBe('')
    expect(await page.locator('#room').getAttribute('data-phase')).toBe('next')
    network.close()
  })

  it('with two tabs has one place; the newer tab follows it, and the older one can take over', async () => {
    const eventId = await usher.api.event({ capacity: 0 })
    const first = await browser.page({ origins: origins() })
    await first.goto(`/wait/${eventId}`)
    await untilPhase(first, 'next')
    const second = await browser.page({ origins: origins(), besides: first })
    await second.goto(`/wait/${eventId}`)
    await untilPhase(second, 'next')
    await untilPhase(first, 'replaced')
    await first.getByRole('button', { name: 'Follow here' }).click()
    await untilPhase(first, 'next')
    await untilPhase(second, 'replaced')
    expect((await usher.api.status(eventId)).body.waiting).toBe(1)
    await admitAll(eventId)
    await untilPhase(first, 'admitted')
  })

  it('whose browser opens two tabs at once has one place', async () => {
    const eventId = await usher.api.event({ capacity: 0 })
    const first = await browser.page({ origins: origins() })
    const second = await browser.page({ origins: origins(), besides: first })
    // Neither page is loaded with a session that the other has started.
    await Promise.all([first, second].map((page) => page.goto(`/wait/${eventId}`, { waitUntil: 'commit' })))
    const shown = ['next', 'replaced'].map((phase) => `#room[data-phase="${phase}"]`).join()
    await Promise.all([first, second].map((page) => page.locator(shown).waitFor()))
    await eventually(async () => ((await usher.api.status(eventId)).body.waiting === 1 ? true : null))
  })

  it('whose tab was frozen in the background learns of the admission as soon as it wakes', async () => {
    const eventId = await usher.api.event({ capacity: 0 })
    const page = await browser.page({ origins: origins() })
    await page.goto(`/wait/${eventId}`)
    await untilPhase(page, 'next')
    const devtools = await page.context().newCDPSession(page)
    await devtools.send('Page.setWebLifecycleState', { state: 'frozen' })
    await admitAll(eventId)
    await usher.api.admitted(eventId, await visitorOf(page))
    await devtools.send('Page.setWebLifecycleState', { state: 'active' })
    await untilPhase(page, 'admitted', 5_000)
  })

  it('who slept past the end of the place is told, and joins again only by pressing the button', async () => {
    const eventId = await usher.api.event({ capacity: 0 })
    const page = await browser.page({ origins: origins() })
    await page.goto(`/wait/${eventId}`)
    await untilPhase(page, 'next')
    const devtools = await page.context().newCDPSession(page)
    await devtools.send('Page.setWebLifecycleState', { state: 'frozen' })
    // Left on another device: for this one it is as over as after an hour.
    await usher.api.leave(eventId, await visitorOf(page))
    await devtools.send('Page.setWebLifecycleState', { state: 'active' })
    await untilPhase(page, 'left')
    await page.reload()
    await untilPhase(page, 'left')
    expect((await usher.api.status(eventId)).body.waiting).toBe(0)
    await page.getByRole('button', { name: 'Join again' }).click()
    await untilPhase(page, 'next')
  })

  it('behind a proxy that blocks streams is admitted all the same, by polling', async () => {
    const eventId = await usher.api.event({ capacity: 0 })
    const crowd = await crowdIn(usher.api, eventId, 2)
    const page = await browser.page({ origins: origins() })
    let documents = 0
    page.on('request', (request) => {
      if (request.url().endsWith('/progress')) documents += 1
    })
    await page.route('**/queue/stream', (route) => route.abort())
    await page.goto(`/wait/${eventId}`)
    await untilPosition(page, 3)
    await eventually(() => (documents > 0 ? true : null), 30_000)
    for (const visitor of crowd) await usher.api.leave(eventId, visitor)
    await untilPosition(page, 1, 20_000)
    await admitAll(eventId)
    await untilPhase(page, 'admitted', 20_000)
    expect(await page.locator('#note').textContent()).toBe('')
  })

  it('gives up the place by a button that asks first', async () => {
    const eventId = await usher.api.event({ capacity: 0 })
    const page = await browser.page({ origins: origins() })
    await page.goto(`/wait/${eventId}`)
    await untilPhase(page, 'next')
    page.once('dialog', (dialog) => void dialog.dismiss())
    await page.getByRole('button', { name: 'Leave the line' }).click()
    expect((await usher.api.status(eventId)).body.waiting).toBe(1)
    page.once('dialog', (dialog) => void dialog.accept())
    await page.getByRole('button', { name: 'Leave the line' }).click()
    await untilPhase(page, 'left')
    expect((await usher.api.status(eventId)).body.waiting).toBe(0)
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('title')
  })
})
