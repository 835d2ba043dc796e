/** The operator's cookie at the gateway: how it is renewed, and how sign-ins are counted. */
import { describe, expect, it } from 'vitest'
import { ok } from '../../../src/core/result.ts'
import { ADMIN_KEY, bearer, cookie, createGateway, jsonBody, problemOf, type Gateway } from './gateway.ts'
import { detailOf } from './views.ts'

const MINUTE_MS = 60_000
const T0 = Date.now()

/** A gateway whose clock the test moves. */
function clocked(options: Parameters<typeof createGateway>[0] = {}): {
  gateway: Gateway
  at: (ms: number) => void
} {
  let nowMs = T0
  const gateway = createGateway({
    line: { detail: async () => ok(detailOf('demo')) },
    ...options,
    deps: { nowMs: () => nowMs, ...options.deps },
  })
  return { gateway, at: (ms) => void (nowMs = T0 + ms) }
}

function signIn(gateway: Gateway, body: unknown = { key: ADMIN_KEY }): Promise<Response> {
  return gateway.fetch('/api/v1/admin/session', { method: 'POST', ...jsonBody(body) })
}

function cookieOf(response: Response): string {
  return response.headers.get('Set-Cookie')?.split(';')[0] ?? ''
}

describe('the cookie of an operator', () => {
  it('is renewed by a request in the second half of its life, at most until twelve hours after the sign-in', async () => {
    const { gateway, at } = clocked()
    let held = cookieOf(await signIn(gateway))
    const ask = (path = '/api/v1/admin/events/demo') => gateway.fetch(path, { headers: { Cookie: held } })
    at(14 * MINUTE_MS)
    expect((await ask()).headers.get('Set-Cookie')).toBeNull()
    at(16 * MINUTE_MS)
    const response = await ask()
    expect(response.headers.get('Set-Cookie')).toMatch(
      /^usher_operator=.*Max-Age=(1799|1800); HttpOnly; SameSite=Strict$/,
    )
    held = cookieOf(response)
    at(45 * MINUTE_MS)
    expect((await ask()).status).toBe(200)

    for (let minute = 45; minute < 12 * 60; minute += 14) {
      at(minute * MINUTE_MS)
      held = cookieOf(await ask()) || held
    }
    at(12 * 60 * MINUTE_MS - 2_000)
    expect((await ask()).status).toBe(200)
    at(12 * 60 * MINUTE_MS)
    expect((await ask()).status).toBe(401)
  })

  it('is asked for its end, and the answer is that of the cookie that it brings', async () => {
    const { gateway, at } = clocked()
    const held = cookieOf(await signIn(gateway, { key: ADMIN_KEY, name: 'Ada' }))
    at(20 * MINUTE_MS)
    const response = await gateway.fetch('/api/v1/admin/session', { headers: { Cookie: held } })
    const renewed = await gateway.deps.operatorSessions.verify(
      cookieOf(response).split('=')[1] ?? '',
      T0 + 20 * MINUTE_MS,
    )
    expect(await response.json()).toEqual({
      operator: 'Ada',
      expiresAt: new Date(renewed?.expiresAtMs ?? 0).toISOString(),
    })
    expect(renewed?.expiresAtMs).toBeGreaterThan(T0 + 49 * MINUTE_MS)
  })

  it('is not renewed by a refusal, and has Secure where there is TLS', async () => {
    const { gateway, at } = clocked()
    const held = cookieOf(await signIn(gateway))
    at(20 * MINUTE_MS)
    const refused = await gateway.fetch('/api/v1/admin/events/demo/series?minutes=0', {
      headers: { Cookie: held },
    })
    expect([refused.status, refused.headers.get('Set-Cookie')]).toEqual([400, null])
    const secure = await gateway.fetch('https://tickets.example/api/v1/admin/session', {
      method: 'POST',
      ...jsonBody({ key: ADMIN_KEY }),
    })
    expect(secure.headers.get('Set-Cookie')).toMatch(/; Secure$/)
  })

  it('opens nothing of a visitor or a shop', async () => {
    const { gateway } = clocked()
    const held = cookieOf(await signIn(gateway))
    const visitor = await gateway.newVisitor()
    const asOperator = await gateway.fetch('/api/v1/events/demo/queue', { headers: { Cookie: held } })
    expect(asOperator.status).toBe(401)
    // Beside the visitor's own it changes nothing.
    const line = { place: async () => ok(null as never) }
    const both = clocked({ line, deps: { operatorSessions: gateway.deps.operatorSessions } }).gateway
    const { Cookie = '' } = cookie(visitor.token)
    const asVisitor = await both.fetch('/api/v1/events/demo/queue', {
      headers: { Cookie: `${Cookie}; ${held}` },
    })
    expect(asVisitor.status).toBe(200)
  })
})

describe('signing in', () => {
  it('counts against the rate limit of sessions, right or wrong', async () => {
    const keys: string[] = []
    const limiters = {
      join: { limit: async () => ({ success: true }) },
      session: {
        limit: async ({ key }: { key: string }) => {
          keys.push(key)
          return { success: keys.length < 3 }
        },
      },
    }
    const { gateway } = clocked({ env: { RATE_LIMITS: 'on' }, deps: { limiters } })
    const statuses = []
    for (const key of ['wrong', ADMIN_KEY, ADMIN_KEY]) statuses.push((await signIn(gateway, { key })).status)
    expect(statuses).toEqual([401, 201, 429])
    expect(new Set(keys)).toEqual(new Set(['address:unknown']))
  })

  it('with a wrong key stays refused when the log is away; with the right one it is 503, and nobody is in', async () => {
    const audit = {
      write: async (): Promise<never> => {
        throw new Error('away')
      },
    }
    const { gateway } = clocked({ audit })
    expect((await signIn(gateway, { key: 'wrong' })).status).toBe(401)
    const right = await signIn(gateway)
    expect(await problemOf(right)).toMatchObject({ status: 503, code: 'store-unavailable' })
    expect([right.headers.get('Retry-After'), right.headers.get('Set-Cookie')]).toEqual(['2', null])
    expect(gateway.logged.join()).not.toContain(ADMIN_KEY)
  })

  it('by guessing many at once neither waits for the log nor fills it', async () => {
    let writing = 0
    let most = 0
    const released = Promise.withResolvers<void>()
    const audit = {
      write: async () => {
        writing += 1
        most = Math.max(most, writing)
        await released.promise
        writing -= 1
        return '1'
      },
    }
    const { gateway } = clocked({ audit })
    const guesses = Array.from({ length: 50 }, (_, n) => signIn(gateway, { key: `guess ${n}` }))
    // All but those whose entry is being written have their answer.
    const answered = await Promise.all(guesses.slice(4))
    expect(answered.every(({ status }) => status === 401)).toBe(true)
    released.resolve()
    await Promise.all(guesses)
    expect(most).toBe(4)
    expect(gateway.logged.filter((line) => line.includes('sign_in_refused'))).toHaveLength(46)
    expect((await gateway.fetch('/api/v1/admin/events/demo', { headers: bearer(ADMIN_KEY) })).status).toBe(
      200,
    )
  })
})
