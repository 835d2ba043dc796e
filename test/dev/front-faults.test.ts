/** The faults that tests put between the Worker and Redis do what they say, and nothing else. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { engines, startRedis, type TestRedis } from '../support/redis.ts'
import { postTo } from './rest-post.ts'

describe.each(engines())('faults over %s', (kind) => {
  let redis: TestRedis
  beforeAll(async () => {
    redis = await startRedis(kind)
  })
  afterAll(() => redis.stop())
  beforeEach(() => redis.client.flushall())
  afterEach(() => redis.front.faults.clear())

  const append = (): Promise<number> => redis.client.append('log', 'x')
  const written = (): Promise<number> => redis.client.strlen('log')

  it('a dropped answer: the command ran once, the caller sees a broken connection', async () => {
    redis.front.faults.set({ dropAfterExecute: 1 })
    await expect(append()).rejects.toThrow('fetch failed')
    expect(await written()).toBe(1)
  })

  it('a dropped answer is not spent on a failing command', async () => {
    redis.front.faults.set({ dropAfterExecute: 1 })
    const script = redis.client.createScript("return redis.call('APPEND', KEYS[1], 'x')")
    await redis.client.scriptFlush().catch(() => {})
    redis.front.faults.set({ dropAfterExecute: 1 })
    await expect(script.exec(['log'], [])).rejects.toThrow('fetch failed')
    expect(await written()).toBe(1)
  })

  it.each([{ dropBefore: 1 }, { failBefore: 1 }])('%j: the command did not run', async (fault) => {
    redis.front.faults.set(fault)
    await expect(append()).rejects.toThrow()
    expect(await written()).toBe(0)
  })

  it('an outage lasts until it is lifted', async () => {
    redis.front.faults.set({ outage: true })
    await expect(append()).rejects.toThrow('fetch failed')
    await expect(append()).rejects.toThrow('fetch failed')
    redis.front.faults.set({ outage: false })
    expect(await append()).toBe(1)
  })

  it('a delay beyond the patience of the caller is a timeout for it', async () => {
    redis.front.faults.set({ delayMs: 60 })
    const answer = fetch(redis.front.url, {
      method: 'POST',
      headers: { authorization: `Bearer ${redis.front.token}` },
      body: '["PING"]',
      signal: AbortSignal.timeout(20),
    })
    await expect(answer).rejects.toThrow(/timeout/)
  })

  it('can be set over HTTP, which answers with the counters', async () => {
    const answer = await postTo(redis.front, '/__faults', { failBefore: 2 })
    expect(await answer.json()).toEqual({
      faults: { delayMs: 0, dropAfterExecute: 0, dropBefore: 0, failBefore: 2, outage: false },
      stats: { requests: expect.any(Number), commands: expect.any(Number) },
    })
    expect(redis.front.faults.settings.failBefore).toBe(2)
    expect((await postTo(redis.front, '/__faults', { unknown: 1 })).status).toBe(400)
  })
})
