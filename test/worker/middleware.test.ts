/** The middleware on the runtime that most shops of a Worker's kind run on, with Hono and a service binding's fetch. */
import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { Hono } from 'hono'
import { expect, it } from 'vitest'
import { usherHono } from '../../src/middleware/hono.ts'
import type { UsherVariables } from '../../src/middleware/hono.ts'
import { FakeUsher, ORIGIN_KEY } from '../unit/middleware/fake-usher.ts'

const SHOP = 'https://shop.test'
const NAVIGATION = { Accept: 'text/html', 'Sec-Fetch-Mode': 'navigate' }

it('sends to the room, lets in, renews after the answer, and completes', async () => {
  let nowMs = Date.now()
  const fake = new FakeUsher(() => nowMs)
  const app = new Hono<{ Variables: UsherVariables }>()
  app.use(
    usherHono({
      protect: 'demo',
      usherUrl: 'https://usher.internal',
      roomUrl: 'https://wait.test',
      originKey: ORIGIN_KEY,
      secrets: ['a secret of the shop, long enough for it'],
      fetch: fake.fetch,
      nowMs: () => nowMs,
    }),
  )
  app.get('/', (c) => c.text(c.get('usher')?.userId ?? 'nobody'))
  app.post('/buy', async (c) => c.json(await c.get('usher')?.complete()))

  const cookies = new Map<string, string>()
  const ask = async (path: string, init: RequestInit = {}) => {
    const ctx = createExecutionContext()
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = { ...NAVIGATION, Cookie: cookie }
    const response = await app.fetch(new Request(SHOP + path, { ...init, headers }), {}, ctx)
    for (const set of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? []
      cookies.set(name, value)
    }
    return { response, settled: () => waitOnExecutionContext(ctx) }
  }

  const { response: sent } = await ask('/')
  expect(sent.headers.get('Location')).toBe('https://wait.test/wait/demo?return=%2F')
  const token = await fake.ticket()
  const { response: entered } = await ask('/usher/enter', {
    method: 'POST',
    body: new URLSearchParams({ token }),
  })
  expect([entered.status, entered.headers.get('Location')]).toEqual([303, '/'])

  nowMs += 400_000
  const { response: page, settled } = await ask('/')
  expect(await page.text()).toBe('ann')
  await settled()
  expect(fake.called('renew')).toBe(1)

  const { response: bought } = await ask('/buy', { method: 'POST' })
  expect(await bought.json()).toBe(true)
  expect(cookies.get('__Host-usher_in_demo')).toBe('')
  expect((await ask('/')).response.status).toBe(303)
})
