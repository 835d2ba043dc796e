/** How callers are told apart. Which of them may call what is in who-may.test.ts. */
import { SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { err, ok } from '../../../src/core/result.ts'
import type { VisitorTokens } from '../../../src/ports/tokens.ts'
import { ADMIN_KEY, ORIGIN_KEY, bearer, cookie, createGateway, problemOf } from './gateway.ts'
import { placeOf } from './views.ts'

/** Knows one visitor and one operator by their words. */
const visitorTokens: VisitorTokens = {
  createGuest: async () => null,
  async verify(token) {
    if (token === 'visitor') return ok({ userId: 'v', isOperator: false })
    if (token === 'admin-jwt') return ok({ userId: 'a', isOperator: true })
    return err(token === 'unjudged' ? 'identity-unavailable' : 'token-invalid')
  },
}
const gateway = createGateway({ deps: { visitorTokens } })

describe('credentials', () => {
  const answering = createGateway({
    line: { place: async (userId) => ok(placeOf('demo', userId)) },
    deps: { visitorTokens },
  })
  const place = (headers: Record<string, string>) => answering.fetch('/api/v1/events/demo/queue', { headers })

  it('a visitor’s cookie does what the bearer does', async () => {
    expect(await (await place(cookie('visitor'))).json()).toMatchObject({ userId: 'v' })
  })

  it('a bearer wins over the cookie, also when it is bad', async () => {
    const both = await place({ ...cookie('visitor'), ...bearer('admin-jwt') })
    expect(await both.json()).toMatchObject({ userId: 'a' })
    expect((await place({ ...cookie('visitor'), ...bearer('bad') })).status).toBe(401)
  })

  it.each(['Basic dmlzaXRvcjo=', 'Bearer', 'Bearer ', 'Bearer a b', 'visitor', 'Token visitor'])(
    'the authorization %j is a bad one',
    async (Authorization) => {
      const response = await place({ Authorization, ...cookie('visitor') })
      expect(response.status).toBe(401)
      expect(response.headers.get('WWW-Authenticate')).toBe('Bearer')
    },
  )

  it('the scheme is read in any case', async () => {
    expect((await place({ Authorization: 'bearer visitor' })).status).toBe(200)
  })

  it('keys of operator and origin are no cookies', async () => {
    for (const key of [ADMIN_KEY, ORIGIN_KEY]) expect((await place(cookie(key))).status).toBe(401)
  })

  it('a key with a letter more or less is a bad credential', async () => {
    for (const key of [`${ADMIN_KEY}x`, ADMIN_KEY.slice(0, -1), ADMIN_KEY.toUpperCase()]) {
      const response = await gateway.fetch('/api/v1/admin/events', { headers: bearer(key) })
      expect(response.status).toBe(401)
    }
  })

  it('a token that cannot be judged now is 503 with a moment to wait, never let in', async () => {
    const response = await place(bearer('unjudged'))
    expect(response.status).toBe(503)
    expect(response.headers.has('Retry-After')).toBe(true)
    expect(await problemOf(response)).toMatchObject({ code: 'identity-unavailable' })
  })

  it('no credential appears in a log', async () => {
    await gateway.fetch('/api/v1/admin/events', { headers: bearer(ADMIN_KEY) })
    await place(bearer('bad-but-secret'))
    const logs = [...gateway.logged, ...answering.logged].join()
    for (const secret of [ADMIN_KEY, 'bad-but-secret']) expect(logs).not.toContain(secret)
  })
})

describe('sessions', () => {
  it('a guest gets a name, a token that works and a cookie that scripts cannot read', async () => {
    const guests = createGateway({ line: { place: async (userId) => ok(placeOf('demo', userId)) } })
    const response = await guests.fetch('/api/v1/sessions', { method: 'POST' })
    const session = (await response.json()) as { userId: string; token: string; expiresAt: string }
    expect(response.status).toBe(201)
    expect(response.headers.get('Set-Cookie')).toBe(
      `usher_visitor=${session.token}; Path=/; Max-Age=86400; HttpOnly; SameSite=Lax`,
    )
    expect(Date.parse(session.expiresAt)).toBeGreaterThan(Date.now() + 86_000_000)
    const place = await guests.fetch('/api/v1/events/demo/queue', { headers: cookie(session.token) })
    expect(await place.json()).toMatchObject({ userId: session.userId })
  })

  it.each(['https://queue.example', 'http://queue.example', 'http://localhost.evil.example'])(
    'on %s the cookie is for TLS only',
    async (origin) => {
      const response = await createGateway().fetch(`${origin}/api/v1/sessions`, { method: 'POST' })
      expect(response.headers.get('Set-Cookie')).toMatch(/; Secure$/)
    },
  )

  it.each(['http://127.0.0.1:8787', 'http://[::1]:8787', 'http://shop.localhost'])(
    'on %s, which has no TLS, the cookie works without it',
    async (origin) => {
      const response = await createGateway().fetch(`${origin}/api/v1/sessions`, { method: 'POST' })
      expect(response.headers.get('Set-Cookie')).not.toContain('Secure')
    },
  )

  it('are refused where an identity provider is configured', async () => {
    const response = await gateway.fetch('/api/v1/sessions', { method: 'POST' })
    expect(response.status).toBe(403)
    expect(response.headers.has('Set-Cookie')).toBe(false)
  })

  it('a guest who calls himself an administrator in another key’s token is nobody', async () => {
    const forged = await new SignJWT({ role: 'ADMIN', sub: 'g_x' })
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuer('usher:guest')
      .setAudience('usher:visitor')
      .setExpirationTime('1h')
      .sign(new TextEncoder().encode('not the session secret of this one'))
    const response = await createGateway().fetch('/api/v1/admin/events', { headers: bearer(forged) })
    expect(response.status).toBe(401)
  })
})
