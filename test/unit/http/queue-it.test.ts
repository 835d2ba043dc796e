/** What Queue-it's connectors ask: who is taken to the shop, with what, and to nowhere else. */
import { describe, expect, it } from 'vitest'
import { err, ok } from '../../../src/core/result.ts'
import type { Place } from '../../../src/core/views.ts'
import { queueIdOf } from '../../../src/tokens/queue-it-token.ts'
import { QUEUE_IT_SECRET } from '../../support/queue-it-shop.ts'
import { bearer, cookie, createGateway, problemOf } from './gateway.ts'
import type { GatewayOptions } from './gateway.ts'
import { admissionOf, placeOf, statusOf } from './views.ts'

const ADMISSION_ID = 'demo.LvWuT6cOBufW7S1yBZkoEQ'
const QUEUE_ID = queueIdOf(ADMISSION_ID)
const TARGET = 'https://shop.test/tickets?row=a'
const ENV = { QUEUE_IT_SECRET_KEY: QUEUE_IT_SECRET, QUEUE_IT_TARGETS: 'https://shop.test,https://other.test' }
const ADMITTED: Place = { ...placeOf('demo', 'ann'), state: 'ADMITTED', admissionId: ADMISSION_ID }

function connectors(line: GatewayOptions['line'] = {}, env: GatewayOptions['env'] = ENV) {
  const leaseExpiresAt = new Date(Date.now() + 600_500).toISOString()
  const gateway = createGateway({
    env,
    line: {
      visit: async () => ok({ status: statusOf('demo'), pacePerMinute: null, place: ADMITTED }),
      place: async () => ok(ADMITTED),
      redeem: async () => ok({ ...admissionOf(ADMISSION_ID, 'ann'), leaseExpiresAt }),
      release: async () => ok(admissionOf(ADMISSION_ID, 'ann')),
      ...line,
    },
    deps: { staticFiles: { fetch: async () => new Response('the index') } },
  })
  const enter = async (query: string, headers: Record<string, string> = {}) => {
    const { token } = await gateway.newVisitor()
    return gateway.fetch(`/queue-it/enter?${query}`, { headers: { ...bearer(token), ...headers } })
  }
  return {
    gateway,
    enter,
    get: (path: string, init?: RequestInit) => gateway.fetch(path, init),
    whats: () => gateway.calls.map(({ what }) => what),
  }
}

const t = (target: string) => `t=${encodeURIComponent(target)}`

describe('a visitor whom a connector sends', () => {
  it('goes to the waiting page of the event, with the place in the shop that was asked for', async () => {
    const { get } = connectors()
    const response = await get(`/?c=acme&e=demo&ver=javascript-5.0.1&cver=3&man=x&cid=en-GB&${t(TARGET)}`)
    expect([response.status, response.headers.get('Location')]).toEqual([
      302,
      `/wait/demo?return=${encodeURIComponent(TARGET)}`,
    ])
  })

  it('does not carry a place elsewhere', async () => {
    const { get } = connectors()
    for (const target of [
      'https://evil.test/',
      'https://shop.test.evil.test/',
      'https://x@shop.test/',
      'javascript:1',
    ])
      expect((await get(`/?e=demo&${t(target)}`)).headers.get('Location')).toBe('/wait/demo')
    expect((await get('/?e=no!')).status).toBe(400)
  })

  it('gets the index without an event, and where no connector is configured', async () => {
    expect(await (await connectors().get('/')).text()).toBe('the index')
    expect(await (await connectors({}, {}).get(`/?e=demo&${t(TARGET)}`)).text()).toBe('the index')
    expect((await connectors().get('/', { method: 'POST' })).status).toBe(405)
  })

  it('finds a link into the shop on the waiting page, and the shop’s own form where that is the way', async () => {
    const page = async (env: GatewayOptions['env'], query = '') =>
      (await connectors({}, env).get(`/wait/demo${query}`)).text()
    const link = `href="/queue-it/enter?e=demo&amp;t=${encodeURIComponent(TARGET)}"`
    const both = { ...ENV, SHOP_URL: 'https://shop.test/enter' }
    expect(await page(both, `?return=${encodeURIComponent(TARGET)}`)).toContain(link)
    expect(await page(both)).toContain('action="https://shop.test/enter"')
    expect(await page(ENV)).toContain('href="/queue-it/enter?e=demo"')
    expect(await page({})).not.toContain('queue-it')
  })
})

describe('GET /queue-it/enter', () => {
  it('redeems the admission and takes it to the target, with a token that lasts as long as the lease', async () => {
    const { gateway, enter } = connectors()
    const response = await enter(`e=demo&${t(`${TARGET}&queueittoken=old`)}`)
    expect(response.status).toBe(303)
    const location = response.headers.get('Location') ?? ''
    expect(location).toMatch(/^https:\/\/shop\.test\/tickets\?row=a&queueittoken=e_demo~q_/)
    expect(location).toMatch(new RegExp(`~q_${QUEUE_ID}~ts_\\d+~ce_false~cv_10~rt_queue~h_[0-9a-f]{64}$`))
    expect(response.headers.get('Cache-Control')).toBe('no-store')
    const [, redeemed] = gateway.calls
    expect(redeemed?.what).toBe('line demo redeem')
    // Nothing that was handed out is written down.
    expect(gateway.logged.join()).not.toContain('queueittoken')
  })

  it('is the same session for the same visitor, and another for another', async () => {
    const { gateway, get } = connectors()
    const [ann, bob] = [await gateway.newVisitor(), await gateway.newVisitor()]
    for (const { token } of [ann, ann, bob]) await get('/queue-it/enter?e=demo', { headers: bearer(token) })
    const digests = gateway.calls
      .filter(({ what }) => what.endsWith('redeem'))
      .map(({ args }) => Reflect.get(args[0] ?? {}, 'sessionDigest'))
    expect(digests[0]).toBe(digests[1])
    expect(digests[0]).not.toBe(digests[2])
  })

  it('binds the token to the address where the operator wants it so', async () => {
    const { enter } = connectors({}, { ...ENV, QUEUE_IT_BIND_ADDRESS: 'on' })
    const response = await enter('e=demo', { 'CF-Connecting-IP': '203.0.113.7' })
    expect(response.headers.get('Location')).toMatch(/~rt_queue~hip_[0-9a-f]{64}~h_/)
  })

  it('leads to the first of the targets when none was named, and to none that is not listed', async () => {
    const { enter } = connectors()
    expect((await enter('e=demo')).headers.get('Location')).toMatch(/^https:\/\/shop\.test\/\?queueittoken=/)
    expect((await enter(`e=demo&${t('https://other.test/x')}`)).headers.get('Location')).toMatch(
      /^https:\/\/other\.test\/x\?/,
    )
    const evil = await enter(`e=demo&${t('https://evil.test/')}`)
    expect(await problemOf(evil)).toMatchObject({ status: 400, errors: [{ pointer: '/t' }] })
  })

  it.each(['my_event', 'Demo', 'no!', ''])(
    'refuses the id %j, which a connector would lose',
    async (eventId) => {
      const response = await connectors().enter(`e=${eventId}`)
      expect(await problemOf(response)).toMatchObject({ status: 400, errors: [{ pointer: '/e' }] })
    },
  )

  it.each([
    ['waits', { place: async () => ok(placeOf('demo', 'ann')) }],
    ['never joined', { place: async () => err({ reason: 'not-in-queue' as const }) }],
    ['was too late', { redeem: async () => err({ reason: 'admission-ended' as const }) }],
    ['did not come in time', { redeem: async () => err({ reason: 'token-expired' as const }) }],
  ] satisfies [string, GatewayOptions['line']][])(
    'sends a visitor who %s to the waiting page',
    async (_name, line) => {
      const response = await connectors(line).enter(`e=demo&${t(TARGET)}`)
      expect(response.headers.get('Location')).toBe(`/wait/demo?return=${encodeURIComponent(TARGET)}`)
    },
  )

  it('hands out nothing for an admission that a shop has redeemed itself', async () => {
    const { enter } = connectors({ redeem: async () => err({ reason: 'token-already-redeemed' as const }) })
    expect((await enter('e=demo')).status).toBe(409)
  })

  it('is for visitors, from our own pages', async () => {
    const { gateway, get, whats } = connectors()
    expect((await get('/queue-it/enter?e=demo')).status).toBe(401)
    const { token } = await gateway.newVisitor()
    const headers = { ...cookie(token), 'Sec-Fetch-Site': 'cross-site' }
    expect((await get('/queue-it/enter?e=demo', { headers })).status).toBe(403)
    expect(whats()).toEqual([])
  })
})

describe('a connector that cancels', () => {
  it.each([
    [`/cancel/multiple/acme?wrl=demo~${QUEUE_ID}_other_no!~x&r=${encodeURIComponent(TARGET)}`],
    [`/cancel/acme/demo/${QUEUE_ID}?c=acme&e=demo&r=${encodeURIComponent(TARGET)}`],
  ])('ends the admission that it names and sends the visitor on: %s', async (path) => {
    const { gateway, get } = connectors()
    const response = await get(path)
    expect([response.status, response.headers.get('Location')]).toEqual([302, TARGET])
    expect(gateway.calls).toEqual([{ what: 'line demo release', args: [ADMISSION_ID, 'cancelled'] }])
  })

  it('without a queue id leaves it to the lease, and never leads elsewhere', async () => {
    const { get, whats } = connectors()
    const response = await get(`/cancel/acme/demo/?c=acme&r=${encodeURIComponent('https://evil.test/')}`)
    expect([response.status, response.headers.get('Location')]).toEqual([302, '/'])
    expect(whats()).toEqual([])
  })

  it('is bounded', async () => {
    const { get, whats } = connectors()
    await get(`/cancel/multiple/acme?wrl=${Array.from({ length: 50 }, () => `demo~${QUEUE_ID}`).join('_')}`)
    expect(whats()).toHaveLength(10)
  })
})

describe('a connector that refuses a token', () => {
  it('sends the visitor to a page that says why, and leads back', async () => {
    const { get } = connectors()
    const response = await get(`/error/timestamp/?c=acme&e=demo&queueittoken=secret&ts=1&${t(TARGET)}`)
    const html = await response.text()
    expect(response.status).toBe(200)
    expect(html).toContain('had expired')
    expect(html).toContain(`href="/wait/demo?return=${encodeURIComponent(TARGET)}"`)
    expect(html).not.toContain('secret')
    expect(await (await get('/error/%3Cb%3E/?e=demo')).text()).toContain('did not accept your ticket')
  })
})

it('without a key none of it is there', async () => {
  const { gateway, get, whats } = connectors({}, {})
  const { token } = await gateway.newVisitor()
  for (const path of [
    '/queue-it/enter?e=demo',
    '/error/hash/?e=demo',
    '/cancel/multiple/acme?wrl=x',
    '/cancel/a/demo/x',
  ]) {
    const response = await get(path, { headers: bearer(token) })
    expect([path, response.status]).toEqual([path, 404])
  }
  expect(whats()).toEqual([])
})
