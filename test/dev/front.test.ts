/** The REST front over each engine, seen through the real SDK: errors, access, transactions, a lost engine. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createClient, engines, startRedis, type TestRedis } from '../support/redis.ts'
import { postTo } from './rest-post.ts'

describe.each(engines())('front over %s', (kind) => {
  let redis: TestRedis
  beforeAll(async () => {
    redis = await startRedis(kind)
  })
  afterAll(() => redis.stop())
  beforeEach(() => redis.client.flushall())

  it.each(['/', '/pipeline', '/multi-exec', '/__faults'])(
    'nothing is done at %s without the token',
    async (path) => {
      for (const authorization of ['', 'Bearer wrong', 'Bearer', redis.front.token]) {
        const answer = await postTo(redis.front, path, [['SET', 'k', 'v']], { authorization })
        expect(answer.status).toBe(401)
        expect(await answer.json()).toEqual({ error: expect.stringMatching(/^WRONGPASS/) })
      }
      expect(await redis.client.exists('k')).toBe(0)
    },
  )

  describe('transactions', () => {
    it('all commands of a transaction run and answer in order', async () => {
      const results = await redis.client.multi().set('k', '1').incr('k').get('k').exec()
      expect(results).toEqual(['OK', 2, '2'])
    })

    it('a transaction with a broken command is discarded whole', async () => {
      const answer = await postTo(redis.front, '/multi-exec', [['SET', 'k', '1'], ['NOSUCHCOMMAND']])
      expect(answer.status).toBe(400)
      expect(await answer.json()).toEqual({ error: expect.stringMatching(/^EXECABORT/) })
      expect(await redis.client.exists('k')).toBe(0)
    })
  })

  it('an engine that is away is a 503, and the front finds it again when it is back', async () => {
    await redis.engine.kill?.()
    const answer = await postTo(redis.front, '/', ['PING'])
    expect(answer.status).toBe(503)
    await redis.engine.restart?.()
    expect(await redis.client.ping()).toBe('PONG')
  })

  it('many callers at once each get their own answer', async () => {
    const client = createClient(redis.front)
    const answers = await Promise.all(Array.from({ length: 500 }, (_, index) => client.echo(`답 ${index}`)))
    expect(answers).toEqual(Array.from({ length: 500 }, (_, index) => `답 ${index}`))
  })
})
