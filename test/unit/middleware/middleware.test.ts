/** The middleware lets in only whom Usher let in, and never opens a door by mistake. */
import { describe, expect, it } from 'vitest'
import type { UsherOptions } from '../../../src/middleware/middleware.ts'
import { ENTER, inside, SHOP, shopWith } from './shop.ts'

describe('somebody without an admission', () => {
  it('is sent to the waiting room of the event that the path belongs to, with the path they wanted', async () => {
    const browser = shopWith().newBrowser()
    const answer = await browser.go(`${SHOP}/seats/7?row=a`)
    expect(answer.status).toBe(303)
    expect(answer.headers.get('Location')).toBe('https://wait.test/wait/demo?return=%2Fseats%2F7%3Frow%3Da')
    expect(answer.headers.get('Cache-Control')).toBe('no-store')
    const vip = await browser.go(`${SHOP}/vip`)
    expect(vip.headers.get('Location')).toBe('https://wait.test/wait/vip?return=%2Fvip')
  })

  it('is told so in a problem, with the address of the room, when it is a program', async () => {
    const { serve } = shopWith()
    for (const headers of [
      { Accept: 'application/json' },
      { Accept: 'text/html', 'Sec-Fetch-Mode': 'cors' },
    ]) {
      const answer = await serve(
        new Request(`${SHOP}/seats/7`, { headers: headers as Record<string, string> }),
      )
      expect(answer.status).toBe(401)
      expect(answer.headers.get('Content-Type')).toBe('application/problem+json')
      expect(answer.headers.get('WWW-Authenticate')).toContain('https://wait.test/wait/demo')
      expect(await answer.json()).toMatchObject({
        code: 'admission-required',
        status: 401,
        room: 'https://wait.test/wait/demo?return=%2F',
      })
      expect(answer.headers.getSetCookie()).toEqual([])
    }
  })

  it('comes back to the page of a form whose session was over, since a form cannot be sent again', async () => {
    const browser = shopWith().newBrowser()
    const from = (referer: string) => browser.post(`${SHOP}/seats/buy`, {}, { Referer: referer })
    expect((await from(`${SHOP}/seats/7`)).headers.get('Location')).toMatch(/return=%2Fseats%2F7$/)
    expect((await from('https://evil.test/seats')).headers.get('Location')).toMatch(/return=%2F$/)
  })

  it('sees what is open, and only that', async () => {
    const { serve } = shopWith()
    const textOf = async (path: string) => {
      const answer = await serve(new Request(SHOP + path, { headers: { Accept: 'text/html' } }))
      return answer.status === 303 ? 'room' : answer.text()
    }
    for (const path of ['/', '/assets/app.js', '/about', '/seatsale'])
      expect([path, await textOf(path)]).toEqual([path, 'open'])
    const disguised = [
      '/SEATS',
      '/%73eats/7',
      '//seats/7',
      '/seats/',
      '/x/..%2fseats',
      '/seats%2f7',
      '/assets/..%2fseats',
    ]
    for (const path of disguised) expect([path, await textOf(path)]).toEqual([path, 'room'])
  })
})

describe('somebody with a ticket', () => {
  it('is let in, goes on to where they wanted to go, and is known from then on without a call', async () => {
    const shop = shopWith()
    const browser = shop.newBrowser()
    await browser.go(`${SHOP}/seats/7?row=a`)
    const answer = await browser.post(ENTER, { token: await shop.fake.ticket() })
    expect([answer.status, answer.headers.get('Location')]).toEqual([303, '/seats/7?row=a'])
    const page = await browser.go(`${SHOP}/seats/7`)
    expect(await page.text()).toBe('inside as ann')
    expect(shop.fake.calls.map(({ path }) => path)).toEqual(['redeem'])
  })

  it('is inside one event and not another', async () => {
    const shop = shopWith()
    const browser = await inside(shop)
    expect((await browser.go(`${SHOP}/vip`)).status).toBe(303)
    await browser.post(ENTER, { token: await shop.fake.ticket({ eventId: 'vip' }) })
    expect((await browser.go(`${SHOP}/vip`)).status).toBe(200)
    expect((await browser.go(`${SHOP}/seats`)).status).toBe(200)
  })

  it('comes from the waiting room first of all, and is let in by a page that posts from here', async () => {
    const shop = shopWith()
    const browser = shop.newBrowser()
    const token = await shop.fake.ticket()
    const page = await browser.post(ENTER, { token, return: '/seats/3' })
    expect(page.status).toBe(200)
    const html = await page.text()
    expect(html).toContain(`name="token" value="${token}"`)
    expect(html).toContain('name="return" value="/seats/3"')
    expect(html).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=/)
    expect(page.headers.get('Content-Security-Policy')).toMatch(/script-src 'self';.*form-action 'self'/)
    expect(shop.fake.calls).toEqual([])
    const answer = await browser.post(ENTER, { token, return: '/seats/3', carried: '1' })
    expect([answer.status, answer.headers.get('Location')]).toEqual([303, '/seats/3'])
  })

  it('is told that cookies are needed, instead of going round in circles', async () => {
    const { serve, fake } = shopWith()
    const body = new URLSearchParams({ token: await fake.ticket(), carried: '1' })
    const answer = await serve(new Request(ENTER, { method: 'POST', body, headers: { Accept: 'text/html' } }))
    expect(answer.status).toBe(400)
    expect(await answer.text()).toContain('cookies')
  })

  it('in the fragment is taken out of it by a page with a script of its own, and never reaches a log', async () => {
    const browser = shopWith().newBrowser()
    const html = await (await browser.go(ENTER)).text()
    const script = /<script src="([^"]+)" defer>/.exec(html)?.[1] ?? ''
    const answer = await browser.go(SHOP + script)
    expect(answer.headers.get('Content-Type')).toMatch(/^text\/javascript/)
    expect(await answer.text()).toContain("history.replaceState(null, '', location.pathname)")
    const style = /<link rel="stylesheet" href="([^"]+)">/.exec(html)?.[1] ?? ''
    expect((await browser.go(SHOP + style)).headers.get('Content-Type')).toMatch(/^text\/css/)
  })

  it('that is lost on the way back is used again by the same browser, and by no other', async () => {
    const shop = shopWith()
    const token = await shop.fake.ticket()
    const browser = shop.newBrowser()
    await browser.go(`${SHOP}/seats`)
    const before = new Map(browser.cookies)
    await browser.post(ENTER, { token })
    // The answer was lost: the browser has what it had before.
    browser.cookies.clear()
    for (const [name, value] of before) browser.cookies.set(name, value)
    expect((await browser.post(ENTER, { token })).status).toBe(303)
    const thief = await shop.newBrowser().enter(ENTER, token)
    expect(thief.status).toBe(409)
    expect(await thief.text()).not.toContain(token)
    expect(thief.headers.getSetCookie().join()).not.toContain('usher_in')
  })

  it('that is a program gets the session and what it may know of it', async () => {
    const shop = shopWith()
    const body = new URLSearchParams({ token: await shop.fake.ticket() })
    const answer = await shop.serve(
      new Request(ENTER, { method: 'POST', body, headers: { Accept: 'application/json' } }),
    )
    expect(answer.status).toBe(200)
    expect(await answer.json()).toEqual({
      eventId: 'demo',
      admissionId: 'demo.AAAAAAAAAAAAAAAAAAAAA0',
      leaseExpiresAt: '2030-01-01T00:10:00.000Z',
    })
    expect(answer.headers.getSetCookie()[0]).toMatch(/^__Host-usher_in_demo=/)
  })

  it.each([
    ['a forged ticket', (token: string) => `${token.slice(0, -4)}AAAA`],
    ['no ticket at all', () => 'nonsense'],
    ['a huge one', () => 'x'.repeat(5_000)],
  ])('%s is refused without a question to Usher', async (_name, change) => {
    const shop = shopWith()
    const answer = await shop.newBrowser().enter(ENTER, change(await shop.fake.ticket()))
    expect(answer.status).toBe(401)
    expect(shop.fake.calls).toEqual([])
  })

  it.each([
    ['expired', { lifeSeconds: -1 }],
    ['for an event that is not sold here', { eventId: 'other' }],
  ])('%s is refused without a question to Usher', async (_name, options) => {
    const shop = shopWith()
    const answer = await shop.newBrowser().enter(ENTER, await shop.fake.ticket(options))
    expect(answer.status).toBe(401)
    expect(shop.fake.calls).toEqual([])
  })

  it('whose admission has ended goes back to the room', async () => {
    const shop = shopWith()
    const token = await shop.fake.ticket()
    shop.fake.end('expired')
    const browser = shop.newBrowser()
    await browser.go(`${SHOP}/seats/7`)
    const answer = await browser.post(ENTER, { token })
    expect(answer.headers.get('Location')).toBe('https://wait.test/wait/demo?return=%2Fseats%2F7')
  })

  it('is still inside when the ticket is sent once more by a browser that has only its session left', async () => {
    const shop = shopWith()
    const browser = shop.newBrowser()
    await browser.go(`${SHOP}/seats`)
    const token = await shop.fake.ticket()
    await browser.post(ENTER, { token })
    browser.cookies.delete('shop.test __Host-usher_browser')
    expect((await browser.enter(ENTER, token)).status).toBe(303)
  })

  it('does not lose the visit that goes on to a ticket that another site posts', async () => {
    const shop = shopWith()
    const browser = await inside(shop)
    const answer = await browser.post(ENTER, { token: await shop.fake.ticket({ userId: 'mallory' }) })
    expect(answer.status).toBe(303)
    expect(await (await browser.go(`${SHOP}/seats`)).text()).toBe('inside as ann')
    expect(shop.fake.called('redeem')).toBe(1)
  })

  it('replaces a visit that Usher has ended', async () => {
    const shop = shopWith()
    const browser = await inside(shop)
    shop.fake.end('revoked')
    await browser.post(ENTER, { token: await shop.fake.ticket({ userId: 'bob' }) })
    expect(await (await browser.go(`${SHOP}/seats`)).text()).toBe('inside as bob')
  })

  it.each([
    ['https://evil.test/'],
    ['//evil.test/'],
    ['/\\evil.test/'],
    ['/.//evil.test/'],
    ['/\t/evil.test/'],
    ['javascript:alert(1)'],
    ['https://shop.test@evil.test/'],
    ['/usher/enter'],
  ])('is never led to %j', async (returned) => {
    const shop = shopWith()
    const answer = await shop.newBrowser().enter(ENTER, await shop.fake.ticket(), { return: returned })
    expect([answer.status, answer.headers.get('Location')]).toEqual([303, '/'])
  })

  it('may come with an address of this shop instead of a path', async () => {
    const shop = shopWith()
    const answer = await shop
      .newBrowser()
      .enter(ENTER, await shop.fake.ticket(), { return: `${SHOP}/seats/7#x` })
    expect(answer.headers.get('Location')).toBe('/seats/7#x')
  })

  it.each([
    ['too large', { 'Content-Type': 'application/x-www-form-urlencoded' }, `token=${'x'.repeat(20_000)}`],
    ['of another kind', { 'Content-Type': 'text/plain' }, 'token=x'],
    ['without a ticket', { 'Content-Type': 'application/x-www-form-urlencoded' }, 'return=%2F'],
  ])('in a form %s is refused', async (_name, headers, body) => {
    const answer = await shopWith()
      .newBrowser()
      .go(ENTER, { method: 'POST', headers: headers as Record<string, string>, body })
    expect(answer.status).toBe(400)
  })

  it('comes by GET or POST and by nothing else', async () => {
    const answer = await shopWith().newBrowser().go(ENTER, { method: 'DELETE' })
    expect([answer.status, answer.headers.get('Allow')]).toEqual([405, 'GET, HEAD, POST'])
  })
})

describe('options that cannot be safe', () => {
  it.each([
    ['a short secret', { secrets: ['short'] }],
    ['no secret', { secrets: [] }],
    ['no key', { originKey: '' }],
    ['a rule that is no path', { protect: [{ path: 'seats', eventId: 'demo' }] }],
    ['a rule with a star inside', { protect: [{ path: '/a*b', eventId: 'demo' }] }],
    ['an event that cannot be', { protect: 'no such!' }],
    ['keys over plain http', { usherUrl: 'http://wait.test' }],
    ['an entrance that is no path', { enterPath: 'https://elsewhere.test/' }],
  ] satisfies [string, Partial<UsherOptions>][])('%s is refused at once', (_name, options) => {
    expect(() => shopWith(options)).toThrow(TypeError)
  })
})
