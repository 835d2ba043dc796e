import { expect, it } from 'vitest'
import { poolKeys } from '../../src/redis/keys.ts'
import { admission, admissions, openLine, overEveryEngine } from './pool-harness.ts'

overEveryEngine('release_leases', (harness) => {
  it('INV-6, D3: released twice, a lease gives its slot back once', async () => {
    const line = await openLine(harness, { capacity: 10 })
    await line.reserve('b1', admissions('A', 1, 10))
    expect(await line.release(admissions('A', 1, 10))).toMatchObject({ kind: 'done', changed: 10 })
    expect(await line.release(admissions('A', 1, 10))).toMatchObject({ kind: 'done', changed: 0 })
    expect(await line.reserve('b2', admissions('A', 11, 40))).toMatchObject({ count: 10, free: 0 })
  })

  it('INV-6: one released beside nine that live gives back one slot', async () => {
    const line = await openLine(harness, { capacity: 10 })
    await line.reserve('b1', admissions('A', 1, 10))
    await line.release([admission('A', 4)])
    await line.release([admission('A', 4)])
    expect(await line.reserve('b2', admissions('A', 11, 20))).toMatchObject({ count: 1 })
  })

  it('D3: an admission of another event adds no slot to this one', async () => {
    const a = await openLine(harness, { eventId: 'A', capacity: 1 })
    const b = await openLine(harness, { eventId: 'B', capacity: 1 })
    await a.reserve('b1', admissions('A', 1, 1))
    await b.reserve('b1', admissions('B', 1, 1))
    expect(await b.release(admissions('A', 1, 1))).toMatchObject({ changed: 0 })
    expect(await b.reserve('b2', admissions('B', 2, 3))).toMatchObject({ count: 0 })
  })

  it('INV-5: a released token is forgotten and cannot be redeemed', async () => {
    const line = await openLine(harness)
    await line.reserve('b1', admissions('A', 1, 1))
    await line.redeem(admission('A', 1), 'digest')
    await line.release(admissions('A', 1, 1))
    expect(await line.redeem(admission('A', 1), 'digest')).toMatchObject({ kind: 'unknown' })
    const [, , tokens] = poolKeys('e:A')
    expect(await harness.redis.client.exists(tokens)).toBe(0)
  })

  it('ends a thousand leases in one call, and none in an empty one', async () => {
    const line = await openLine(harness, { capacity: 1_000 })
    await line.reserve('b1', admissions('A', 1, 1_000))
    expect(await line.release([])).toMatchObject({ kind: 'done', changed: 0 })
    expect(await line.release(admissions('A', 1, 1_000))).toMatchObject({ changed: 1_000 })
    expect(await line.check([])).toMatchObject({ leases: 0 })
  })
})
