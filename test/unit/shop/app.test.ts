/** The example shop sells a seat once, to somebody inside, and lets the next in line in. */
import { describe, expect, it } from 'vitest'
import { createShop } from '../../../examples/shop/app.ts'
import { CookieBrowser } from '../../support/cookie-browser.ts'
import { FakeUsher, ORIGIN_KEY } from '../middleware/fake-usher.ts'

const SHOP = 'https://shop.test'

function openShop() {
  const fake = new FakeUsher(() => Date.now())
  const shop = createShop({
    eventId: 'demo',
    usherUrl: 'https://wait.test',
    originKey: ORIGIN_KEY,
    secrets: ['a secret of the shop, long enough for it'],
    fetch: fake.fetch,
    stock: { seller: 'shop', seatCount: 6 },
    css: 'body {}',
  })
  return { fake, newBrowser: () => new CookieBrowser(async (request) => shop.fetch(request)) }
}

async function inside({ fake, newBrowser }: ReturnType<typeof openShop>): Promise<CookieBrowser> {
  const browser = newBrowser()
  expect((await browser.go(`${SHOP}/seats`)).status).toBe(303)
  const entered = await browser.post(`${SHOP}/usher/enter`, { token: await fake.ticket() })
  expect(entered.headers.get('Location')).toBe('/seats')
  return browser
}

function buy(browser: CookieBrowser, seat: string, origin = SHOP): Promise<Response> {
  return browser.post(`${SHOP}/seats/buy`, { seat }, { Origin: origin })
}

describe('the example shop', () => {
  it('shows its front page and style to everybody, and its seats to those inside', async () => {
    const shop = openShop()
    const stranger = shop.newBrowser()
    expect(await (await stranger.go(SHOP)).text()).toContain('<strong>6</strong> seats are left')
    expect((await stranger.go(`${SHOP}/shop.css`)).headers.get('Content-Type')).toBe('text/css')
    expect((await stranger.go(`${SHOP}/seats`)).status).toBe(303)
    const seats = await (await inside(shop)).go(`${SHOP}/seats`)
    expect(await seats.text()).toMatch(/yours to choose for 10 minutes/)
  })

  it('sells a seat once, gives the admission back, and ends the visit', async () => {
    const shop = openShop()
    const browser = await inside(shop)
    const bought = await buy(browser, '3')
    expect([bought.status, await bought.text()]).toEqual([200, expect.stringContaining('Seat 3 is yours')])
    expect([...shop.fake.admissions.values()][0]?.outcome).toBe('completed')
    expect((await browser.go(`${SHOP}/seats`)).status).toBe(303)
    expect((await buy(await inside(shop), '3')).status).toBe(409)
  })

  it('asks Usher before it sells, so that whoever was revoked buys nothing', async () => {
    const shop = openShop()
    const browser = await inside(shop)
    shop.fake.end('revoked')
    expect((await buy(browser, '3')).status).toBe(410)
    expect(await (await shop.newBrowser().go(SHOP)).text()).toContain('<strong>6</strong>')
  })

  it('does not let another site buy or leave', async () => {
    const shop = openShop()
    const browser = await inside(shop)
    expect((await buy(browser, '3', 'https://evil.test')).status).toBe(403)
    const left = await browser.post(`${SHOP}/seats/leave`, {}, { Origin: 'https://evil.test' })
    expect(left.status).toBe(403)
    expect([...shop.fake.admissions.values()][0]?.outcome).toBeNull()
  })

  it.each(['0', '7', '1.5', 'x', ''])('has no seat %j', async (seat) => {
    expect((await buy(await inside(openShop()), seat)).status).toBe(400)
  })

  it('gives the admission back when somebody leaves without a seat', async () => {
    const shop = openShop()
    const browser = await inside(shop)
    const left = await browser.post(`${SHOP}/seats/leave`, {}, { Origin: SHOP })
    expect([left.status, left.headers.get('Location')]).toEqual([303, '/'])
    expect([...shop.fake.admissions.values()][0]?.outcome).toBe('cancelled')
  })
})
