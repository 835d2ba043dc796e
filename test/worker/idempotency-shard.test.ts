import { runDurableObjectAlarm } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

const ANSWER = { status: 201, headers: [['content-type', 'application/json']], body: '{"n":1}' } as const
const HOUR_MS = 3_600_000

let shards = 0

function freshShard() {
  shards += 1
  return env.IDEMPOTENCY_SHARD.getByName(`test-${shards}`)
}

async function begin(shard: ReturnType<typeof freshShard>, hash = 'hash'): Promise<string> {
  const reply = await shard.begin('key', hash)
  if (reply.kind !== 'fresh') throw new Error(`not fresh: ${reply.kind}`)
  return reply.attempt
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2040, 0, 1) })
})

afterEach(() => {
  vi.useRealTimers()
})

describe('an idempotency key', () => {
  it('of two requests at once lets one through and tells the other that it is in progress', async () => {
    const shard = freshShard()
    const replies = await Promise.all([shard.begin('key', 'hash'), shard.begin('key', 'hash')])
    expect(replies.map(({ kind }) => kind).toSorted()).toEqual(['fresh', 'in-progress'])
  })

  it('answers what was answered first, and refuses another body', async () => {
    const shard = freshShard()
    await shard.finish('key', await begin(shard), ANSWER)
    expect(await shard.begin('key', 'hash')).toEqual({ kind: 'replay', answer: ANSWER })
    expect(await shard.begin('key', 'other')).toEqual({ kind: 'mismatch' })
  })

  it('is free again after a refusal, and after a minute without an answer', async () => {
    const shard = freshShard()
    await shard.abandon('key', await begin(shard))
    const first = await begin(shard)
    vi.setSystemTime(Date.now() + 61_000)
    const second = await begin(shard)
    await shard.finish('key', first, ANSWER)
    expect(await shard.begin('key', 'hash')).toEqual({ kind: 'in-progress' })
    await shard.finish('key', second, ANSWER)
    expect(await shard.begin('key', 'hash')).toMatchObject({ kind: 'replay' })
  })

  it('is kept for a day, then gone, and the shard sleeps when it is empty', async () => {
    const shard = freshShard()
    await shard.finish('key', await begin(shard), ANSWER)
    vi.setSystemTime(Date.now() + 23 * HOUR_MS)
    expect(await runDurableObjectAlarm(shard)).toBe(true)
    expect(await shard.begin('key', 'hash')).toMatchObject({ kind: 'replay' })
    vi.setSystemTime(Date.now() + 2 * HOUR_MS)
    expect(await runDurableObjectAlarm(shard)).toBe(true)
    expect(await runDurableObjectAlarm(shard)).toBe(false)
    expect(await shard.begin('key', 'other')).toMatchObject({ kind: 'fresh' })
  })
})
