/** Errors of Redis and of callers through the REST front, as Upstash words them. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { engines, startRedis, type TestRedis } from '../support/redis.ts'
import { postTo } from './rest-post.ts'

describe.each(engines())('errors over %s', (kind) => {
  let redis: TestRedis
  beforeAll(async () => {
    redis = await startRedis(kind)
  })
  afterAll(() => redis.stop())
  beforeEach(() => redis.client.flushall())

  it('an error of Redis is a 400 with its text', async () => {
    await redis.client.set('k', 'text')
    const answer = await postTo(redis.front, '/', ['INCR', 'k'])
    expect(answer.status).toBe(400)
    expect(await answer.json()).toEqual({ error: 'ERR value is not an integer or out of range' })
  })

  it('an error in a pipeline belongs to its command alone', async () => {
    const answer = await postTo(redis.front, '/pipeline', [
      ['SET', 'k', 'x'],
      ['INCR', 'k'],
      ['GET', 'k'],
    ])
    expect(answer.status).toBe(200)
    expect(await answer.json()).toEqual([
      { result: 'OK' },
      { error: 'ERR value is not an integer or out of range' },
      { result: 'x' },
    ])
  })

  it('a script error carries its own code', async () => {
    await expect(redis.client.eval("return redis.error_reply('STALE epoch')", [], [])).rejects.toThrow(
      'STALE epoch',
    )
  })

  it.each([['not json'], ['{}'], [[]], [{ a: 1 }]])(
    'a body that is no command is a 400: %j',
    async (body) => {
      const answer = await postTo(redis.front, '/', body)
      expect(answer.status).toBe(400)
      expect(await answer.json()).toHaveProperty('error')
    },
  )

  it('a command that would disturb the shared connection is refused and the connection lives on', async () => {
    const answer = await postTo(redis.front, '/pipeline', [
      ['SUBSCRIBE', 'c'],
      ['BLPOP', 'l', '0'],
      ['ECHO', 'x'],
    ])
    expect(await answer.json()).toEqual([
      { error: "ERR Command is not available: 'SUBSCRIBE'" },
      { error: "ERR Command is not available: 'BLPOP'" },
      { result: 'x' },
    ])
  })

  it('other methods, paths and oversized bodies are refused', async () => {
    const authorization = `Bearer ${redis.front.token}`
    expect((await fetch(redis.front.url, { headers: { authorization } })).status).toBe(405)
    expect((await postTo(redis.front, '/get/k', ['GET', 'k'])).status).toBe(404)
    expect((await postTo(redis.front, '/', ['SET', 'k', 'x'.repeat(10 * 1024 * 1024)])).status).toBe(413)
  })
})
