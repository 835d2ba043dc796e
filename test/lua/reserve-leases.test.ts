import { expect, it } from 'vitest'
import { ORPHAN_LEASE_MS } from '../../src/core/limits.ts'
import { poolKeys } from '../../src/redis/keys.ts'
import {
  HOUR_MS,
  LEASE_ENDS_MS,
  NOW_MS,
  admission,
  admissions,
  dumpPool,
  openLine,
  overEveryEngine,
  type Harness,
} from './pool-harness.ts'

overEveryEngine('reserve_leases within the capacity', (harness) => {
  it('INV-1, INV-2: grants the first of the batch, as many as there is room for', async () => {
    const line = await openLine(harness, { capacity: 3 })
    const reply = await line.reserve('b1', admissions('A', 1, 5))
    expect(reply).toMatchObject({ kind: 'granted', count: 3, free: 0 })
    expect(await leasesOf(harness)).toEqual(admissions('A', 1, 3))
  })

  it('INV-1: grants nothing when the pool is full, and says so', async () => {
    const line = await openLine(harness, { capacity: 1 })
    await line.reserve('b1', admissions('A', 1, 1))
    expect(await line.reserve('b2', admissions('A', 2, 2))).toMatchObject({ count: 0, free: 0 })
  })

  it('grants nothing to an empty batch and to a pool without capacity', async () => {
    const line = await openLine(harness, { capacity: 0 })
    expect(await line.reserve('b1', [])).toMatchObject({ kind: 'granted', count: 0, free: 0 })
    expect(await line.reserve('b2', admissions('A', 1, 3))).toMatchObject({ count: 0, free: 0 })
  })

  it('grants a thousand at once, each with a lease and an unredeemed token', async () => {
    const line = await openLine(harness, { capacity: 1_000 })
    const ids = admissions('A', 1, 1_000)
    expect(await line.reserve('b1', ids)).toMatchObject({ count: 1_000, free: 0 })
    const checked = await line.check(ids)
    expect(checked).toMatchObject({ kind: 'checked', leases: 1_000 })
    expect(checked).toHaveProperty(
      'tokens',
      ids.map(() => ({ state: 'live' })),
    )
  })

  it('D1: a lease that nobody redeemed ends when its line says so, and its slot is whole again', async () => {
    const line = await openLine(harness, { capacity: 1 })
    for (let round = 1; round <= 5; round += 1) {
      expect(await line.reserve(`b${round}`, [admission('A', round)])).toMatchObject({ count: 1 })
      await line.release([admission('A', round)])
    }
    expect(await line.check([])).toMatchObject({ leases: 0 })
  })

  it('a lease past its expiry counts until its line ends it, because clocks jump', async () => {
    const line = await openLine(harness, { capacity: 1 })
    await line.reserve('b1', [admission('A', 1)])
    const later = { nowMs: LEASE_ENDS_MS + ORPHAN_LEASE_MS - 1 }
    expect(await line.reserve('b2', [admission('A', 2)], later)).toMatchObject({ count: 0 })
  })

  it('D1: a lease whose line no longer exists is dropped with its token, so capacity is never lost for good', async () => {
    const line = await openLine(harness, { capacity: 1 })
    await line.reserve('b1', [admission('A', 1)])
    const later = { nowMs: LEASE_ENDS_MS + ORPHAN_LEASE_MS }
    expect(await line.reserve('b2', [admission('A', 2)], later)).toMatchObject({ count: 1, free: 0 })
    const [, , tokens] = poolKeys('e:A')
    expect(await harness.redis.client.hkeys(tokens)).toEqual([admission('A', 2)])
  })
})

overEveryEngine('reserve_leases called again', (harness) => {
  it('INV-1: the same batch gets the same grant again and changes nothing', async () => {
    const line = await openLine(harness, { capacity: 2 })
    const call = line.reserveCall('b1', admissions('A', 1, 3))
    const first = await harness.gate.reserve(call)
    const before = await dumpPool(harness, 'e:A')
    expect(await harness.gate.reserve(call)).toEqual(first)
    expect(await dumpPool(harness, 'e:A')).toEqual(before)
  })

  it('a batch that was granted nothing is granted nothing when repeated, also after room was made', async () => {
    const line = await openLine(harness, { capacity: 1 })
    await line.reserve('b1', admissions('A', 1, 1))
    await line.reserve('b2', admissions('A', 2, 2))
    await line.release(admissions('A', 1, 1))
    expect(await line.reserve('b2', admissions('A', 2, 2))).toMatchObject({ count: 0, free: 1 })
  })

  it('INV-6: a call that a later batch has overtaken cannot bring back leases that have ended', async () => {
    const line = await openLine(harness)
    const late = line.reserveCall('b1', admissions('A', 1, 2))
    await line.reserve('b1', admissions('A', 1, 2))
    await line.redeem(admission('A', 2), 'digest')
    await line.release(admissions('A', 1, 1))
    await line.reserve('b2', admissions('A', 3, 3))
    expect(await harness.gate.reserve(late)).toEqual({ kind: 'lost' })
    expect(await line.check(admissions('A', 1, 2))).toMatchObject({
      tokens: [{ state: 'unknown' }, { state: 'redeemed', sessionDigest: 'digest' }],
      leases: 2,
    })
  })

  it('INV-6: nor can a turn of calls that a later batch has overtaken, whatever its own calls have made of the version', async () => {
    const line = await openLine(harness)
    const { view } = line
    const leads = { ...line.change, nextVersion: NOW_MS + HOUR_MS, admissionIds: [] }
    const late = line.reserveCall('b1', admissions('A', 1, 2), {
      view: { ...view, version: leads.nextVersion },
      nextVersion: leads.nextVersion + 1,
    })
    await line.reserve('b1', admissions('A', 1, 2))
    await line.release(admissions('A', 1, 2))
    await line.reserve('b2', admissions('A', 3, 3))
    await harness.gate.release(leads)
    expect(await harness.gate.reserve(late)).toEqual({ kind: 'lost' })
    expect(await harness.gate.check({ ...line.call, admissionIds: [] })).toMatchObject({ leases: 1 })
  })
})

overEveryEngine('reserve_leases and the configuration', (harness) => {
  it('D5: capacity is configuration: two lines that both bring 100 do not make 200', async () => {
    const pool = 'p:hall' as const
    const a = await openLine(harness, { eventId: 'A', pool, capacity: 100 })
    const b = await openLine(harness, { eventId: 'B', pool, capacity: 100 })
    expect(await a.reserve('b1', admissions('A', 1, 80))).toMatchObject({ count: 80, free: 20 })
    expect(await b.reserve('b1', admissions('B', 1, 80))).toMatchObject({ count: 20, free: 0 })
  })

  it('a newer configuration replaces the stored one, an older one never does', async () => {
    const line = await openLine(harness, { capacity: 1, configVersion: 5 })
    expect(await line.reserve('b1', admissions('A', 1, 2))).toMatchObject({ count: 1, free: 0 })
    const newer = { capacity: 3, configVersion: 6 }
    expect(await line.reserve('b2', admissions('A', 2, 2), newer)).toMatchObject({ count: 1, free: 1 })
    const older = { capacity: 50, configVersion: 5 }
    expect(await line.reserve('b3', admissions('A', 3, 9), older)).toMatchObject({ count: 1, free: 0 })
  })

  it('INV-1: a capacity below the leases that live grants nothing and takes nothing away', async () => {
    const line = await openLine(harness, { capacity: 5 })
    await line.reserve('b1', admissions('A', 1, 5))
    const smaller = { capacity: 2, configVersion: 2 }
    expect(await line.reserve('b2', admissions('A', 6, 6), smaller)).toMatchObject({ count: 0, free: 0 })
    await line.release(admissions('A', 1, 4))
    expect(await line.reserve('b3', admissions('A', 6, 9), smaller)).toMatchObject({ count: 1, free: 0 })
  })

  it('a repeated batch that brings a newer configuration keeps its grant', async () => {
    const line = await openLine(harness, { capacity: 1 })
    await line.reserve('b1', admissions('A', 1, 2))
    const newer = { capacity: 7, configVersion: 2 }
    expect(await line.reserve('b1', admissions('A', 1, 2), newer)).toMatchObject({ count: 1, free: 6 })
  })
})

overEveryEngine('reserve_leases in a pool that is being rebuilt', (harness) => {
  it('while the pool is being rebuilt nothing is granted, but a newer configuration is kept', async () => {
    const line = await openLine(harness, { pool: 'p:hall', capacity: 4 })
    const members = { memberEventIds: ['A', 'B'], startEpoch: true }
    expect(await line.reassert([], members)).toMatchObject({ kind: 'recovering' })
    const newer = { capacity: 9, configVersion: 2 }
    expect(await line.reserve('b1', admissions('A', 1, 2), newer)).toMatchObject({ kind: 'recovering' })
    await line.reassert([], { nowMs: NOW_MS + 3_600_000, memberEventIds: ['A', 'B'] })
    expect(await line.reserve('b2', admissions('A', 1, 2))).toMatchObject({ count: 2, free: 7 })
  })
})

async function leasesOf(harness: Harness): Promise<string[]> {
  const [, leases] = poolKeys('e:A')
  return (await harness.redis.client.zrange<string[]>(leases, 0, -1)).filter(
    (member) => !member.startsWith('epoch:'),
  )
}
