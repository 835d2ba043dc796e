import { expect, it } from 'vitest'
import { poolKeys } from '../../src/redis/keys.ts'
import {
  HOUR_MS,
  LEASE_ENDS_MS,
  NOW_MS,
  SHARED,
  TestLine,
  admission,
  admissions,
  lease,
  openLine,
  overEveryEngine,
} from './pool-harness.ts'

const MEMBERS = { memberEventIds: ['A', 'B'] }

overEveryEngine('reassert_leases in a pool that nobody knows yet', (harness) => {
  it('is opened by the first line, when it is the only member', async () => {
    const line = new TestLine(harness.gate)
    expect(await line.reassert([])).toEqual({ kind: 'open', view: { epoch: 1, version: NOW_MS + 1 } })
    expect(await line.reserve('b1', admissions('A', 1, 1))).toMatchObject({ count: 1 })
  })

  it('INV-1: holds until every member has spoken, and names those who have not', async () => {
    const a = new TestLine(harness.gate, 'A', SHARED)
    const b = new TestLine(harness.gate, 'B', SHARED)
    expect(await a.reassert([], MEMBERS)).toMatchObject({ kind: 'recovering', missingEventIds: ['B'] })
    expect(await a.reserve('b1', admissions('A', 1, 1))).toMatchObject({ kind: 'recovering' })
    expect(await b.reassert([], MEMBERS)).toMatchObject({ kind: 'open' })
    expect(await a.reserve('b1', admissions('A', 1, 1))).toMatchObject({ count: 1 })
  })

  it('INV-1: opens without a silent member once every lease that it could hold has expired', async () => {
    const a = new TestLine(harness.gate, 'A', SHARED)
    await a.reassert([], { ...MEMBERS, longestLeaseMs: HOUR_MS })
    const almost = { ...MEMBERS, nowMs: NOW_MS + HOUR_MS - 1 }
    expect(await a.reassert([], almost)).toMatchObject({ kind: 'recovering', missingEventIds: ['B'] })
    const due = { ...MEMBERS, nowMs: NOW_MS + HOUR_MS }
    expect(await a.reassert([], due)).toMatchObject({ kind: 'open' })
  })
})

overEveryEngine('reassert_leases: the leases of a line', (harness) => {
  it('INV-1, INV-5: are counted and keep their sessions', async () => {
    const line = new TestLine(harness.gate)
    line.capacity = 3
    await line.reassert([lease(admission('A', 1)), lease(admission('A', 2), { sessionDigest: 'digest' })])
    expect(await line.reserve('b1', admissions('A', 3, 9))).toMatchObject({ count: 1, free: 0 })
    expect(await line.check(admissions('A', 1, 2))).toMatchObject({
      tokens: [{ state: 'live' }, { state: 'redeemed', sessionDigest: 'digest' }],
    })
  })

  it('INV-6: a list that was overtaken brings nothing back, nor does it begin an epoch', async () => {
    const line = await openLine(harness)
    await line.reserve('b1', admissions('A', 1, 2))
    const old = line.view
    const list = admissions('A', 1, 2).map((admissionId) => lease(admissionId))
    await line.release(admissions('A', 1, 2))
    for (const startEpoch of [false, true]) {
      const late = Object.assign(new TestLine(harness.gate), { view: old })
      expect(await late.reassertOnce(list, { startEpoch })).toEqual({ kind: 'again', view: line.view })
    }
    expect(await line.check(admissions('A', 1, 2))).toMatchObject({ leases: 0 })
    expect(await line.reserve('b2', admissions('A', 3, 3))).toMatchObject({ kind: 'granted', count: 1 })
  })

  it('INV-5: never take back a redemption whose answer the line did not get', async () => {
    const line = await openLine(harness)
    await line.reserve('b1', admissions('A', 1, 1))
    await line.redeem(admission('A', 1), 'digest')
    await line.reassert([lease(admission('A', 1))])
    expect(await line.redeem(admission('A', 1), 'another')).toMatchObject({ kind: 'taken' })
  })

  it('INV-1: may exceed the capacity of an open pool, which then grants nothing until there is room', async () => {
    const line = await openLine(harness, { capacity: 2 })
    await line.reassert(admissions('A', 1, 3).map((id) => lease(id)))
    expect(await line.reserve('b1', admissions('A', 4, 4))).toMatchObject({ count: 0, free: 0 })
    await line.release(admissions('A', 1, 2))
    expect(await line.reserve('b2', admissions('A', 4, 9))).toMatchObject({ count: 1 })
  })

  it('have exactly the expiry that the line says', async () => {
    const line = await openLine(harness)
    const [, leases] = poolKeys('e:A')
    await line.reassert([lease(admission('A', 1))])
    await line.reassert([lease(admission('A', 1), { leaseExpiresAtMs: LEASE_ENDS_MS - 1 })])
    expect(Number(await harness.redis.client.zscore(leases, admission('A', 1)))).toBe(LEASE_ENDS_MS - 1)
  })

  it('a thousand fit into one call, and asserting them again changes nothing', async () => {
    const line = await openLine(harness, { capacity: 2_000 })
    const leases = admissions('A', 1, 1_000).map((id) => lease(id))
    await line.reassert(leases)
    await line.reassert(leases)
    expect(await line.check([])).toMatchObject({ leases: 1_000 })
  })
})

overEveryEngine('reassert_leases: a list in several parts', (harness) => {
  const first = [lease(admission('A', 1))]
  const second = [lease(admission('A', 2))]

  it('INV-1: counts as asserted with its last part only', async () => {
    const line = new TestLine(harness.gate)
    line.capacity = 3
    const part = await line.reassert(first, { final: false })
    expect(part).toMatchObject({ kind: 'recovering', missingEventIds: ['A'] })
    expect(await line.reserve('b1', admissions('A', 3, 9))).toEqual({ kind: 'lost' })
    expect(await line.reassert(second)).toMatchObject({ kind: 'open', view: { epoch: 1 } })
    expect(await line.reserve('b1', admissions('A', 3, 9))).toMatchObject({ count: 1 })
  })

  it('INV-1: is not complete because the pool had been complete before its leases were lost', async () => {
    const line = await openLine(harness)
    await harness.redis.client.del(poolKeys('e:A')[1])
    const part = await line.reassert(first, { final: false, longestLeaseMs: 0 })
    expect(part).toMatchObject({ kind: 'recovering', missingEventIds: ['A'] })
    expect(await line.reassert(second)).toMatchObject({ kind: 'open' })
  })

  it('INV-1: whose earlier parts went to an epoch that is gone is asked for again as a whole', async () => {
    const line = await openLine(harness, { capacity: 3 })
    await line.reassert(first, { final: false })
    await harness.redis.client.flushall()
    expect(await line.reassertOnce(second)).toMatchObject({ kind: 'again' })
    expect(await line.reserve('b1', admissions('A', 3, 9))).toEqual({ kind: 'lost' })
    await line.reassert(first, { final: false })
    expect(await line.reassert(second)).toMatchObject({ kind: 'open' })
    expect(await line.reserve('b1', admissions('A', 3, 9))).toMatchObject({ count: 1 })
  })
})

overEveryEngine('reassert_leases: a new epoch', (harness) => {
  it('starts once, however often the call is repeated', async () => {
    const line = await openLine(harness)
    const stale = { view: line.view, startEpoch: true }
    const began = await line.reassertOnce([lease(admission('A', 1))], stale)
    expect(began).toMatchObject({ kind: 'again', view: { epoch: 2 } })
    expect(await line.reassertOnce([lease(admission('A', 1))], stale)).toEqual(began)
    expect(await line.check([])).toMatchObject({ leases: 0 })
    expect(await line.reassertOnce([lease(admission('A', 1))])).toMatchObject({
      kind: 'open',
      view: { epoch: 2 },
    })
    expect(await line.check([])).toMatchObject({ leases: 1 })
  })

  it('drops what no ledger knows', async () => {
    const line = await openLine(harness, { capacity: 2 })
    await line.reserve('b1', admissions('A', 1, 2))
    await line.reassert([lease(admission('A', 1))], { startEpoch: true })
    expect(await line.reserve('b2', admissions('A', 3, 4))).toMatchObject({ count: 1, free: 0 })
  })

  it('goes on from the largest epoch and version that anybody has seen', async () => {
    const line = await openLine(harness)
    await line.reserve('b1', admissions('A', 1, 1))
    const before = line.view
    await harness.redis.client.flushall()
    expect(await line.reassertOnce([])).toMatchObject({
      view: { epoch: before.epoch + 1, version: before.version + 1 },
    })
  })

  it('keeps the newest configuration that the pool was told', async () => {
    const line = await openLine(harness, { capacity: 7, configVersion: 9 })
    await line.reassert([], { startEpoch: true, capacity: 1, configVersion: 8 })
    expect(await line.reserve('b1', admissions('A', 1, 9), { configVersion: 8 })).toMatchObject({
      count: 7,
    })
  })

  it('is joined, not restarted, by a line that comes with an older one', async () => {
    const a = await openLine(harness, { eventId: 'A', pool: SHARED })
    const b = await openLine(harness, { eventId: 'B', pool: SHARED })
    await a.reassert([lease(admission('A', 1))], { ...MEMBERS, startEpoch: true })
    const joined = await b.reassertOnce([lease(admission('B', 1))], MEMBERS)
    expect(joined).toMatchObject({ kind: 'again', view: { epoch: 2 } })
    const again = await b.reassert([lease(admission('B', 1))], MEMBERS)
    expect(again).toMatchObject({ kind: 'open', view: { epoch: 2 } })
    expect(await a.check([admission('A', 1)])).toMatchObject({ leases: 1, tokens: [{ state: 'live' }] })
    expect(await b.check([])).toMatchObject({ leases: 1 })
  })
})
