/** Values through the REST front and the real SDK: what goes in comes out, whatever it looks like. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { engines, startRedis, type TestRedis } from '../support/redis.ts'
import { postTo } from './rest-post.ts'

describe.each(engines())('values over %s', (kind) => {
  let redis: TestRedis
  beforeAll(async () => {
    redis = await startRedis(kind)
  })
  afterAll(() => redis.stop())
  beforeEach(() => redis.client.flushall())

  it.each(['true', 'null', '0017', '9007199254740993', '{"a":1}', '', 'OK', '대기열 🎟', '\u0000\r\n', ' '])(
    'a string comes back as it was: %j',
    async (value) => {
      await redis.client.set('k', value)
      expect(await redis.client.get('k')).toBe(value)
    },
  )

  it('nil, integers, statuses and nested arrays keep their types', async () => {
    expect(await redis.client.get('absent')).toBeNull()
    expect(await redis.client.set('k', 'v')).toBe('OK')
    expect(await redis.client.ping()).toBe('PONG')
    expect(await redis.client.incrby('n', 41)).toBe(41)
    const nested = await redis.client.eval("return {1, 'OK', {'가', {ok = 'OK'}, false}}", [], [])
    expect(nested).toEqual([1, 'OK', ['가', 'OK', null]])
  })

  it('a value of a megabyte passes', async () => {
    const value = '좌석'.repeat(200_000)
    await redis.client.set('k', value)
    expect(await redis.client.get('k')).toBe(value)
  })

  it('without the encoding header strings are plain', async () => {
    await redis.client.set('k', '값')
    const answer = await postTo(redis.front, '/', ['GET', 'k'])
    expect(await answer.json()).toEqual({ result: '값' })
  })

  it('the base64 encoding leaves only a bare OK alone', async () => {
    const encoded = { 'Upstash-Encoding': 'base64' }
    expect(await (await postTo(redis.front, '/', ['SET', 'k', 'OK'], encoded)).json()).toEqual({
      result: 'OK',
    })
    expect(await (await postTo(redis.front, '/', ['GET', 'k'], encoded)).json()).toEqual({ result: 'T0s=' })
  })
})
