/** The waiting page over HTTP, as a browser without scripts uses it, and its files as every browser does. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually, startTestUsher, type Answer, type TestUsher } from '../support/usher.ts'

const SHOP_URL = 'https://shop.test/enter'

let usher: TestUsher
beforeAll(async () => {
  usher = await startTestUsher({ SHOP_URL })
})
afterAll(() => usher.stop())

/** A browser: keeps its cookie, and says where a form comes from. */
class Browser {
  #cookie = ''

  async get(path: string): Promise<Answer> {
    return usher.api.request('GET', path, { headers: { cookie: this.#cookie } })
  }

  async submit(path: string): Promise<Answer> {
    const headers = { cookie: this.#cookie, 'sec-fetch-site': 'same-origin' }
    const answer = await usher.api.request('POST', path, { headers })
    this.#cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? this.#cookie
    return answer
  }
}

const phaseOf = ({ body }: Answer): string | undefined => /data-phase="(\w+)"/.exec(String(body))?.[1]
const tokenOf = ({ body }: Answer): string => /name="token" value="([^"]*)"/.exec(String(body))?.[1] ?? ''

describe('a browser without scripts', () => {
  it('is in line by its form alone, present by reloading, and let in with a token that the shop can redeem', async () => {
    const eventId = await usher.api.event({ capacity: 0, disconnectGraceSeconds: 1 })
    const browser = new Browser()
    expect(phaseOf(await browser.get(`/wait/${eventId}`))).toBe('outside')
    expect((await usher.api.status(eventId)).body.waiting).toBe(0)
    const joined = await browser.submit(`/wait/${eventId}/join`)
    expect([joined.status, joined.headers.get('location')]).toEqual([303, `/wait/${eventId}`])
    const page = await browser.get(`/wait/${eventId}`)
    expect(phaseOf(page)).toBe('next')
    expect(String(page.body)).toContain('<meta http-equiv="refresh" content="5;')
    await browser.submit(`/wait/${eventId}/join`)
    expect((await usher.api.status(eventId)).body.waiting).toBe(1)
    await usher.api.admin('PATCH', `events/${eventId}`, { capacity: 1 })
    const turn = await eventually(async () => {
      const answer = await browser.get(`/wait/${eventId}`)
      return phaseOf(answer) === 'admitted' ? answer : null
    })
    expect((await usher.api.redeem(tokenOf(turn), 'a-session')).status).toBe(200)
    await browser.submit(`/wait/${eventId}/leave`)
    expect(phaseOf(await browser.get(`/wait/${eventId}`))).toBe('left')
  })

  it('who is not in line reads why, event by event', async () => {
    const phases = await Promise.all(
      [
        { status: 'closed' },
        { status: 'scheduled' },
        { status: 'scheduled', opensAt: new Date(Date.now() + 60_000).toISOString() },
        { status: 'scheduled', queueing: 'lottery' },
        { status: 'paused' },
        { queueing: 'reject' },
      ].map(async (config) => phaseOf(await new Browser().get(`/wait/${await usher.api.event(config)}`))),
    )
    expect(phases).toEqual(['closed', 'unopened', 'scheduled', 'outside', 'outside', 'refused'])
  })
})

describe('the files of the page', () => {
  it.each(['/wait.js', '/wait.css', '/icon.svg'])(
    '%s is asked for again each time, so a new page never runs an old one, and is sent only when it changed',
    async (path) => {
      const first = await usher.api.request('GET', path)
      expect(first.status).toBe(200)
      expect(first.headers.get('cache-control')).toBe('public, max-age=0, must-revalidate')
      const etag = first.headers.get('etag') ?? ''
      expect(etag).not.toBe('')
      const again = await usher.api.request('GET', path, { headers: { 'if-none-match': etag } })
      expect([again.status, again.body]).toEqual([304, ''])
    },
  )
})
