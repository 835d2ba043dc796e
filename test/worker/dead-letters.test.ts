import {
  createExecutionContext,
  createMessageBatch,
  getQueueResult,
  runDurableObjectAlarm,
} from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { messageOf, type WebhookMessage } from '../../src/outbound/message.ts'
import worker from '../../src/worker.ts'

const DAY_MS = 24 * 3_600_000
/** A complete configuration, and no shop. */
const CONFIGURED = {
  SESSION_SECRET: 'a session secret of the tests, long enough',
  ENTRY_TOKEN_ALG: 'HS512',
  ENTRY_TOKEN_SECRET: 'a shared secret of the tests, which has more than sixty-four bytes',
  UPSTASH_REDIS_REST_URL: 'http://127.0.0.1:1',
  UPSTASH_REDIS_REST_TOKEN: 'rest-token',
}

let objects = 0

function freshLetters() {
  objects += 1
  return env.DEAD_LETTERS.getByName(`test-${objects}`)
}

function message(subject: string): WebhookMessage {
  const payload = JSON.stringify({ type: 'order.paid', at: '2027-01-15T08:00:00.000Z', data: {} })
  return messageOf({ kind: 'office', eventId: 'demo' }, { subject, payload })
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2040, 0, 1) })
})

afterEach(() => {
  vi.useRealTimers()
})

describe('dead letters', () => {
  it('are listed from the newest on, a page at a time', async () => {
    const letters = freshLetters()
    for (const subject of ['a', 'b', 'c']) await letters.keep(message(subject), 'status 410')
    const [first, second] = await letters.list(null, 2)
    expect([first?.id, second?.id]).toEqual([message('c').id, message('b').id])
    expect(first).toMatchObject({
      eventId: 'demo',
      body: message('c').body,
      cause: 'status 410',
      replayedAt: null,
    })
    const rest = await letters.list(second?.number ?? 0, 2)
    expect(rest.map(({ id }) => id)).toEqual([message('a').id])
  })

  it('are counted as they come and go', async () => {
    const letters = freshLetters()
    expect(await letters.count()).toBe(0)
    for (const subject of ['a', 'b', 'a']) await letters.keep(message(subject), 'status 410')
    expect(await letters.count()).toBe(2)
    await letters.webhooksHeard([{ subject: message('a').id, quietMs: null }])
    expect(await letters.count()).toBe(1)
    vi.setSystemTime(Date.now() + 31 * DAY_MS)
    await runDurableObjectAlarm(letters)
    expect(await letters.count()).toBe(0)
  })

  it('of the same webhook are one, the latest', async () => {
    const letters = freshLetters()
    await letters.keep(message('a'), 'status 410')
    await letters.keep(message('b'), 'status 410')
    await letters.keep(message('a'), 'not taken in any attempt')
    expect((await letters.list(null, 9)).map(({ id, cause }) => [id, cause])).toEqual([
      [message('a').id, 'not taken in any attempt'],
      [message('b').id, 'status 410'],
    ])
  })

  it('go when they have been delivered, and not while that is being tried', async () => {
    const letters = freshLetters()
    await letters.keep(message('a'), 'status 410')
    await letters.webhooksHeard([{ subject: message('a').id, quietMs: 2_000 }])
    expect(await letters.list(null, 9)).toHaveLength(1)
    await letters.webhooksHeard([{ subject: message('a').id, quietMs: null }])
    expect(await letters.list(null, 9)).toEqual([])
  })

  it('are kept for thirty days, then gone, and the object sleeps when there are none', async () => {
    const letters = freshLetters()
    await letters.keep(message('a'), 'status 410')
    vi.setSystemTime(Date.now() + 30 * DAY_MS - 1)
    expect(await runDurableObjectAlarm(letters)).toBe(true)
    expect(await letters.list(null, 9)).toHaveLength(1)
    vi.setSystemTime(Date.now() + 1)
    expect(await runDurableObjectAlarm(letters)).toBe(true)
    expect(await letters.list(null, 9)).toEqual([])
    expect(await runDurableObjectAlarm(letters)).toBe(false)
  })

  it('that nobody has cannot be replayed', async () => {
    expect(await freshLetters().replay(message('a').id)).toEqual({
      ok: false,
      error: { reason: 'dead-letter-not-found' },
    })
  })
})

describe('a message that the queue could not get rid of', () => {
  it('is among the dead letters, and off the queue', async () => {
    const context = createExecutionContext()
    const batch = createMessageBatch('usher-webhooks-dead', [
      { id: 'm', timestamp: new Date(), attempts: 1, body: message('dead') },
    ])
    await worker.queue(batch, { ...env, ...CONFIGURED })
    const { explicitAcks } = await getQueueResult(batch, context)
    expect(explicitAcks).toEqual(['m'])
    const letters = await env.DEAD_LETTERS.getByName('dead-letters').list(null, 9)
    expect(letters).toMatchObject([{ id: message('dead').id, cause: 'not taken in any attempt' }])
  })

  it('stays in the queue of a deployment that is not configured', async () => {
    const batch = createMessageBatch('usher-webhooks-dead', [
      { id: 'm', timestamp: new Date(), attempts: 1, body: message('dead') },
    ])
    await expect(async () => worker.queue(batch, env)).rejects.toThrow('misconfigured')
  })
})
