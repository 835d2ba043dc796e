import { expect, it } from 'vitest'
import { poolKeys } from '../../src/redis/keys.ts'
import {
  LEASE_ENDS_MS,
  MINUTE_MS,
  admission,
  admissions,
  openLine,
  overEveryEngine,
  type Harness,
} from './pool-harness.ts'

const LATER_MS = LEASE_ENDS_MS + 10 * MINUTE_MS

overEveryEngine('renew_leases', (harness) => {
  it('moves the expiry of every lease that exists, and says how many', async () => {
    const line = await openLine(harness)
    await line.reserve('b1', admissions('A', 1, 2))
    expect(await line.renew(admissions('A', 1, 3), LATER_MS)).toMatchObject({ kind: 'done', changed: 2 })
    expect(await expiryOf(harness, admission('A', 2))).toBe(LATER_MS)
  })

  it('INV-6: never brings back a lease that has ended', async () => {
    const line = await openLine(harness)
    await line.reserve('b1', admissions('A', 1, 1))
    await line.release(admissions('A', 1, 1))
    expect(await line.renew(admissions('A', 1, 1), LATER_MS)).toMatchObject({ changed: 0 })
    expect(await line.check(admissions('A', 1, 1))).toMatchObject({
      leases: 0,
      tokens: [{ state: 'unknown' }],
    })
  })

  it('never lowers an expiry, so a late call cannot shorten a session', async () => {
    const line = await openLine(harness)
    await line.reserve('b1', admissions('A', 1, 1))
    await line.renew(admissions('A', 1, 1), LATER_MS)
    expect(await line.renew(admissions('A', 1, 1), LATER_MS - 1)).toMatchObject({ changed: 1 })
    expect(await expiryOf(harness, admission('A', 1))).toBe(LATER_MS)
  })

  it('repeated, it finds the same leases again', async () => {
    const line = await openLine(harness)
    await line.reserve('b1', admissions('A', 1, 2))
    const first = await line.renew(admissions('A', 1, 2), LATER_MS)
    expect(await line.renew(admissions('A', 1, 2), LATER_MS)).toMatchObject({ kind: 'done', changed: 2 })
    expect(first).toMatchObject({ changed: 2 })
  })

  it('renews a thousand leases in one call, and none in an empty one', async () => {
    const line = await openLine(harness, { capacity: 1_000 })
    const ids = admissions('A', 1, 1_000)
    await line.reserve('b1', ids)
    expect(await line.renew(ids, LATER_MS)).toMatchObject({ changed: 1_000 })
    expect(await expiryOf(harness, admission('A', 1_000))).toBe(LATER_MS)
    expect(await line.renew([], LATER_MS)).toMatchObject({ kind: 'done', changed: 0 })
  })
})

async function expiryOf(harness: Harness, admissionId: string): Promise<number> {
  const [, leases] = poolKeys('e:A')
  return Number(await harness.redis.client.zscore(leases, admissionId))
}
