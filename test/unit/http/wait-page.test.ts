/** The waiting page as it leaves the server: whole without a script, strict, small, and made of one call of one object. */
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mkdtempSync, rmSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildPages } from '../../../dev/pages.ts'
import { err, ok } from '../../../src/core/result.ts'
import type { EventVisit } from '../../../src/core/views.ts'
import { Overloaded } from '../../../src/ports/overloaded.ts'
import { cookie, createGateway, type GatewayOptions } from './gateway.ts'
import { placeOf, statusOf, visitOf } from './views.ts'

const SHOP_URL = 'https://shop.example/usher/enter'
const SAME_ORIGIN = { 'Sec-Fetch-Site': 'same-origin' }
const ADMITTED = {
  ...placeOf('demo', 'ann'),
  state: 'ADMITTED',
  position: null,
  number: null,
  admissionId: 'demo.x',
  entryToken: 'the-token',
  entryTokenExpiresAt: '2999-01-01T00:00:00.000Z',
} as const

function gatewayOf(visit: Partial<EventVisit> = {}, options: GatewayOptions = {}) {
  return createGateway({
    ...options,
    env: { SHOP_URL, ...options.env },
    line: { visit: async () => ok(visitOf('demo', visit)), ...options.line },
  })
}

async function pageOf(
  gateway: ReturnType<typeof gatewayOf>,
  path = '/wait/demo',
  headers: Record<string, string> = {},
): Promise<string> {
  const response = await gateway.fetch(path, { headers })
  expect(response.headers.get('Content-Type')).toBe('text/html; charset=utf-8')
  return response.text()
}

describe('the page', () => {
  it('is one call of one object, which hears of the visitor of the cookie and of nobody else', async () => {
    const gateway = gatewayOf()
    const { userId, token } = await gateway.newVisitor()
    await pageOf(gateway, '/wait/demo', cookie(token))
    await pageOf(gateway, '/wait/demo', cookie('forged'))
    await pageOf(gateway)
    expect(gateway.calls).toEqual(
      [userId, null, null].map((who) => ({ what: 'line demo visit', args: [who] })),
    )
  })

  it('runs nothing inline and nothing from elsewhere, and posts to itself and to the shop', async () => {
    const response = await gatewayOf({ place: placeOf('demo', 'ann') }).fetch('/wait/demo')
    expect(response.headers.get('Content-Security-Policy')).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
        "form-action 'self' https://shop.example; base-uri 'none'; frame-ancestors 'none'",
    )
    expect(response.headers.get('Cache-Control')).toBe('no-store')
    const html = await response.text()
    expect(html).not.toMatch(/<script(?![^>]*\ssrc="\/)|<style|\sstyle=|\son\w+="|javascript:/)
    expect(html).not.toMatch(/(src|href)="(https?:)?\/\//)
  })

  it('escapes what operators typed', async () => {
    const name = `<img src=x onerror='a'>&"{{head}}`
    const html = await pageOf(
      gatewayOf({ status: { ...statusOf('demo'), name } }, { env: { BRAND_MESSAGE: name } }),
    )
    expect(html).not.toContain('<img')
    expect(html).toContain('<title>&lt;img src=x onerror=&#39;a&#39;&gt;&amp;&quot;{{head}}</title>')
  })

  it('speaks the language of the browser', async () => {
    const place = placeOf('demo', 'ann')
    const korean = await pageOf(gatewayOf({ place }), '/wait/demo', { 'Accept-Language': 'ko-KR,ko;q=0.9' })
    expect(korean).toContain('<html lang="ko-kr" dir="ltr">')
    expect(korean).toContain('곧 입장하십니다')
    expect(await pageOf(gatewayOf({ place }))).toContain('You are next')
  })

  it('of an event that does not exist, or of an id that cannot be one, is a page too', async () => {
    const gateway = gatewayOf({}, { line: { visit: async () => err({ reason: 'event-not-found' }) } })
    for (const [path, status] of [
      ['/wait/demo', 404],
      ['/wait/a.b', 400],
    ] as const) {
      const response = await gateway.fetch(path, { headers: { 'Accept-Language': 'ko' } })
      expect(response.status).toBe(status)
      const html = await response.text()
      expect(html).toContain('대기열을 찾을 수 없습니다')
      expect(html).not.toMatch(/<script|http-equiv/)
    }
  })

  it('of a line that does not answer says so, keeps the status, and tries again by itself', async () => {
    const visit = (): Promise<never> => Promise.reject(new Overloaded('busy'))
    const response = await gatewayOf({}, { line: { visit } }).fetch('/wait/demo?return=/seats')
    expect(response.status).toBe(503)
    expect(Number(response.headers.get('Retry-After'))).toBeGreaterThan(0)
    const html = await response.text()
    expect(html).toContain('A great many people are here')
    expect(html).toContain('<meta http-equiv="refresh" content="15;url=/wait/demo?return=%2Fseats">')
  })
})

describe('without a script', () => {
  it.each([
    [5_000, 5],
    [15_000, 15],
    [90_000, 30],
    [1_000, 5],
  ])(
    'a page whose place may be asked for in %i ms is loaded again after %i s',
    async (pollAfterMs, seconds) => {
      const html = await pageOf(gatewayOf({ place: { ...placeOf('demo', 'ann'), pollAfterMs } }))
      expect(html).toContain(
        `<noscript><meta http-equiv="refresh" content="${seconds};url=/wait/demo"></noscript>`,
      )
    },
  )

  it('the place, the people ahead and the pace are there from the server', async () => {
    const place = {
      ...placeOf('demo', 'ann'),
      position: 12,
      totalWaiting: 40,
      etaSeconds: { low: 100, high: 170 },
    }
    const html = await pageOf(gatewayOf({ place, pacePerMinute: { low: 50, high: 70 } }))
    for (const text of ['11 people ahead of you', 'about 1–3 minutes', 'about 60 people a minute', '>28<']) {
      expect(html).toContain(text)
    }
  })

  it('the admitted have the token in the form and nowhere in an address, and the page stays as it is', async () => {
    const html = await pageOf(gatewayOf({ place: ADMITTED }), '/wait/demo?return=/seats%3Frow%3D3')
    expect(html).toContain('<input type="hidden" name="token" value="the-token" autocomplete="off">')
    expect(html).toContain('<input type="hidden" name="return" value="/seats?row=3">')
    expect(html).not.toMatch(/(href|action|src)="[^"]*the-token/)
    expect(html).not.toContain('http-equiv="refresh"')
  })

  it('with SHOP_TOKEN_BY=fragment the token is in the fragment of a link', async () => {
    const gateway = gatewayOf({ place: ADMITTED }, { env: { SHOP_TOKEN_BY: 'fragment' } })
    expect(await pageOf(gateway, '/wait/demo?return=/seats')).toContain(
      `href="${SHOP_URL}#usher_token=the-token&amp;return=%2Fseats"`,
    )
  })

  it('nobody but the admitted has a token in the page', async () => {
    expect(await pageOf(gatewayOf({ place: placeOf('demo', 'ann') }))).toContain('name="token" value=""')
  })
})

describe('the way back into the shop', () => {
  it.each([
    ['/seats', '/seats'],
    ['https://shop.example/a?b=1#c', '/a?b=1#c'],
    ['https://evil.example/', null],
    ['//evil.example/', null],
    ['/.//evil.example', null],
    ['/\\evil.example', null],
    ['\\/evil.example', null],
    ['/\t/evil.example', null],
    ['javascript:alert(1)', null],
    ['blob:https://shop.example/x', null],
    ['https://shop.example@evil.example/', null],
    ['http://shop.example/', null],
    [`/${'a'.repeat(2_000)}`, null],
  ])('%s leads to %s', async (wanted, path) => {
    for (const name of ['return', 't']) {
      const html = await pageOf(gatewayOf(), `/wait/demo?${name}=${encodeURIComponent(wanted)}`)
      const given = /name="return" value="([^"]*)"/.exec(html)?.[1] ?? null
      expect(given).toBe(path)
      const action = /action="(\/wait\/demo\/join[^"]*)"/.exec(html)?.[1]
      expect(action).toBe(`/wait/demo/join${path === null ? '' : `?return=${encodeURIComponent(path)}`}`)
    }
  })
})

describe('the forms', () => {
  const joined = async () => ok({ created: true, place: placeOf('demo', 'ann') })

  it('join a stranger under a new session, and lead back', async () => {
    const gateway = gatewayOf({}, { line: { join: joined } })
    const response = await gateway.fetch('/wait/demo/join?return=/seats', {
      method: 'POST',
      headers: SAME_ORIGIN,
    })
    expect(response.status).toBe(303)
    expect(response.headers.get('Location')).toBe('/wait/demo?return=%2Fseats')
    expect(response.headers.get('Set-Cookie')).toMatch(
      /^usher_visitor=ey[^;]+; Path=\/; .*HttpOnly; SameSite=Lax/,
    )
  })

  it('join and leave for the visitor of the cookie, who keeps it', async () => {
    const admissionId = 'demo.AAAAAAAAAAAAAAAAAAAAAA'
    const leave = async () => ok({ admissionId })
    const gateway = gatewayOf({}, { line: { join: joined, leave }, office: { left: async () => {} } })
    const { userId, token } = await gateway.newVisitor()
    for (const act of ['join', 'leave']) {
      const headers = { ...cookie(token), ...SAME_ORIGIN }
      const response = await gateway.fetch(`/wait/demo/${act}`, { method: 'POST', headers })
      expect([response.status, response.headers.get('Set-Cookie')]).toEqual([303, null])
    }
    expect(gateway.calls).toEqual([
      { what: 'line demo join', args: [userId] },
      { what: 'line demo leave', args: [userId] },
      // The seats of an admission go with it.
      { what: 'office demo left', args: [admissionId] },
    ])
  })

  it('of another site are refused', async () => {
    const gateway = gatewayOf({}, { line: { join: joined } })
    const { token } = await gateway.newVisitor()
    for (const from of [
      { 'Sec-Fetch-Site': 'cross-site' },
      { Origin: 'https://evil.example' },
      { Origin: 'null' },
    ]) {
      const headers = { ...cookie(token), ...from }
      const response = await gateway.fetch('/wait/demo/leave', { method: 'POST', headers })
      expect(response.status).toBe(403)
    }
    expect(gateway.calls).toEqual([])
  })

  it('lead back as well when the event takes nobody: the page says why', async () => {
    const line = { join: async () => err({ reason: 'sold-out' } as const) }
    const response = await gatewayOf({}, { line }).fetch('/wait/demo/join', {
      method: 'POST',
      headers: SAME_ORIGIN,
    })
    expect(response.status).toBe(303)
  })

  it('start no session where guests are refused: the page asks to sign in', async () => {
    const env = { IDENTITY_JWKS_URL: 'https://id.example/jwks', IDENTITY_ISSUER: 'i', IDENTITY_AUDIENCE: 'a' }
    const gateway = gatewayOf({}, { env })
    const response = await gateway.fetch('/wait/demo/join', { method: 'POST', headers: SAME_ORIGIN })
    expect([response.status, response.headers.get('Set-Cookie')]).toEqual([303, null])
    expect(await pageOf(gateway)).toContain('Please sign in first')
  })
})

describe('a frame of the operator’s own', () => {
  const filesOf = (text: string | null) => ({
    staticFiles: {
      fetch: async () => (text === null ? new Response(null, { status: 404 }) : new Response(text)),
    },
  })
  const env = { WAIT_TEMPLATE: '/frame.html', BRAND_NAME: 'Box Office' }

  it('is filled in, once, and served under the same policy', async () => {
    const frame =
      '<html lang="{{language}}"><title>{{title}}</title>{{head}}<body class="mine">{{brand}}{{room}}'
    const html = await pageOf(gatewayOf({}, { env, deps: filesOf(frame) }))
    expect(html).toContain('<html lang="en"><title>demo</title>')
    expect(html).toContain(
      '<body class="mine"><header class="brand"><p class="sign"><span>Box Office</span></p></header><main id="room"',
    )
    expect(html).toContain('<link rel="stylesheet" href="/wait.css">')
  })

  it.each([
    ['is not there', null],
    ['has lost the room', '{{head}}'],
    ['has lost the head', '{{room}}'],
    ['has a placeholder that is none', '{{head}}{{room}}{{name}}'],
    ['is too large', `{{head}}{{room}}${' '.repeat(20_000)}`],
  ])('that %s is logged, and visitors get ours', async (_, frame) => {
    const gateway = gatewayOf({}, { env, deps: filesOf(frame) })
    expect(await pageOf(gateway)).toMatch(/^<!doctype html>/)
    await pageOf(gateway)
    expect(gateway.logged.filter((line) => line.includes('template_faulty'))).toHaveLength(1)
  })
})

describe('a brand', () => {
  it('has a style sheet of its own, whose address changes with it', async () => {
    const addressFor = async (accent: string): Promise<string> => {
      const gateway = gatewayOf({}, { env: { BRAND_ACCENT: accent } })
      const [, address = ''] = /href="(\/brand\.css\?v=[\w-]+)"/.exec(await pageOf(gateway)) ?? []
      const response = await gateway.fetch(address)
      expect(response.headers.get('Content-Type')).toBe('text/css; charset=utf-8')
      expect(response.headers.get('Cache-Control')).toContain('immutable')
      expect(await response.text()).toContain(`--accent:${accent}`)
      return address
    }
    expect(await addressFor('#8a0f3c')).not.toBe(await addressFor('#0f6d3c'))
    expect(await pageOf(gatewayOf())).not.toContain('brand.css')
  })

  it('shows its logo under its name', async () => {
    const html = await pageOf(gatewayOf({}, { env: { BRAND_NAME: 'Box "Office"', BRAND_LOGO: '/logo.svg' } }))
    expect(html).toContain('<img src="/logo.svg" alt="Box &quot;Office&quot;" height="40">')
  })
})

describe('the first load', () => {
  let outDir = ''
  beforeAll(() => {
    outDir = mkdtempSync(join(tmpdir(), 'usher-pages-'))
    buildPages(new URL('../../..', import.meta.url).pathname, outDir)
  })
  afterAll(() => rmSync(outDir, { recursive: true }))

  it.each(['en', 'ko'])('is at most 30 kB compressed in %s, all of it from here', async (language) => {
    const env = { BRAND_ACCENT: '#8a0f3c', BRAND_NAME: 'Box Office' }
    const html = await pageOf(gatewayOf({ place: ADMITTED }, { env }), '/wait/demo', {
      'Accept-Language': language,
    })
    const addresses = Array.from(
      html.matchAll(/<(?:link|script)[^>]* (?:href|src)="([^"?]*)/g),
      ([, path = '']) => path,
    )
    expect(addresses).toEqual(['/icon.svg', '/wait.css', '/brand.css', '/wait.js'])
    const files = addresses
      .filter((path) => path !== '/brand.css')
      .map((path) => readFileSync(join(outDir, path)))
    const bytes = [html, ...files].map((file) => gzipSync(file).byteLength).reduce((a, b) => a + b)
    expect(bytes).toBeGreaterThan(5_000)
    expect(bytes).toBeLessThan(30_000)
    console.log(`first load in ${language}: ${bytes} bytes compressed`)
  })
})
