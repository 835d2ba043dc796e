/** Scripts through the REST front: by digest, with and without Upstash's key locking, on engines that do not know it. */
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { engines, startRedis, type TestRedis } from '../support/redis.ts'

const FLAG = '#!lua flags=allow-key-locking'
const UNDECLARED =
  "ERR Dynamic keys are not allowed in Lua scripts when 'allow-key-locking' flag is set. Key was: k2"

describe.each(engines())('scripts over %s', (kind) => {
  let redis: TestRedis
  beforeAll(async () => {
    redis = await startRedis(kind)
  })
  afterAll(() => redis.stop())
  beforeEach(() => redis.client.flushall())

  const scripts = {
    plain: "return redis.call('SET', KEYS[1], ARGV[1])",
    flagged: `${FLAG}\nreturn redis.call('SET', KEYS[1], ARGV[1])`,
    'flagged among other flags': `#!lua flags=allow-key-locking,allow-stale\nreturn redis.call('SET', KEYS[1], ARGV[1])`,
  }

  it.each(Object.entries(scripts))(
    'a %s script runs by digest, also after the engine has lost it',
    async (_, text) => {
      const script = redis.client.createScript(text)
      expect(await script.exec(['k'], ['1'])).toBe('OK')
      await redis.client.scriptFlush()
      expect(await script.exec(['k'], ['2'])).toBe('OK')
      const before = redis.front.stats.requests
      expect(await script.exec(['k'], ['3'])).toBe('OK')
      expect(redis.front.stats.requests - before).toBe(1)
      expect(await redis.client.get('k')).toBe('3')
    },
  )

  it.each(Object.entries(scripts))(
    'SCRIPT LOAD answers the digest of the %s text itself',
    async (_, text) => {
      const digest = createHash('sha1').update(text).digest('hex')
      expect(await redis.client.scriptLoad(text)).toBe(digest)
      expect(await redis.client.scriptExists(digest)).toEqual([1])
      expect(await redis.client.evalsha(digest, ['k'], ['1'])).toBe('OK')
    },
  )

  it('an unknown digest is NOSCRIPT', async () => {
    await expect(redis.client.evalsha('0'.repeat(40), [], [])).rejects.toThrow('NOSCRIPT')
  })

  it('a flagged script that touches an undeclared key is refused before it touches it', async () => {
    const script = `${FLAG}\nredis.call('SET', 'k' .. ARGV[1], 'x') return 'done'`
    await expect(redis.client.eval(script, ['k1'], ['2'])).rejects.toThrow(UNDECLARED)
    expect(await redis.client.exists('k2')).toBe(0)
    expect(await redis.client.eval(script, ['k2'], ['2'])).toBe('done')
  })

  it('a flagged script hears of an undeclared key also through pcall and in commands with several keys', async () => {
    const script = `${FLAG}\nreturn redis.pcall('DEL', KEYS[1], 'k2').err`
    expect(await redis.client.eval(script, ['k1'], [])).toBe(UNDECLARED)
  })

  it('a flagged script keeps every other function of redis, and its line numbers', async () => {
    const script = `${FLAG}\nif ARGV[1] == 'x' then error('boom') end\nreturn {redis.sha1hex(''), redis.call('TIME')[1] ~= nil}`
    expect(await redis.client.eval(script, [], ['y'])).toEqual([createHash('sha1').digest('hex'), 1])
    await expect(redis.client.eval(script, [], ['x'])).rejects.toThrow(/:2: boom/)
  })

  it('a script without the flag may touch what it likes', async () => {
    expect(await redis.client.eval("return redis.call('SET', 'k2', 'x')", ['k1'], [])).toBe('OK')
  })
})
