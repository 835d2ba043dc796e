import { beforeEach, expect, it } from 'vitest'
import type { ClaimRecord } from '../../../src/drops/core/records.ts'
import type { DropGate } from '../../../src/drops/redis/drop-gate.ts'
import { overEveryEngine } from '../pool-harness.ts'
import { KEYS, PARKED_MS, RESEND_MS, claimOne, codes, dumpDrop, fill, gateOf } from './drop-harness.ts'

overEveryEngine('the outbox of a drop', (harness) => {
  let gate: DropGate
  const seen = { generation: 1, claimed: 0 }

  async function take(resendMs = RESEND_MS, limit = 1_000): Promise<readonly ClaimRecord[]> {
    const outbox = await gate.takeOutbox(seen, resendMs, limit)
    if (outbox.kind !== 'outbox') throw new Error(outbox.kind)
    return outbox.due
  }

  beforeEach(async () => {
    gate = gateOf(harness)
    await fill(gate, 1, { codes: codes(1, 5) })
    await claimOne(gate, 'ann')
    await claimOne(gate, 'bob')
  })

  it('gives a claim to one of two who take at once, and again when nothing was heard of it', async () => {
    const [first, second] = await Promise.all([take(500), take(500)])
    expect([...first, ...second].map(({ userId }) => userId).toSorted()).toEqual(['ann', 'bob'])
    await expect.poll(async () => (await take()).map(({ userId }) => userId)).toContain('ann')
    expect(await take()).toEqual([])
  })

  it('INV-11: keeps a claim until its record is confirmed, once and for all', async () => {
    const [ann] = await take(1, 1)
    const claims = ann === undefined ? [] : [ann]
    expect(await gate.confirm(1, claims)).toMatchObject({ kind: 'done', diverging: 0 })
    const once = await dumpDrop(harness)
    expect(await gate.confirm(1, claims)).toMatchObject({ kind: 'done', diverging: 0 })
    expect(await dumpDrop(harness)).toEqual(once)
    expect(await gate.takeOutbox(seen, 1, 10)).toMatchObject({ pending: 1, due: [{ userId: 'bob' }] })
  })

  it('says how many records do not fit what is stored, and confirms none of those', async () => {
    const strangers = [
      { userId: 'ann', code: 'CODE-4', claimedAtMs: 0 },
      { userId: 'zoe', code: 'CODE-5', claimedAtMs: 0 },
    ]
    expect(await gate.confirm(1, strangers)).toMatchObject({ kind: 'done', diverging: 2 })
    expect(await gate.takeOutbox(seen, RESEND_MS, 10)).toMatchObject({ pending: 2 })
  })

  it('parks a claim until it is made due again, and counts it as pending meanwhile', async () => {
    await take(1)
    await gate.postpone(1, PARKED_MS, ['ann'])
    await expect.poll(async () => (await take(1)).map(({ userId }) => userId)).toEqual(['bob'])
    expect(await gate.takeOutbox(seen, RESEND_MS, 0)).toMatchObject({ pending: 2, parked: 1 })
    await gate.postpone(1, 0, ['ann'])
    expect((await take()).map(({ userId }) => userId)).toContain('ann')
  })

  it('takes nobody in who is not owed a record', async () => {
    await gate.postpone(1, 0, ['zoe'])
    expect(await gate.takeOutbox(seen, RESEND_MS, 0)).toMatchObject({ pending: 2 })
  })

  it.each(['codes', 'outbox', 'drop'] as const)('is lost when the key of the %s is', async (key) => {
    await harness.redis.client.del(KEYS.now[key])
    expect(await gate.takeOutbox(seen, RESEND_MS, 10)).toEqual({ kind: 'lost' })
  })

  it('is lost when a key of an older filling has come back, or one code too many', async () => {
    await harness.redis.client.zrem(KEYS.now.outbox, 'generation:1')
    expect(await gate.takeOutbox(seen, RESEND_MS, 10)).toEqual({ kind: 'lost' })
    await fill(gate, 2, { codes: codes(1, 5) })
    await harness.redis.client.rpush(KEYS.now.codes, 'FOREIGN')
    expect(await gate.takeOutbox({ generation: 2, claimed: 0 }, RESEND_MS, 10)).toEqual({ kind: 'lost' })
  })

  it('answers nobody of an older generation', async () => {
    await fill(gate, 2, { codes: codes(1, 5) })
    const before = await dumpDrop(harness)
    const change = {
      epoch: 9,
      configVersion: 9,
      opensAtMs: null,
      closesAtMs: null,
      stockBefore: 5,
      codes: ['X'],
    }
    const late = [
      gate.takeOutbox(seen, RESEND_MS, 10),
      gate.confirm(1, []),
      gate.postpone(1, 0, ['ann']),
      gate.change({ generation: 1, ...change }),
      gate.freeze(1),
      gate.load({ generation: 1, codes: ['X'], recorded: [], owed: [] }),
      gate.open({ generation: 1, ...change, stock: 1, claimed: 0, pending: 0 }),
      gate.readClaims(1, '0', 10),
    ]
    for (const reply of await Promise.all(late)) expect(reply).toEqual({ kind: 'lost' })
    expect(await dumpDrop(harness)).toEqual(before)
  })
})
