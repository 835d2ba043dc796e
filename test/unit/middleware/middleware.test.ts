/** The middleware lets in only whom Usher let in, keeps them inside while they are, and never opens a door by mistake. */
import { describe, expect, it, vi } from 'vitest'
import { usher } from '../../../src/middleware/middleware.ts'
import type { Trouble, UsherOptions, Visit } from '../../../src/middleware/middleware.ts'
import { CookieBrowser } from '../../support/cookie-browser.ts'
import { FakeUsher, ORIGIN_KEY } from './fake-usher.ts'

const SHOP = 'https://shop.test'
const ENTER = `${SHOP}/usher/enter`
const SECRET = 'a secret of the shop, long enough for it'

function shopWith(options: Partial<UsherOptions> = {}) {
  let nowMs = Date.UTC(2030, 0, 1)
  const fake = new FakeUsher(() => nowMs)
  const troubles: Trouble[] = []
  const background: Promise<unknown>[] = []
  const room = usher({
    protect: [
      { path: '/assets/*', eventId: null },
      { path: '/vip/*', eventId: 'vip' },
      { path: '/seats/*', eventId: 'demo' },
    ],
    usherUrl: 'https://wait.test',
    originKey: ORIGIN_KEY,
    secrets: [SECRET],
    fetch: fake.fetch,
    timeoutMs: 200,
    nowMs: () => nowMs,
    onTrouble: (trouble) => troubles.push(trouble),
    ...options,
  })
  let act: (visit: Visit | null) => unknown = () => undefined
  const shop = room.guard(async (_request, visit) => {
    await act(visit)
    return new Response(visit === null ? 'open' : `inside as ${visit.userId}`)
  })
  const serve = (request: Request) => shop(request, { waitUntil: (work) => background.push(work) })
  return {
    fake,
    troubles,
    room,
    newBrowser: () => new CookieBrowser(serve),
    serve,
    pass: (seconds: number) => (nowMs += seconds * 1_000),
    settled: () => Promise.all(background),
    onVisit: (next: typeof act) => (act = next),
  }
}

type Shop = ReturnType<typeof shopWith>

/** A browser that has come in by the waiting room. */
async function inside(shop: Shop, userId = 'ann'): Promise<CookieBrowser> {
  const browser = shop.newBrowser()
  await browser.go(`${SHOP}/seats`)
  const entered = await browser.post(ENTER, { token: await shop.fake.ticket({ userId }) })
  expect(entered.status).toBe(303)
  return browser
}

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

describe('the session', () => {
  it('is a cookie that scripts, other sites, other hosts and plain http never see', async () => {
    const shop = shopWith()
    const browser = shop.newBrowser()
    await browser.go(`${SHOP}/seats`)
    const answer = await browser.post(ENTER, { token: await shop.fake.ticket() })
    expect(answer.headers.getSetCookie()).toHaveLength(1)
    expect(answer.headers.getSetCookie()[0]).toMatch(
      /^__Host-usher_in_demo=[\w-]+\.[\w-]{43}; Path=\/; Max-Age=43200; HttpOnly; Secure; SameSite=Lax$/,
    )
  })

  it('is Secure behind a proxy that speaks http to the shop, and not on this machine', async () => {
    const shop = shopWith()
    const cookieAt = async (origin: string) => {
      const browser = shop.newBrowser()
      await browser.go(`${origin}/seats`)
      const answer = await browser.post(`${origin}/usher/enter`, { token: await shop.fake.ticket() })
      return answer.headers.getSetCookie()[0]
    }
    expect(await cookieAt('http://shop.test')).toMatch(/^__Host-.*; Secure/)
    expect(await cookieAt('http://127.0.0.1:8788')).toMatch(/^usher_in_demo=(?!.*Secure)/)
  })

  it.each([
    ['changed', (value: string) => value.replace(/^./, (first) => (first === 'a' ? 'b' : 'a'))],
    ['without its signature', (value: string) => value.replace(/\..*/, '.')],
    ['with another signature', (value: string) => value.replace(/.{4}$/, 'AAAA')],
    ['with a tail', (value: string) => `${value}.x`],
    ['made up', () => `${Buffer.from('{"eventId":"demo","expiresAtMs":9e15}').toString('base64url')}.AAAA`],
    ['empty', () => ''],
    ['endless', () => 'x'.repeat(10_000)],
  ])('that is %s counts as none', async (_name, change) => {
    const shop = shopWith()
    const browser = await inside(shop)
    browser.setCookie('usher_in_demo', change(browser.cookie('usher_in_demo') ?? ''))
    expect((await browser.go(`${SHOP}/seats`)).status).toBe(303)
  })

  it('of one event opens no other, also under its name', async () => {
    const shop = shopWith()
    const browser = await inside(shop)
    browser.cookies.set('shop.test __Host-usher_in_vip', browser.cookie('usher_in_demo') ?? '')
    expect((await browser.go(`${SHOP}/vip`)).status).toBe(303)
  })

  it('outlives a rotation of the secret, and ends when the old one is gone', async () => {
    const shop = shopWith()
    const browser = await inside(shop)
    const cookie = `__Host-usher_in_demo=${browser.cookie('usher_in_demo')}`
    const statusWith = async (secrets: string[]) => {
      const { serve } = shopWith({ secrets })
      const headers = { Cookie: cookie, Accept: 'text/html' }
      return (await serve(new Request(`${SHOP}/seats`, { headers }))).status
    }
    const next = 'the next secret of the shop, also long'
    expect(await statusWith([next, SECRET])).toBe(200)
    expect(await statusWith([next])).toBe(303)
  })
})

describe('the lease', () => {
  it('is not renewed with more than half of it left, and in the background with less', async () => {
    const shop = shopWith()
    const browser = await inside(shop)
    shop.pass(300)
    await browser.go(`${SHOP}/seats`)
    expect(shop.fake.called('renew')).toBe(0)
    shop.pass(1)
    // Usher answers only once the page has been served.
    const answered = Promise.withResolvers<void>()
    shop.fake.gate = answered.promise
    expect((await browser.go(`${SHOP}/seats`)).status).toBe(200)
    await vi.waitFor(() => expect(shop.fake.called('renew')).toBe(1))
    answered.resolve()
    await shop.settled()
    const next = await browser.go(`${SHOP}/seats`)
    expect(next.headers.getSetCookie()[0]).toMatch(/^__Host-usher_in_demo=/)
    shop.pass(400) // Past the end of the first lease.
    expect((await browser.go(`${SHOP}/seats`)).status).toBe(200)
  })

  it('is renewed once at a time, however many requests there are', async () => {
    const shop = shopWith()
    const browser = await inside(shop)
    shop.pass(400)
    const answered = Promise.withResolvers<void>()
    shop.fake.gate = answered.promise
    await Promise.all(Array.from({ length: 20 }, () => browser.go(`${SHOP}/seats`)))
    answered.resolve()
    await shop.settled()
    expect(shop.fake.called('renew')).toBe(1)
  })

  it('that Usher makes no longer is not asked for again', async () => {
    const shop = shopWith()
    const browser = await inside(shop)
    shop.fake.leaseSeconds = 300 // Usher gives no more: the end stays where it is, or comes nearer.
    shop.pass(400)
    for (let second = 0; second < 60; second += 1) {
      await browser.go(`${SHOP}/seats`)
      await shop.settled()
      shop.fake.leaseSeconds -= 1
      shop.pass(1)
    }
    expect(shop.fake.called('renew')).toBe(1)
  })

  it('is renewed on although it was asked for twice in one moment, with one end for both', async () => {
    const shop = shopWith()
    const browser = await inside(shop)
    shop.onVisit((visit) => Promise.all([visit?.confirm(), visit?.confirm()]))
    await browser.go(`${SHOP}/seats`)
    shop.onVisit(() => undefined)
    shop.pass(301)
    await browser.go(`${SHOP}/seats`)
    await shop.settled()
    expect(shop.fake.called('renew')).toBe(3)
  })

  it('that was renewed by another instance of the shop is asked for before the visit is given up', async () => {
    const shop = shopWith()
    const browser = await inside(shop)
    for (const kept of shop.fake.admissions.values()) kept.expiresAtMs += 600_000
    shop.pass(900)
    const answer = await browser.go(`${SHOP}/seats`)
    expect(answer.status).toBe(200)
    expect(answer.headers.getSetCookie()[0]).toMatch(/^__Host-usher_in_demo=/)
  })

  it('that is over sends back to the room, and takes the cookie away', async () => {
    const shop = shopWith()
    const browser = await inside(shop)
    shop.pass(601)
    const answer = await browser.go(`${SHOP}/seats`)
    expect(answer.headers.get('Location')).toMatch(/^https:\/\/wait\.test\/wait\/demo/)
    expect(browser.cookie('usher_in_demo')).toBeUndefined()
  })

  it('that the operator has revoked ends with the next renewal', async () => {
    const shop = shopWith()
    const browser = await inside(shop)
    shop.fake.end('revoked')
    shop.pass(301)
    await browser.go(`${SHOP}/seats`)
    await shop.settled()
    expect((await browser.go(`${SHOP}/seats`)).status).toBe(303)
  })
})

describe('a visit', () => {
  it('that is completed gives the admission back and ends, for an old cookie too', async () => {
    const shop = shopWith()
    const browser = await inside(shop)
    const cookie = browser.cookie('usher_in_demo') ?? ''
    shop.onVisit((visit) => visit?.complete())
    expect((await browser.go(`${SHOP}/seats/buy`)).status).toBe(200)
    expect(browser.cookie('usher_in_demo')).toBeUndefined()
    expect([...shop.fake.admissions.values()][0]?.outcome).toBe('completed')
    browser.cookies.set('shop.test __Host-usher_in_demo', cookie)
    expect((await browser.go(`${SHOP}/seats`)).status).toBe(303)
  })

  it('that is cancelled says so', async () => {
    const shop = shopWith()
    const browser = await inside(shop)
    shop.onVisit((visit) => visit?.cancel())
    await browser.go(`${SHOP}/seats/leave`)
    expect([...shop.fake.admissions.values()][0]?.outcome).toBe('cancelled')
  })

  it('is confirmed for the moment that matters', async () => {
    const shop = shopWith()
    const browser = await inside(shop)
    const answers: unknown[] = []
    shop.onVisit(async (visit) => answers.push(await visit?.confirm()))
    await browser.go(`${SHOP}/seats/buy`)
    shop.fake.end('revoked')
    await browser.go(`${SHOP}/seats/buy`)
    expect(answers).toEqual(['alive', 'ended'])
    expect(browser.cookie('usher_in_demo')).toBeUndefined()
  })

  it('can be released by what a request carries', async () => {
    const shop = shopWith()
    const browser = await inside(shop)
    const headers = { Cookie: `__Host-usher_in_demo=${browser.cookie('usher_in_demo')}` }
    const request = new Request(`${SHOP}/hooks/paid`, { method: 'POST', headers })
    expect(await shop.room.release(request, 'demo', 'completed')).toBe(true)
    expect(await shop.room.release(new Request(SHOP), 'demo', 'completed')).toBeNull()
  })
})

describe('while Usher is away', () => {
  it('a visit goes on until its lease is over, and then waits', async () => {
    const shop = shopWith()
    const browser = await inside(shop)
    shop.fake.isAway = true
    for (const seconds of [301, 200, 98]) {
      shop.pass(seconds)
      expect((await browser.go(`${SHOP}/seats`)).status).toBe(200)
      await shop.settled()
    }
    shop.pass(10)
    const answer = await browser.go(`${SHOP}/seats`)
    expect([answer.status, answer.headers.get('Retry-After')]).toEqual([503, '5'])
    expect(browser.cookie('usher_in_demo')).toBeDefined()
    expect(shop.troubles[0]).toEqual({ call: 'renew', detail: 'connection refused' })
  })

  it('nobody new is let in, and the ticket is not lost', async () => {
    const shop = shopWith()
    const token = await shop.fake.ticket()
    const browser = shop.newBrowser()
    await browser.go(`${SHOP}/seats`)
    shop.fake.isAway = true
    const away = await browser.post(ENTER, { token })
    expect([away.status, away.headers.get('Retry-After')]).toEqual([503, '5'])
    expect(await away.text()).toContain(`value="${token}"`)
    shop.fake.isAway = false
    expect((await browser.post(ENTER, { token })).status).toBe(303)
  })

  it('a call that hangs is given up', async () => {
    const shop = shopWith()
    shop.fake.isHanging = true
    const answer = await shop.newBrowser().enter(ENTER, await shop.fake.ticket())
    expect(answer.status).toBe(503)
    expect(shop.troubles).toEqual([{ call: 'redeem', detail: 'timed out' }])
  })

  it('a key that Usher refuses is the shop’s trouble and opens no door', async () => {
    const shop = shopWith({ originKey: 'not the key' })
    const answer = await shop.newBrowser().enter(ENTER, await shop.fake.ticket())
    expect(answer.status).toBe(503)
    expect(shop.troubles).toEqual([{ call: 'redeem', detail: 'answered 401 unauthenticated' }])
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
