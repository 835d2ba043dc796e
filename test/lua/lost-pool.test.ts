import { describe, expect, it } from 'vitest'
import { poolKeys } from '../../src/redis/keys.ts'
import {
  NOW_MS,
  SHARED,
  TestLine,
  admission,
  admissions,
  dumpPool,
  lease,
  openLine,
  overEveryEngine,
  restorePool,
  type Harness,
} from './pool-harness.ts'

const ONE = admission('A', 1)
const LOST = { kind: 'lost' }

/** Every call of a line that the gate may refuse. */
const CALLS: Record<string, (line: TestLine) => Promise<unknown>> = {
  reserve_leases: (line) => line.reserve('b9', [admission('A', 9)]),
  renew_leases: (line) => line.renew([ONE], Date.UTC(2030, 0, 1)),
  release_leases: (line) => line.release([ONE]),
  redeem_token: (line) => line.redeem(ONE, 'digest'),
  check_tokens: (line) => line.check([ONE]),
}

/** Ways to lose a pool: what is done to Redis after the line has used it. */
const LOSSES: Record<string, (harness: Harness) => Promise<unknown>> = {
  'everything was flushed': ({ redis }) => redis.client.flushall(),
  'only the hash is gone': ({ redis }) => redis.client.del(poolKeys('e:A')[0]),
  'only the leases are gone': ({ redis }) => redis.client.del(poolKeys('e:A')[1]),
  "the leases are somebody else's": async ({ redis }) => {
    await redis.client.del(poolKeys('e:A')[1])
    await redis.client.zadd(poolKeys('e:A')[1], { score: 1, member: 'foreign' })
  },
  'the hash has lost its version': ({ redis }) => redis.client.hdel(poolKeys('e:A')[0], 'version:A'),
  'another line has started a new epoch': ({ gate }) => {
    const other = new TestLine(gate, 'other', 'e:A')
    return other.reassert([]).then(() => other.reassert([], { startEpoch: true }))
  },
}

overEveryEngine('a pool that was lost', (harness) => {
  for (const [name, call] of Object.entries(CALLS)) {
    it.each(Object.entries(LOSSES))(`INV-1, INV-12: ${name} does nothing when %s`, async (_title, lose) => {
      const line = await openLine(harness)
      await line.reserve('b1', [ONE])
      await lose(harness)
      const before = await dumpPool(harness, 'e:A')
      expect(await call(line)).toEqual(LOST)
      expect(await dumpPool(harness, 'e:A')).toEqual(before)
    })

    it(`INV-1: ${name} does nothing when an older copy was put back`, async () => {
      const line = await openLine(harness)
      const copy = await dumpPool(harness, 'e:A')
      await line.reserve('b1', [ONE])
      await restorePool(harness, 'e:A', copy)
      expect(await call(line)).toEqual(LOST)
      expect(await dumpPool(harness, 'e:A')).toEqual(copy)
    })

    it(`${name} does nothing for a line that has never seen the pool`, async () => {
      await openLine(harness)
      expect(await call(new TestLine(harness.gate))).toEqual(LOST)
    })
  }

  describe('is rebuilt from the ledgers', () => {
    it.each(Object.entries(LOSSES))('INV-1, INV-5: after %s', async (_title, lose) => {
      const line = await openLine(harness, { capacity: 2 })
      await line.reserve('b1', [ONE])
      await line.redeem(ONE, 'digest')
      await lose(harness)
      const ledger = [lease(ONE, { sessionDigest: 'digest' })]
      expect(await line.reassertOnce(ledger)).toMatchObject({ kind: 'again' })
      expect(await line.reassert(ledger)).toMatchObject({ kind: 'open' })
      expect(await line.redeem(ONE, 'thief')).toMatchObject({ kind: 'taken' })
      expect(await line.reserve('b2', admissions('A', 2, 9))).toMatchObject({ count: 1, free: 0 })
    })
  })

  it('INV-1: a line notices an older copy also after another line of the pool has gone on from it', async () => {
    const a = await openLine(harness, { eventId: 'A', pool: SHARED })
    const b = await openLine(harness, { eventId: 'B', pool: SHARED })
    const copy = await dumpPool(harness, SHARED)
    await b.reserve('b1', admissions('B', 1, 1))
    await restorePool(harness, SHARED, copy)
    for (let round = 1; round <= 5; round += 1) {
      expect(await a.reserve(`b${round}`, [])).toMatchObject({ kind: 'granted' })
    }
    expect(a.view.version).toBeGreaterThan(b.view.version)
    expect(await b.check([])).toEqual(LOST)
    const rebuilt = await b.reassert([lease(admission('B', 1))], { memberEventIds: ['A', 'B'] })
    expect(rebuilt).toMatchObject({ kind: 'recovering', view: { epoch: 2 } })
    expect(await a.reserve('b9', [])).toEqual(LOST)
  })

  it('a late call does not make the version of one that was lost', async () => {
    const line = await openLine(harness)
    const copy = await dumpPool(harness, 'e:A')
    const late = { ...line.change, admissionIds: [] }
    await line.reserve('b1', [ONE], { nextVersion: NOW_MS + 1_000 })
    await restorePool(harness, 'e:A', copy)
    expect(await harness.gate.release(late)).toMatchObject({ kind: 'done' })
    expect(await line.check([ONE])).toEqual(LOST)
  })

  it('INV-6: an older copy is known by its versions, also where its epoch is a later one', async () => {
    const line = await openLine(harness)
    await line.reassert([], { startEpoch: true })
    await line.reserve('b1', [ONE])
    const copy = await dumpPool(harness, 'e:A')
    await line.release([ONE])
    await harness.redis.client.flushall()
    const { view } = Object.assign(line, { view: { ...line.view, epoch: 0 } })
    await line.reassert([])
    expect(line.view).toMatchObject({
      epoch: 1,
      version: expect.toSatisfy((now: number) => now > view.version),
    })
    await restorePool(harness, 'e:A', copy)
    await line.reassert([])
    expect(await line.check([ONE])).toMatchObject({ tokens: [{ state: 'unknown' }], leases: 0 })
  })

  it('INV-6: what a line ended before the loss stays ended after it', async () => {
    const line = await openLine(harness, { capacity: 1 })
    const copy = await dumpPool(harness, 'e:A')
    await line.reserve('b1', [ONE])
    await line.release([ONE])
    await restorePool(harness, 'e:A', copy)
    await line.reassert([])
    await line.reassert([])
    expect(await line.reserve('b2', [admission('A', 2)])).toMatchObject({ count: 1, free: 0 })
  })

  it('INV-6: leases end, and sessions are redeemed, also while other lines have not spoken yet', async () => {
    const line = await openLine(harness, { pool: SHARED })
    await line.reassert([lease(ONE), lease(admission('A', 2))], {
      startEpoch: true,
      memberEventIds: ['A', 'B'],
    })
    expect(await line.redeem(ONE, 'digest')).toMatchObject({ kind: 'redeemed' })
    expect(await line.renew([ONE], Date.UTC(2030, 0, 1))).toMatchObject({ changed: 1 })
    expect(await line.release([admission('A', 2)])).toMatchObject({ changed: 1 })
    expect(await line.check([ONE])).toMatchObject({ leases: 1 })
  })
})
