import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { poolKeys } from '../../src/redis/keys.ts'
import {
  HOUR_MS,
  MINUTE_MS,
  NOW_MS,
  SHARED,
  type Harness,
  TestLine,
  admissions,
  openLine,
  overEveryEngine,
} from './pool-harness.ts'
import { fullestMinute, rateVectors, type RateStep } from './rate-model.ts'

const VECTORS = rateVectors()
const FILE = new URL('../vectors/rate.json', import.meta.url)

/** `UPDATE_VECTORS=1` writes the file anew; every implementation of the rate is checked against it. */
describe('the vectors of the admission rate', () => {
  it('are what the model says', async () => {
    if (process.env['UPDATE_VECTORS'] === '1') {
      await mkdir(new URL('.', FILE), { recursive: true })
      await writeFile(FILE, `${JSON.stringify(VECTORS, null, 2)}\n`)
    }
    expect(JSON.parse(await readFile(FILE, 'utf8'))).toEqual(VECTORS)
  })

  it('never admit more than the rate in any minute, and do admit', () => {
    for (const { ratePerMinute, steps } of VECTORS.slice(0, -1)) {
      expect(fullestMinute(steps)).toBeLessThanOrEqual(ratePerMinute)
      expect(fullestMinute(steps)).toBeGreaterThan(0)
    }
  })
})

overEveryEngine('the rate of a pool', (harness) => {
  it.each(VECTORS)(
    '$ratePerMinute per minute is kept as the vectors say',
    async ({ ratePerMinute, steps }) => {
      const line = await limitedLine(harness, ratePerMinute)
      await forgetSpending(harness)
      expect(await play(line, steps)).toEqual(steps.map((step) => step.allowed))
    },
  )

  it.each([1, 61, 600, 5_999])(
    '%i per minute is never exceeded by a line that asks all the time',
    async (ratePerMinute) => {
      const line = await limitedLine(harness, ratePerMinute)
      await forgetSpending(harness)
      const timesMs = [...Array.from({ length: 120 }, (_, i) => i * 500), 59_999, 60_000, 60_001]
      const asked = timesMs.map((ms) => ({ nowMs: NOW_MS + ms, wanted: 200, allowed: 0 }))
      const allowed = await play(line, asked)
      const steps = asked.map((step, i) => ({ ...step, allowed: allowed[i] ?? 0 }))
      expect(fullestMinute(steps)).toBeLessThanOrEqual(ratePerMinute)
      expect(fullestMinute(steps)).toBeGreaterThan(0)
    },
  )
})

overEveryEngine('the budget of a rate', (harness) => {
  it('is shared by the events of a pool', async () => {
    const a = await limitedLine(harness, 6, { pool: SHARED })
    const b = await limitedLine(harness, 6, { pool: SHARED, eventId: 'B' })
    await forgetSpending(harness, SHARED)
    expect(await a.reserve('b1', admissions('A', 1, 3))).toMatchObject({ count: 1 })
    expect(await b.reserve('b1', admissions('B', 1, 3))).toMatchObject({ count: 0 })
  })

  it('is spent only by what was granted', async () => {
    const line = await limitedLine(harness, 600, { capacity: 2 })
    await forgetSpending(harness)
    expect(await line.reserve('b1', admissions('A', 1, 10))).toMatchObject({ count: 2 })
    await line.release(admissions('A', 1, 2))
    const larger = { capacity: 100, configVersion: 2 }
    expect(await line.reserve('b2', admissions('A', 3, 20), larger)).toMatchObject({ count: 9 })
  })

  it('starts spent in a new epoch, because what was granted before is unknown', async () => {
    const line = await limitedLine(harness, 600)
    await harness.redis.client.flushall()
    await line.reassert([])
    await line.reassert([])
    const at = (ms: number) => line.reserve(`b${ms}`, admissions('A', ms, ms + 20), { nowMs: NOW_MS + ms })
    const intervalMs = MINUTE_MS / 590
    expect(await at(0)).toMatchObject({ count: 0 })
    expect(await at(Math.floor(intervalMs))).toMatchObject({ count: 0 })
    expect(await at(Math.ceil(intervalMs + 0.001))).toMatchObject({ count: 1 })
    expect(await at(Math.ceil(2 * intervalMs + 0.002))).toMatchObject({ count: 1 })
  })

  it('starts whole in a pool that nobody has used before', async () => {
    const line = await limitedLine(harness, 1)
    expect(await line.reserve('b1', admissions('A', 1, 3))).toMatchObject({ count: 1 })
  })

  it('starts spent in a new epoch that a newcomer began, as soon as one with a past has spoken', async () => {
    const memberEventIds = ['A', 'B']
    const old = await limitedLine(harness, 6, { pool: SHARED })
    await harness.redis.client.flushall()
    const newcomer = Object.assign(new TestLine(harness.gate, 'B', SHARED), {
      capacity: 10,
      admitPerMinute: 6,
    })
    expect(await newcomer.reassert([], { memberEventIds })).toMatchObject({ kind: 'recovering' })
    await old.reassert([], { memberEventIds })
    await old.reassert([], { memberEventIds })
    await newcomer.reassert([], { memberEventIds })
    await newcomer.reassert([], { memberEventIds })
    expect(await newcomer.reserve('b1', admissions('B', 1, 3))).toMatchObject({ kind: 'granted', count: 0 })
  })

  it('counts as spent where its state was lost, and begins then', async () => {
    const line = await limitedLine(harness, 6)
    const [pool] = poolKeys('e:A')
    await harness.redis.client.hdel(pool, 'tatMs')
    const later = { nowMs: NOW_MS + HOUR_MS }
    expect(await line.reserve('b1', admissions('A', 1, 3), later)).toMatchObject({ count: 0 })
    const due = { nowMs: NOW_MS + HOUR_MS + 10_000 }
    expect(await line.reserve('b2', admissions('A', 1, 3), due)).toMatchObject({ count: 1 })
  })

  it('is not spent again by a repeated batch', async () => {
    const line = await limitedLine(harness, 6)
    await forgetSpending(harness)
    await line.reserve('b1', admissions('A', 1, 2))
    await line.reserve('b1', admissions('A', 1, 2))
    const due = { nowMs: NOW_MS + 10_000 }
    expect(await line.reserve('b2', admissions('A', 2, 3), due)).toMatchObject({ count: 1 })
  })

  it('ends with the configuration that lifts it', async () => {
    const line = await limitedLine(harness, 1)
    const lifted = { admitPerMinute: null, configVersion: 2 }
    expect(await line.reserve('b1', admissions('A', 1, 9), lifted)).toMatchObject({ count: 9 })
  })
})

async function limitedLine(
  harness: Harness,
  admitPerMinute: number,
  change: Partial<TestLine> = {},
): Promise<TestLine> {
  return await openLine(harness, { capacity: 1_000_000, admitPerMinute, ...change })
}

/** As if the pool had admitted nobody for a long time. */
async function forgetSpending(harness: Harness, pool: TestLine['pool'] = 'e:A'): Promise<void> {
  await harness.redis.client.hset(poolKeys(pool)[0], { tatMs: '0' })
}

async function play(line: TestLine, steps: readonly RateStep[]): Promise<number[]> {
  const allowed: number[] = []
  for (const [i, { nowMs, wanted }] of steps.entries()) {
    const ids = admissions('A', i * 1_000 + 1, i * 1_000 + wanted)
    const reply = await line.reserve(`b${i}`, ids, { nowMs })
    allowed.push(reply.kind === 'granted' ? reply.count : -1)
  }
  return allowed
}
