/**
 * Requests that no good client sends: headers that try to become others, hosts that are not ours, addresses that lead
 * elsewhere, and what pages of other sites make a browser send. Ids, sizes and types are in bad-input.test.ts.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectProblem } from '../support/contract.ts'
import { requestText, sendRaw, type RawAnswer } from '../support/raw-request.ts'
import {
  ADMIN_KEY,
  ORIGIN_KEY,
  startTestUsher,
  type Answer,
  type Api,
  type TestUsher,
  type Visitor,
} from '../support/usher.ts'

const SHOP = 'https://shop.example'

let usher: TestUsher
let api: Api
let host: string

beforeAll(async () => {
  usher = await startTestUsher({ CORS_ORIGINS: SHOP })
  api = usher.api
  host = new URL(usher.url).host
})

afterAll(() => usher.stop())

const raw = (start: string, lines: readonly string[] = [], body = ''): Promise<RawAnswer> =>
  sendRaw(usher.url, requestText(start, lines, body))

/** Nobody sends `X-Evil` but an attacker whose text has become a header. */
function expectNoForeignHeader({ headLines }: RawAnswer): void {
  expect(headLines.filter((line) => /^(x-evil|location|refresh)\s*:/i.test(line))).toEqual([])
}

describe.concurrent('headers', () => {
  const SPLITTING = [
    '%0d%0aX-Evil:%201',
    '%E5%98%8A%E5%98%8DX-Evil: 1',
    '\\r\\nX-Evil: 1',
    '\u560a\u560dX-Evil: 1',
  ]
  const BREAKS = [
    '\nX-Evil: 1',
    '\rX-Evil: 1',
    '\u0085X-Evil: 1',
    '\u2028X-Evil: 1',
    '\0X-Evil: 1',
    ' X-Evil: 1',
  ]

  it.each(['X-Request-Id', 'Origin', 'Idempotency-Key', 'Last-Event-ID', 'If-None-Match', 'User-Agent'])(
    'that come in %s never go out',
    async (name) => {
      for (const value of [...SPLITTING, ...BREAKS]) {
        for (const start of ['POST /api/v1/sessions', 'GET /wait.js', 'GET /api/v1/events']) {
          const answer = await raw(start, [`Host: ${host}`, `${name}: abc${value}`])
          // Some of it is no HTTP and is refused as a whole.
          expect([name, value, answer.status < 500]).toEqual([name, value, true])
          expectNoForeignHeader(answer)
          expect(answer.header('access-control-allow-origin')).toEqual([])
          for (const id of answer.header('x-request-id')) expect(id).toMatch(/^[A-Za-z0-9._-]{1,64}$/)
        }
      }
    },
  )

  it('do not come out of addresses', async () => {
    for (const part of [...SPLITTING.slice(0, 2), '%0aX-Evil:1', '%0dX-Evil:1', '%00', '%E2%80%A8X-Evil:1']) {
      const path = part.replaceAll(' ', '%20')
      for (const start of [
        `GET /api/v1/events/a${path}`,
        `GET /wait/a${path}`,
        `GET /${path}`,
        `GET /wait.js?${path}`,
      ]) {
        const answer = await raw(start, [`Host: ${host}`])
        expect([start, answer.status < 500]).toEqual([start, true])
        expectNoForeignHeader(answer)
      }
    }
  })

  it('of one origin are not those of another, nor of a list', async () => {
    for (const origins of [
      [`${SHOP}, https://evil.example`],
      [`https://evil.example, ${SHOP}`],
      [SHOP, 'https://evil.example'],
      [`${SHOP}/`],
      [`${SHOP}:443`],
      [SHOP.toUpperCase()],
      [`${SHOP}.evil.example`],
      ['https://evil.example#', SHOP],
    ]) {
      const answer = await raw('GET /api/v1/events', [
        `Host: ${host}`,
        ...origins.map((origin) => `Origin: ${origin}`),
      ])
      expect([origins, answer.header('access-control-allow-origin')]).toEqual([origins, []])
    }
  })

  it.each(['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override', '_method'])(
    'do not change the method: %s',
    async (name) => {
      const eventId = await api.event({ status: 'paused' })
      const visitor = await api.visitor()
      const path = `/api/v1/events/${eventId}/queue`
      const ask = (method: string, override: string): Promise<Answer> =>
        api.request(method, `${path}?_method=${override}`, {
          token: visitor.token,
          headers: { [name]: override },
        })
      expectProblem(await ask('GET', 'POST'), 404, 'not-in-queue')
      expect((await ask('POST', 'DELETE')).status).toBe(201)
      expect((await ask('GET', 'DELETE')).body).toMatchObject({ state: 'WAITING' })
    },
  )
})

describe.concurrent('the Host header', () => {
  const secureOn = async (lines: readonly string[]): Promise<boolean | null> => {
    const answer = await raw('POST /api/v1/sessions', lines)
    const [cookie] = answer.header('set-cookie')
    expect(answer.header('set-cookie').length).toBeLessThan(2)
    if (cookie === undefined) return null
    expect(cookie).toMatch(/^usher_visitor=[\w.-]+; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax(; Secure)?$/)
    return cookie.endsWith('; Secure')
  }

  it.each(['127.0.0.1', 'localhost', 'LOCALHOST', 'shop.localhost', '[::1]', '127.8.9.1'])(
    '%s is this machine, and the cookie works without TLS',
    async (name) => {
      expect(await secureOn([`Host: ${name}`])).toBe(false)
    },
  )

  it.each([
    'tickets.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'evillocalhost',
    'localhost.',
    '128.0.0.1',
    '10.0.0.1',
    '[::2]',
    '0.0.0.0',
  ])('%s is not this machine, and the cookie is for TLS alone', async (name) => {
    expect(await secureOn([`Host: ${name}`])).toBe(true)
    for (const claim of [
      'X-Forwarded-Host: localhost',
      'Forwarded: host=localhost;proto=http',
      'X-Host: 127.0.0.1',
    ]) {
      expect(await secureOn([`Host: ${name}`, claim])).toBe(true)
    }
  })

  it.each([
    'localhost@evil.example',
    'localhost#.evil.example',
    'localhost/.evil.example',
    'localhost?x',
    '',
  ])('%j is no host: no cookie without TLS comes of it', async (name) => {
    expect(await secureOn([`Host: ${name}`])).not.toBe(false)
  })

  it('that is missing starts no session', async () => {
    expect(await secureOn([])).toBe(null)
  })
})

describe.concurrent('addresses', () => {
  it('lead nobody away', async () => {
    const eventId = await api.event()
    for (const target of [
      '//evil.example',
      '//evil.example/%2e%2e',
      '/%2f%2fevil.example',
      '/\\evil.example',
      '/%5cevil.example',
      '/.//evil.example',
      '/wait//evil.example',
      '/index.html',
      '/index',
      '/wait',
      `/wait/${eventId}?next=https://evil.example&redirect_uri=https://evil.example`,
      '/?url=https://evil.example',
      'http://evil.example/',
      `http://evil.example/wait/${eventId}`,
    ]) {
      for (const method of ['GET', 'POST']) {
        const answer = await raw(`${method} ${target}`, [`Host: ${host}`])
        expect([method, target, answer.status >= 300 && answer.status < 400]).toEqual([method, target, false])
        expectNoForeignHeader(answer)
        expect(answer.body).not.toContain('evil.example')
      }
    }
  })

  it('reach no file but those that are for everybody', async () => {
    for (const target of [
      '/../package.json',
      '/%2e%2e/package.json',
      '/..%2fpackage.json',
      '/..%5cpackage.json',
      '/wait.js/../../package.json',
      '/%252e%252e/package.json',
      '/wait.js%00.html',
      '/package.json',
      '/wrangler.toml',
      '/.dev.vars',
      '/.git/config',
      '/src/worker.ts',
      '/worker.js',
      '/_headers',
      '/_worker.js',
      '/etc/passwd',
      '/%2fetc%2fpasswd',
      '/api/v1/events/../../../wrangler.toml',
      '/api/v1/admin/../../wait.css/../../lua/reserve_leases.lua',
    ]) {
      const answer = await raw(`GET ${target}`, [`Host: ${host}`])
      expect([target, answer.status]).toEqual([target, expect.toBeOneOf([400, 404])])
      expect(answer.body).not.toMatch(/USHER_STAGE|"dependencies"|root:|compatibility_date|redis\.call/)
    }
  })

  it('and headers of any length are refused, and the server goes on', async () => {
    for (const length of [100, 5_000, 200_000]) {
      for (const start of [
        `GET /api/v1/events/${'x'.repeat(length)}`,
        `GET /wait/${'%41'.repeat(length / 3)}`,
      ]) {
        const answer = await raw(start, [`Host: ${host}`]).catch(() => null)
        expect([400, 404, 414, 431, undefined]).toContain(answer?.status)
      }
      const headers = [`Host: ${host}`, `Authorization: Bearer ${'x'.repeat(length)}`]
      const answer = await raw('GET /metrics', headers).catch(() => null)
      expect([400, 401, 431, undefined]).toContain(answer?.status)
    }
    expect((await api.request('GET', '/healthz')).status).toBe(200)
  })
})

describe('another site’s page', () => {
  /**
   * With the visitor's cookie: Origin down, Sec-Fetch-Site across. y: as our own page. n: refused. ?: says nothing,
   * which is enough to read and to follow, and not to change. Browsers set both and let no page do so.
   */
  const SITES = [undefined, 'same-origin', 'none', 'same-site', 'cross-site']
  const MATRIX: readonly (readonly [string | undefined, string])[] = [
    [undefined, '? y y n n'],
    ['own', 'y y y n n'],
    [SHOP, 'y y y y y'],
    ['https://evil.example', 'n y n n n'],
    [`${SHOP}.evil.example`, 'n y n n n'],
    ['null', 'n y n n n'],
    ['http://127.0.0.1:1', 'n y n n n'],
    ['file://', 'n y n n n'],
  ]
  let eventId: string
  let visitor: Visitor

  /** The status; a stream is closed once it has begun. */
  async function statusOf(method: string, path: string, headers: Record<string, string>): Promise<number> {
    const abort = new AbortController()
    const response = await fetch(usher.url + path, { method, headers, signal: abort.signal })
    abort.abort()
    return response.status
  }

  beforeAll(async () => {
    eventId = await api.event({ status: 'paused' })
    visitor = await api.visitor()
  })

  it.each(MATRIX)(
    'that says its origin is %s changes something as often as its cell says',
    async (origin, cells) => {
      for (const [index, cell] of cells.split(' ').entries()) {
        const site = SITES[index]
        const headers = {
          cookie: visitor.cookie,
          ...(origin !== undefined && { origin: origin === 'own' ? usher.url : origin }),
          ...(site !== undefined && { 'sec-fetch-site': site }),
        }
        const isRefused = { changing: cell !== 'y', reading: cell === 'n' }
        const queue = `/api/v1/events/${eventId}/queue`
        await api.join(eventId, visitor)
        for (const [method, path, refused, status] of [
          ['POST', queue, isRefused.changing, 200],
          ['GET', `${queue}/stream`, isRefused.reading, 200],
          ['GET', `/api/v1/broker/events/${eventId}/tickets/waiting`, isRefused.reading, 200],
          ['POST', '/api/v1/sessions', isRefused.reading, 201],
          ['DELETE', queue, isRefused.changing, 204],
        ] as const) {
          const answer = await statusOf(method, path, headers)
          expect([origin, site, method, path, answer]).toEqual([
            origin,
            site,
            method,
            path,
            refused ? 403 : status,
          ])
        }
        const { status } = await api.place(eventId, visitor)
        expect(status).toBe(200)
        expect((await api.place(eventId, visitor)).body.state).toBe(isRefused.changing ? 'WAITING' : 'LEFT')
      }
    },
  )

  it('changes nothing of an operator’s or a shop’s either: their keys are no cookies', async () => {
    for (const key of [ADMIN_KEY, ORIGIN_KEY]) {
      const answer = await api.admin('GET', 'events')
      expect(answer.status).toBe(200)
      const headers = { cookie: `usher_visitor=${key}`, origin: usher.url, 'sec-fetch-site': 'same-origin' }
      const status = await statusOf('POST', `/api/v1/admin/events/${eventId}/close`, headers)
      expect(status).toBe(401)
    }
  })
})
