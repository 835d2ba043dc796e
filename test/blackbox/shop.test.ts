/** Shops behind a real Usher, each with another server: the whole way in, and what must not be a way in. */
import { createServer } from 'node:http'
import type { RequestListener, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { Hono } from 'hono'
import { usherExpress, visitOf } from 'usher/express'
import { usherHono } from 'usher/hono'
import type { UsherVariables } from 'usher/hono'
import { usher as createUsher } from 'usher/middleware'
import type { UsherOptions, Visit } from 'usher/middleware'
import { nodeListener } from 'usher/node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CookieBrowser } from '../support/cookie-browser.ts'
import { ORIGIN_KEY, eventually, startTestUsher, type Api, type TestUsher } from '../support/usher.ts'

let usher: TestUsher
let api: Api

beforeAll(async () => {
  usher = await startTestUsher()
  api = usher.api
})

afterAll(() => usher.stop())

/** The same shop on each server: says who is inside, and sells. */
const SERVERS: Readonly<Record<string, (options: UsherOptions) => RequestListener>> = {
  'a fetch handler': (options) => {
    const handle = createUsher(options).guard(async ({ url, method }, visit) => {
      if (method === 'POST' && new URL(url).pathname === '/seats/buy') await visit?.complete()
      return new Response(greeting(visit))
    })
    return nodeListener((request) => handle(request))
  },
  Hono: (options) => {
    const app = new Hono<{ Variables: UsherVariables }>()
    app.use(usherHono(options))
    app.post('/seats/buy', async (c) => {
      await c.get('usher')?.complete()
      return c.text('bought')
    })
    app.get('*', (c) => c.text(greeting(c.get('usher'))))
    return nodeListener(app.fetch)
  },
  Express: (options) => {
    const app = express()
    app.use(usherExpress(options))
    app.use(express.urlencoded())
    app.post('/seats/buy', (req, res) => sell(req, res))
    app.use((req, res) => void res.send(greeting(visitOf(req))))
    return app
  },
  'Express, with the form read before': (options) => {
    const app = express()
    app.use(express.urlencoded())
    app.use(usherExpress(options))
    app.post('/seats/buy', (req, res) => sell(req, res))
    app.use((req, res) => void res.send(greeting(visitOf(req))))
    return app
  },
}

/** On Express. The body is still there for whoever comes after the middleware. */
async function sell(req: express.Request, res: express.Response): Promise<void> {
  if (req.body?.seat !== '7') return void res.status(400).send('no seat')
  await visitOf(req)?.complete()
  res.send('bought')
}

function greeting(visit: Visit | null): string {
  return visit === null ? 'open' : `inside ${visit.eventId} as ${visit.userId}`
}

const servers: Server[] = []

afterAll(() => {
  for (const server of servers.splice(0)) server.close()
})

async function openShop(kind: string, eventId: string, options: Partial<UsherOptions> = {}): Promise<string> {
  const listener = SERVERS[kind]?.({
    protect: [{ path: '/seats/*', eventId }],
    usherUrl: usher.url,
    originKey: ORIGIN_KEY,
    secrets: ['a secret of the shop, long enough for it'],
    onTrouble: () => {},
    ...options,
  })
  const server = createServer(listener)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function ticketFor(eventId: string): Promise<{ token: string; userId: string; admissionId: string }> {
  const visitor = await api.visitor()
  await api.join(eventId, visitor)
  const { entryToken, admissionId } = await api.admitted(eventId, visitor)
  return { token: entryToken, userId: visitor.userId, admissionId }
}

async function inside(shop: string, eventId: string) {
  const browser = new CookieBrowser()
  await browser.go(`${shop}/seats`)
  const ticket = await ticketFor(eventId)
  expect((await browser.post(`${shop}/usher/enter`, { token: ticket.token })).status).toBe(303)
  return { browser, ...ticket }
}

const textOf = async (response: Promise<Response>) => (await response).text()

describe.concurrent.each(Object.keys(SERVERS))('a shop on %s', (kind) => {
  it('sends to the room, lets in, sells, and lets the next in line in', async () => {
    const eventId = await api.event({ capacity: 1 })
    const shop = await openShop(kind, eventId)
    const browser = new CookieBrowser()
    expect(await textOf(browser.go(shop))).toBe('open')
    const sent = await browser.go(`${shop}/seats/7?row=a`)
    expect(sent.headers.get('Location')).toBe(`${usher.url}/wait/${eventId}?return=%2Fseats%2F7%3Frow%3Da`)

    const { token, userId } = await ticketFor(eventId)
    const next = await api.visitor()
    await api.join(eventId, next)
    const entered = await browser.post(`${shop}/usher/enter`, { token })
    expect([entered.status, entered.headers.get('Location')]).toEqual([303, '/seats/7?row=a'])
    expect(await textOf(browser.go(`${shop}/seats/7?row=a`))).toBe(`inside ${eventId} as ${userId}`)

    expect((await browser.post(`${shop}/seats/buy`, { seat: '7' })).status).toBe(200)
    await api.admitted(eventId, next)
    expect((await browser.go(`${shop}/seats`)).status).toBe(303)
  })

  it('lets a ticket in once, refuses what is forged, and answers programs with problems', async () => {
    const eventId = await api.event()
    const shop = await openShop(kind, eventId)
    const { token, browser } = await inside(shop, eventId)
    const replayed = await new CookieBrowser().enter(`${shop}/usher/enter`, token)
    expect(replayed.status).toBe(409)
    const forged = await new CookieBrowser().enter(`${shop}/usher/enter`, `${token.slice(0, -6)}AAAAAA`)
    expect(forged.status).toBe(401)
    browser.setCookie(`usher_in_${eventId}`, 'eyJ9.AAAA')
    expect((await browser.go(`${shop}/seats`)).status).toBe(303)
    const program = await fetch(`${shop}/seats`, { headers: { Accept: 'application/json' } })
    expect(program.status).toBe(401)
    expect(await program.json()).toMatchObject({ code: 'admission-required' })
  })

  it('ends a session whose lease is over, and keeps one that is used', async () => {
    const eventId = await api.event({ leaseTtlSeconds: 6, maxSessionSeconds: 60 })
    const shop = await openShop(kind, eventId)
    const { browser: idle } = await inside(shop, eventId)
    const { browser: busy } = await inside(shop, eventId)
    const endsAtMs = Date.now() + 8_000
    while (Date.now() < endsAtMs) {
      expect((await busy.go(`${shop}/seats`)).status).toBe(200)
      await new Promise((resolve) => setTimeout(resolve, 250))
    }
    expect((await idle.go(`${shop}/seats`)).status).toBe(303)
  })

  it('sends back to the room whom the operator has revoked, once it asks again', async () => {
    const eventId = await api.event({ leaseTtlSeconds: 4 })
    const shop = await openShop(kind, eventId)
    const { browser, admissionId } = await inside(shop, eventId)
    await api.admin('POST', `admissions/${admissionId}/revoke`, {})
    await eventually(async () => ((await browser.go(`${shop}/seats`)).status === 303 ? true : null), 5_000)
  })
})

describe('when Usher is killed', () => {
  it('visits go on for their lease, nobody new is let in, and all is well when it is back', async () => {
    const eventId = await api.event({ leaseTtlSeconds: 30 })
    // The address of an Usher that comes back may be another, so the shop asks for the one of today.
    const today = (request: Request) =>
      fetch(new Request(request.url.replace('http://127.0.0.1:1', usher.url), request))
    const shop = await openShop('a fetch handler', eventId, { usherUrl: 'http://127.0.0.1:1', fetch: today })
    const { browser } = await inside(shop, eventId)
    const late = new CookieBrowser()
    await late.go(`${shop}/seats`)
    const { token } = await ticketFor(eventId)

    await usher.runtime.stop()
    expect((await browser.go(`${shop}/seats`)).status).toBe(200)
    const refused = await late.post(`${shop}/usher/enter`, { token })
    expect([refused.status, refused.headers.get('Retry-After')]).toEqual([503, '5'])
    expect((await late.go(`${shop}/seats`)).status).toBe(303)

    usher = await usher.restart()
    api = usher.api
    expect((await late.post(`${shop}/usher/enter`, { token })).status).toBe(303)
    expect((await late.go(`${shop}/seats`)).status).toBe(200)
    expect((await browser.go(`${shop}/seats`)).status).toBe(200)
  })
})
