import { expect, it } from 'vitest'
import { poolKeys } from '../../src/redis/keys.ts'
import { admission, admissions, dumpPool, openLine, overEveryEngine } from './pool-harness.ts'

overEveryEngine('check_tokens', (harness) => {
  it('says of each admission, in the order asked, whether it is live, redeemed or unknown', async () => {
    const line = await openLine(harness)
    await line.reserve('b1', admissions('A', 1, 2))
    await line.redeem(admission('A', 2), 'digest:with:colons')
    expect(await line.check([admission('A', 3), admission('A', 2), admission('A', 1)])).toEqual({
      kind: 'checked',
      tokens: [
        { state: 'unknown' },
        { state: 'redeemed', sessionDigest: 'digest:with:colons' },
        { state: 'live' },
      ],
      leases: 2,
      view: line.view,
    })
  })

  it('changes nothing, not even the version', async () => {
    const line = await openLine(harness)
    await line.reserve('b1', admissions('A', 1, 2))
    const before = await dumpPool(harness, 'e:A')
    const { view } = line
    expect(await line.check(admissions('A', 1, 3))).toMatchObject({ view })
    expect(await dumpPool(harness, 'e:A')).toEqual(before)
  })

  it('counts the leases of the event when asked about nobody, and none of the others in the pool', async () => {
    const line = await openLine(harness)
    await line.reserve('b1', admissions('A', 1, 4))
    expect(await line.check([])).toMatchObject({ kind: 'checked', tokens: [], leases: 4 })
  })

  it('answers about a thousand in one call', async () => {
    const line = await openLine(harness, { capacity: 1_000 })
    const ids = admissions('A', 1, 1_000)
    await line.reserve('b1', ids)
    const reply = await line.check(ids.toReversed())
    expect(reply).toHaveProperty(
      'tokens',
      ids.map(() => ({ state: 'live' })),
    )
  })

  it('INV-5: a lease whose token alone was lost shows as lost, not as live', async () => {
    const line = await openLine(harness)
    const [, , tokens] = poolKeys('e:A')
    await line.reserve('b1', admissions('A', 1, 2))
    await harness.redis.client.hdel(tokens, admission('A', 2))
    expect(await line.check(admissions('A', 1, 2))).toEqual({ kind: 'lost' })
    expect(await line.check(admissions('A', 1, 1))).toMatchObject({ kind: 'checked' })
  })
})
