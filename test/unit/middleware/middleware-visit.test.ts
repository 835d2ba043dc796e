/** The middleware keeps those inside whom Usher let in, while they are, and also while Usher is away. */
import { describe, expect, it, vi } from 'vitest'
import { ENTER, inside, SECRET, SHOP, shopWith } from './shop.ts'

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
