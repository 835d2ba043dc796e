import { describe, expect, it } from 'vitest'
import { createMisconfiguredApp } from '../../../src/app.ts'
import { ok } from '../../../src/core/result.ts'
import { Overloaded } from '../../../src/ports/overloaded.ts'
import { ADMIN_KEY, ORIGIN, bearer, createGateway, problemOf } from './gateway.ts'
import { statusOf } from './views.ts'

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']

function concrete(path: string): string {
  return path.replace('{admissionId}', 'demo.AAAAAAAAAAAAAAAAAAAAAA').replaceAll(/\{\w+\}/g, 'demo')
}

describe('routing', () => {
  const gateway = createGateway({ line: { status: async () => ok(statusOf('demo')) } })
  const byPath = Map.groupBy(gateway.endpoints, (endpoint) => endpoint.path)

  it.each([...byPath.keys()])(
    '%s refuses the methods that it does not know, and names those it does',
    async (path) => {
      const known = new Set<string>((byPath.get(path) ?? []).map((endpoint) => endpoint.method))
      for (const method of METHODS.filter((candidate) => !known.has(candidate))) {
        const response = await gateway.fetch(concrete(path), { method })
        expect(response.status).toBe(405)
        expect(new Set(response.headers.get('Allow')?.split(', '))).toEqual(
          new Set([...known, ...(known.has('GET') ? ['HEAD'] : []), 'OPTIONS']),
        )
        expect(await problemOf(response)).toMatchObject({ code: 'method-not-allowed' })
      }
    },
  )

  it.each([...byPath.keys()])('%s answers OPTIONS with its methods', async (path) => {
    const response = await gateway.fetch(concrete(path), { method: 'OPTIONS' })
    expect(response.status).toBe(204)
    expect(response.headers.get('Allow')).toContain('OPTIONS')
  })

  it.each([
    '/api',
    '/api/v1',
    '/api/v1/events/demo/',
    '/api/v1/admin/events/demo/explode',
    '/api/v2/events',
    '/x',
  ])('%s is not found', async (path) => {
    const response = await gateway.fetch(path)
    expect(response.status).toBe(404)
    expect(await problemOf(response)).toMatchObject({ code: 'not-found' })
  })

  it('HEAD answers the headers of GET without its body', async () => {
    const response = await gateway.fetch('/api/v1/events/demo', { method: 'HEAD' })
    expect(response.status).toBe(200)
    expect(response.headers.get('Cache-Control')).toBe('public, max-age=1')
    expect(await response.text()).toBe('')
  })

  it.each(['-demo', '_demo', 'a b', 'a.b', '%00', '%E0%A4%A', 'ü', 'x'.repeat(65), '%2e%2e%2fadmin'])(
    'the id %j is an invalid request that names the parameter',
    async (id) => {
      const response = await gateway.fetch(`/api/v1/events/${id}`)
      expect(response.status).toBe(400)
      expect(await problemOf(response)).toMatchObject({
        code: 'invalid-request',
        errors: [{ pointer: '/eventId' }],
      })
    },
  )
})

describe('every answer', () => {
  const gateway = createGateway({ line: { status: async () => ok(statusOf('demo')) } })

  it.each(['/api/v1/events/demo', '/api/v1/events/demo/queue', '/nope', '/wait/demo', '/wait/-'])(
    '%s has a request id and the security headers',
    async (path) => {
      const { headers } = await gateway.fetch(path)
      expect(headers.get('X-Request-Id')).toMatch(/^[0-9a-f-]{36}$/)
      expect(headers.get('X-Content-Type-Options')).toBe('nosniff')
      expect(headers.get('X-Frame-Options')).toBe('DENY')
      expect(headers.get('Content-Security-Policy')).toContain("default-src 'none'")
      expect(headers.has('Cache-Control')).toBe(true)
      expect(headers.has('Access-Control-Allow-Origin')).toBe(false)
    },
  )

  it('repeats the client’s request id when it can stand in a header, in the problem too', async () => {
    const response = await gateway.fetch('/nope', { headers: { 'X-Request-Id': 'load-test.17_a' } })
    expect(response.headers.get('X-Request-Id')).toBe('load-test.17_a')
    expect(await problemOf(response)).toMatchObject({ instance: 'load-test.17_a' })
  })

  it.each(['a b', '<script>', 'x'.repeat(65), 'a,b'])('makes a new request id in place of %j', async (id) => {
    const response = await gateway.fetch('/nope', { headers: { 'X-Request-Id': id } })
    expect(response.headers.get('X-Request-Id')).toMatch(/^[0-9a-f-]{36}$/)
  })
})

describe('when an object fails', () => {
  it('an unknown failure is an internal error that says nothing of its cause', async () => {
    const gateway = createGateway({
      line: {
        status: async () => {
          throw new Error('secret detail')
        },
      },
    })
    const response = await gateway.fetch('/api/v1/events/demo')
    const body = await response.text()
    expect(response.status).toBe(500)
    expect(body).toContain('internal-error')
    expect(body).not.toContain('secret detail')
    expect(gateway.logged.join()).toContain('request_failed')
  })

  it('an overloaded object is 503 with a moment to wait', async () => {
    const gateway = createGateway({
      line: {
        status: async () => {
          throw new Overloaded('busy')
        },
      },
    })
    const response = await gateway.fetch('/api/v1/events/demo')
    expect(response.status).toBe(503)
    expect(['1', '2', '3']).toContain(response.headers.get('Retry-After'))
    expect(await problemOf(response)).toMatchObject({ code: 'overloaded' })
  })
})

describe('a deployment that is not configured', () => {
  it.each(['/', '/healthz', '/api/v1/events', '/openapi.json', '/metrics', '/wait/demo'])(
    'answers %s with 503 misconfigured',
    async (path) => {
      for (const method of ['GET', 'POST', 'OPTIONS']) {
        const response = await createMisconfiguredApp().request(new URL(path, ORIGIN).href, {
          method,
          headers: bearer(ADMIN_KEY),
        })
        expect(response.status).toBe(503)
        expect(response.headers.has('Retry-After')).toBe(true)
        expect(response.headers.has('X-Request-Id')).toBe(true)
        expect(await problemOf(response)).toMatchObject({ code: 'misconfigured' })
      }
    },
  )
})
