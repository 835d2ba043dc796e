import { expect, it } from 'vitest'
import { poolKeys } from '../../src/redis/keys.ts'
import {
  LEASE_ENDS_MS,
  MINUTE_MS,
  admission,
  dumpPool,
  lease,
  openLine,
  overEveryEngine,
} from './pool-harness.ts'

const ONE = admission('A', 1)
const SESSION_ENDS_MS = LEASE_ENDS_MS + 10 * MINUTE_MS

overEveryEngine('redeem_token', (harness) => {
  it('INV-5: the first session takes the token, another is refused and changes nothing', async () => {
    const line = await openLine(harness)
    await line.reserve('b1', [ONE])
    expect(await line.redeem(ONE, 'first', SESSION_ENDS_MS)).toMatchObject({ kind: 'redeemed' })
    const before = await dumpPool(harness, 'e:A')
    expect(await line.redeem(ONE, 'second', SESSION_ENDS_MS)).toMatchObject({ kind: 'taken' })
    expect(await dumpPool(harness, 'e:A')).toEqual(before)
  })

  it('INV-5: the same session is told the same again, whatever happened to the answer', async () => {
    const line = await openLine(harness)
    await line.reserve('b1', [ONE])
    await line.redeem(ONE, 'first', SESSION_ENDS_MS)
    expect(await line.redeem(ONE, 'first', SESSION_ENDS_MS)).toMatchObject({ kind: 'redeemed' })
    expect(await line.check([ONE])).toMatchObject({ tokens: [{ state: 'redeemed', sessionDigest: 'first' }] })
  })

  it('INV-5: of two sessions at the same moment exactly one gets in', async () => {
    const line = await openLine(harness)
    await line.reserve('b1', [ONE])
    const replies = await Promise.all(['first', 'second'].map((session) => line.redeem(ONE, session)))
    expect(replies.map((reply) => reply.kind)).toEqual(['redeemed', 'taken'])
  })

  it('moves the lease to the end of the session, and never nearer', async () => {
    const line = await openLine(harness)
    const [, leases] = poolKeys('e:A')
    await line.reserve('b1', [ONE])
    await line.redeem(ONE, 'first', SESSION_ENDS_MS)
    await line.redeem(ONE, 'first', LEASE_ENDS_MS)
    expect(Number(await harness.redis.client.zscore(leases, ONE))).toBe(SESSION_ENDS_MS)
  })

  it('an admission without a lease is unknown, and stays so', async () => {
    const line = await openLine(harness)
    expect(await line.redeem(ONE, 'first')).toMatchObject({ kind: 'unknown', view: line.view })
    expect(await line.check([ONE])).toMatchObject({ leases: 0, tokens: [{ state: 'unknown' }] })
  })

  it('INV-5: a lease whose token alone was lost is not redeemed a second time', async () => {
    const line = await openLine(harness)
    const [, , tokens] = poolKeys('e:A')
    await line.reserve('b1', [ONE])
    await line.redeem(ONE, 'first')
    await harness.redis.client.del(tokens)
    expect(await line.redeem(ONE, 'second')).toEqual({ kind: 'lost' })
    await line.reassert([lease(ONE, { sessionDigest: 'first' })])
    expect(await line.redeem(ONE, 'second')).toMatchObject({ kind: 'taken' })
  })
})
