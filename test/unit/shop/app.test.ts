/** The example shop lets in only whom Usher let in, and says so without showing the token or the key. */
import { describe, expect, it } from 'vitest'
import type { Answer } from '../../../examples/shop/admissions.ts'
import { createShop } from '../../../examples/shop/app.ts'
import { EntryTokenError } from '../../../src/verify/verify.ts'

const TICKET = {
  admissionId: 'demo.AAAAAAAAAAAAAAAAAAAAAA',
  eventId: 'demo',
  userId: 'visitor-1',
  issuedAt: new Date(),
  expiresAt: new Date(),
}

describe('the example shop', () => {
  it('takes a valid ticket from the waiting page, renews it with each view, and completes it', async () => {
    const { shop, calls } = shopWith(() => alive(60))
    const entered = await enter(shop, 'good')
    expect(entered.status).toBe(303)
    const cookie = cookieOf(entered)
    const seats = await shop.request('/shop', { headers: { Cookie: cookie } })
    expect(await seats.text()).toContain('50 seats left. Yours to choose for 60 seconds')
    const bought = await shop.request('https://shop.test/complete', {
      method: 'POST',
      headers: {
        Cookie: cookie,
        Origin: 'https://shop.test',
        'Content-Type': 'application/x-www-form-urlencoded',
      },
    })
    expect(bought.status).toBe(200)
    expect(calls.map(([name]) => name)).toEqual(['redeem', 'renew', 'complete'])
    expect((await shop.request('/shop', { headers: { Cookie: cookie } })).status).toBe(401)
  })

  it('keeps the session cookie from scripts, from other sites and from plain http', async () => {
    const { shop } = shopWith(() => alive(60))
    const cookie = (await enter(shop, 'good')).headers.get('Set-Cookie') ?? ''
    expect(cookie).toMatch(/^__Host-shop_session=[\w-]{32}; Path=\/; HttpOnly; Secure; SameSite=Lax$/)
  })

  it('refuses a forged ticket without asking Usher', async () => {
    const { shop, calls } = shopWith(() => alive(60))
    const answer = await enter(shop, 'forged')
    expect(answer.status).toBe(401)
    expect(await answer.text()).not.toContain('forged')
    expect(calls).toEqual([])
  })

  it.each([
    [409, 'taken'],
    [410, 'ended'],
    [503, 'unavailable'],
  ] as const)('answers %i and opens no session when the admission is %s', async (status, state) => {
    const { shop } = shopWith(() => ({ state }))
    const answer = await enter(shop, 'good')
    expect(answer.status).toBe(status)
    expect(answer.headers.get('Set-Cookie')).toBeNull()
  })

  it('redeems for the same session when the visitor presses the button twice', async () => {
    const { shop, calls } = shopWith(() => alive(60))
    const cookie = cookieOf(await enter(shop, 'good'))
    await enter(shop, 'good', cookie)
    expect(calls[1]).toEqual(calls[0])
  })

  it('keeps the visit while Usher is away, and ends it when Usher says so', async () => {
    let next: Answer = alive(60)
    const { shop } = shopWith(() => next)
    const cookie = cookieOf(await enter(shop, 'good'))
    next = { state: 'unavailable' }
    expect((await shop.request('/shop', { headers: { Cookie: cookie } })).status).toBe(200)
    next = { state: 'ended' }
    expect((await shop.request('/shop', { headers: { Cookie: cookie } })).status).toBe(410)
  })

  it('does not let another site complete the purchase', async () => {
    const { shop, calls } = shopWith(() => alive(60))
    const cookie = cookieOf(await enter(shop, 'good'))
    const answer = await shop.request('https://shop.test/complete', {
      method: 'POST',
      headers: {
        Cookie: cookie,
        Origin: 'https://evil.test',
        'Content-Type': 'application/x-www-form-urlencoded',
      },
    })
    expect(answer.status).toBe(403)
    expect(calls.map(([name]) => name)).toEqual(['redeem'])
  })
})

function shopWith(answer: () => Answer) {
  const calls: [name: string, ...args: string[]][] = []
  const call =
    (name: string) =>
    (...args: string[]) => {
      calls.push([name, ...args])
      return Promise.resolve(answer())
    }
  const shop = createShop({
    verify: (token) =>
      token === 'good' ? Promise.resolve(TICKET) : Promise.reject(new EntryTokenError('ERR_TOKEN_SIGNATURE')),
    admissions: { redeem: call('redeem'), renew: call('renew'), complete: call('complete') },
    waitingPage: new URL('https://usher.test/wait/demo'),
    isHttps: true,
    seatCount: 50,
  })
  return { shop, calls }
}

function alive(seconds: number): Answer {
  return { state: 'alive', expiresAtMs: Date.now() + seconds * 1_000 }
}

function enter(shop: ReturnType<typeof createShop>, token: string, cookie = '') {
  return shop.request('/enter', {
    method: 'POST',
    headers: { Cookie: cookie },
    body: new URLSearchParams({ token }),
  })
}

function cookieOf(answer: Response): string {
  return answer.headers.get('Set-Cookie')?.split(';')[0] ?? ''
}
