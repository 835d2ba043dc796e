import { describe, expect, it } from 'vitest'
import { ok } from '../../../src/core/result.ts'
import { ORIGIN, SHOP_ORIGIN, bearer, cookie, createGateway, problemOf } from './gateway.ts'
import { placeOf } from './views.ts'

const QUEUE = '/api/v1/events/demo/queue'
const BROKER = '/api/v1/broker/events/demo/tickets/waiting'

const gateway = createGateway({
  line: {
    join: async (userId) => ok({ created: true, place: placeOf('demo', userId) }),
    leave: async () => ok({ admissionId: null }),
    place: async (userId) => ok(placeOf('demo', userId)),
    fetch: async () => new Response('data: 1\n\n'),
  },
})
const { token } = await gateway.newVisitor()

/** What browsers and programs say of where a request comes from. */
const OWN = [
  { 'Sec-Fetch-Site': 'same-origin' },
  { 'Sec-Fetch-Site': 'same-origin', Origin: ORIGIN },
  { 'Sec-Fetch-Site': 'none' },
  { Origin: ORIGIN },
  { Origin: SHOP_ORIGIN },
  { Origin: SHOP_ORIGIN, 'Sec-Fetch-Site': 'cross-site' },
]
const FOREIGN = [
  { 'Sec-Fetch-Site': 'cross-site' },
  { 'Sec-Fetch-Site': 'same-site' },
  { 'Sec-Fetch-Site': 'cross-site', Origin: ORIGIN },
  { Origin: 'https://evil.example' },
  { Origin: 'null' },
  { Origin: `${ORIGIN}.evil.example` },
  { Origin: 'http://localhost:81' },
  { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'none' },
  { Origin: 'null', 'Sec-Fetch-Site': 'none' },
]

describe('a cookie alone', () => {
  it.each(OWN)('joins and leaves when the request says %j', async (headers) => {
    for (const method of ['POST', 'DELETE']) {
      const response = await gateway.fetch(QUEUE, { method, headers: { ...cookie(token), ...headers } })
      expect([201, 204]).toContain(response.status)
    }
  })

  it.each([...FOREIGN, {}])('changes nothing when the request says %j', async (headers) => {
    gateway.calls.length = 0
    for (const method of ['POST', 'DELETE']) {
      const response = await gateway.fetch(QUEUE, { method, headers: { ...cookie(token), ...headers } })
      expect(response.status).toBe(403)
      expect(await problemOf(response)).toMatchObject({ code: 'cross-site-request' })
    }
    expect(gateway.calls).toEqual([])
  })

  it.each([...OWN, {}])('joins by the stream’s address when the request says %j', async (headers) => {
    expect((await gateway.fetch(BROKER, { headers: { ...cookie(token), ...headers } })).status).toBe(200)
  })

  it.each(FOREIGN)('does not join by the stream’s address when the request says %j', async (headers) => {
    expect((await gateway.fetch(BROKER, { headers: { ...cookie(token), ...headers } })).status).toBe(403)
  })

  it('reads from anywhere: the browser keeps the answer from the other site', async () => {
    expect((await gateway.fetch(QUEUE, { headers: { ...cookie(token), ...FOREIGN[0] } })).status).toBe(200)
  })
})

describe('a bearer', () => {
  it.each([...FOREIGN, {}])(
    'is nothing that a browser adds by itself, so %j does not matter',
    async (headers) => {
      const response = await gateway.fetch(QUEUE, {
        method: 'POST',
        headers: { ...bearer(token), ...headers },
      })
      expect(response.status).toBe(201)
    },
  )
})

describe('a session', () => {
  it.each(FOREIGN)('is not started by another site’s page that says %j', async (headers) => {
    const response = await gateway.fetch('/api/v1/sessions', { method: 'POST', headers })
    expect(response.status).toBe(403)
    expect(response.headers.has('Set-Cookie')).toBe(false)
  })

  it.each([...OWN, {}])('is started when the request says %j', async (headers) => {
    expect((await gateway.fetch('/api/v1/sessions', { method: 'POST', headers })).status).toBe(201)
  })
})

describe('cross-origin sharing', () => {
  const preflight = (Origin: string) =>
    gateway.fetch(QUEUE, { method: 'OPTIONS', headers: { Origin, 'Access-Control-Request-Method': 'POST' } })

  it('answers the preflight of an origin that the operator has named', async () => {
    const { status, headers } = await preflight(SHOP_ORIGIN)
    expect(status).toBe(204)
    expect(headers.get('Access-Control-Allow-Origin')).toBe(SHOP_ORIGIN)
    expect(headers.get('Access-Control-Allow-Credentials')).toBe('true')
    expect(headers.get('Access-Control-Allow-Methods')).toContain('DELETE')
    expect(headers.get('Access-Control-Allow-Headers')).toContain('Idempotency-Key')
    expect(headers.get('Vary')).toBe('Origin')
  })

  it('gives nothing to any other origin', async () => {
    const { headers } = await preflight('https://evil.example')
    expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([])
  })

  it('lets the named origin read problems too', async () => {
    const { status, headers } = await gateway.fetch('/api/v1/nope', { headers: { Origin: SHOP_ORIGIN } })
    expect(status).toBe(404)
    expect(headers.get('Access-Control-Allow-Origin')).toBe(SHOP_ORIGIN)
    expect(headers.get('Access-Control-Expose-Headers')).toContain('X-Request-Id')
  })
})
