import { afterEach, beforeEach, expect, it } from 'vitest'
import { StoreProtocolError, StoreUnavailable } from '../../src/ports/pool-gate.ts'
import { createRedis } from '../../src/redis/client.ts'
import { poolKeys } from '../../src/redis/keys.ts'
import { createPoolGate, type PoolCallObserver } from '../../src/redis/pool-gate.ts'
import { type TestLine, admission, admissions, openLine, overEveryEngine } from './pool-harness.ts'

overEveryEngine('the gate on Redis', (harness) => {
  let observed: Parameters<PoolCallObserver>[0][]
  let line: TestLine

  beforeEach(async () => {
    observed = []
    const { url, token } = harness.redis.front
    const redis = createRedis({ url, token })
    harness.gate = createPoolGate(redis, (call) => observed.push(call))
    line = await openLine(harness)
  })
  afterEach(() => harness.redis.front.faults.clear())

  it('INV-1: a batch whose answer was lost is granted once, when it is asked for again', async () => {
    harness.redis.front.faults.set({ dropAfterExecute: 1 })
    await expect(line.reserve('b1', admissions('A', 1, 4))).rejects.toThrow(StoreUnavailable)
    expect(await line.reserve('b1', admissions('A', 1, 4))).toMatchObject({ count: 4, free: 6 })
  })

  it('sends nothing a second time by itself', async () => {
    await line.reserve('b1', [])
    const before = harness.redis.front.stats.requests
    harness.redis.front.faults.set({ dropBefore: 1 })
    await expect(line.reserve('b2', [])).rejects.toThrow(StoreUnavailable)
    expect(harness.redis.front.stats.requests - before).toBe(1)
  })

  it('puts the calls of one turn into one request, in their order', async () => {
    await line.reserve('b1', admissions('A', 1, 10))
    await line.release([admission('A', 10)])
    const before = harness.redis.front.stats.requests
    const [, granted] = await Promise.all([
      line.release([admission('A', 1)]),
      line.reserve('b2', admissions('A', 11, 15)),
    ])
    expect(granted).toMatchObject({ count: 2 })
    expect(harness.redis.front.stats.requests - before).toBe(1)
  })

  it.each([
    ['the connection breaks', { dropBefore: 1 }],
    ['the service answers 503', { failBefore: 1 }],
    ['there is no answer in time', { delayMs: 3_000 }],
  ])(
    'INV-12: when %s it says that the store is unavailable, and nothing of keys or addresses',
    async (_title, fault) => {
      // An event of its own: the late call runs when a later test already has the engine.
      const held = await openLine(harness, { eventId: 'held' })
      harness.redis.front.faults.set(fault)
      const error: unknown = await held
        .reserve('secret-batch', [admission('A', 1)])
        .catch((caught: unknown) => caught)
      expect(error).toBeInstanceOf(StoreUnavailable)
      expect(error).toHaveProperty('message', 'reserve_leases: no answer from Redis')
      expect(error).toHaveProperty('cause')
    },
  )

  it('a foreign value under its keys is an outage, not a reply', async () => {
    await harness.redis.client.set(poolKeys('e:A')[0], 'foreign')
    await expect(line.check([])).rejects.toThrow(StoreUnavailable)
  })

  it('an argument that the script refuses is a bug that names it', async () => {
    await expect(line.reserve('b1', [], { capacity: 1.5 })).rejects.toThrow(StoreProtocolError)
    await expect(line.reserve('b1', [], { capacity: 1.5 })).rejects.toThrow(
      'reserve_leases: bad argument capacity',
    )
  })

  it('tells the observer of every call, and whether it failed', async () => {
    observed.length = 0
    await line.check([])
    await harness.gate.ping()
    harness.redis.front.faults.set({ failBefore: 1 })
    await line.check([]).catch(() => {})
    expect(observed.map(({ name, failed }) => [name, failed])).toEqual([
      ['check_tokens', false],
      ['ping', false],
      ['check_tokens', true],
    ])
    for (const { durationMs } of observed) expect(durationMs).toBeGreaterThanOrEqual(0)
  })

  it('sends its scripts again by itself after the engine has forgotten them', async () => {
    await line.reserve('b1', admissions('A', 1, 1))
    await harness.redis.client.scriptFlush()
    expect(await line.reserve('b2', admissions('A', 2, 2))).toMatchObject({ count: 1 })
  })
})
