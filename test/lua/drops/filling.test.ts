import { beforeEach, expect, it } from 'vitest'
import { DROP_TTL_MS } from '../../../src/drops/core/limits.ts'
import type { DropGate } from '../../../src/drops/redis/drop-gate.ts'
import type { StoredClaim } from '../../../src/drops/redis/replies.ts'
import { overEveryEngine } from '../pool-harness.ts'
import { KEYS, NOTHING_SEEN, RESEND_MS, claimOne, codes, dumpDrop, fill, gateOf } from './drop-harness.ts'

const MARGIN_MS = 3_600_000
const TERMS = { epoch: 1, configVersion: 1, opensAtMs: null, closesAtMs: null }

overEveryEngine('the filling of a drop', (harness) => {
  let gate: DropGate
  beforeEach(() => {
    gate = gateOf(harness)
  })

  async function allClaims(generation: number): Promise<StoredClaim[]> {
    const found: StoredClaim[] = []
    let cursor = '0'
    do {
      const page = await gate.readClaims(generation, cursor, 10)
      if (page.kind !== 'claims') throw new Error(page.kind)
      found.push(...page.claims)
      cursor = page.cursor
    } while (cursor !== '0')
    return found
  }

  it('is seen by nobody before all of it is there, and by everybody at once', async () => {
    await fill(gate, 1, { codes: ['OLD'] })
    await claimOne(gate, 'ann')
    await gate.freeze(2)
    expect(await claimOne(gate, 'bob')).toEqual({ kind: 'loading' })
    expect(await gate.find('ann', NOTHING_SEEN)).toEqual({ kind: 'loading' })
    await gate.load({ generation: 2, codes: codes(1, 2), recorded: [], owed: [] })
    expect(await claimOne(gate, 'bob')).toEqual({ kind: 'loading' })
    const counts = { generation: 2, stock: 3, claimed: 1, pending: 0 }
    expect(await gate.open({ ...counts, ...TERMS }), 'a claim is missing').toEqual({ kind: 'lost' })
    const recorded = [{ userId: 'ann', code: 'CODE-3', claimedAtMs: 7 }]
    await gate.load({ generation: 2, codes: [], recorded, owed: [] })
    expect(await gate.open({ ...counts, ...TERMS })).toMatchObject({ kind: 'done' })
    expect(await claimOne(gate, 'bob')).toMatchObject({ kind: 'claimed', isNew: true })
    expect(await claimOne(gate, 'ann')).toMatchObject({ claim: { code: 'CODE-3', claimedAtMs: 7 } })
  })

  it.each([
    ['stock', { stock: 6, claimed: 2, pending: 1 }],
    ['claims', { stock: 5, claimed: 1, pending: 1 }],
    ['debts', { stock: 5, claimed: 2, pending: 2 }],
  ])('INV-11: one with another number of %s than its owner counted is not taken', async (_title, counts) => {
    await gate.freeze(1)
    const recorded = [{ userId: 'ann', code: 'A', claimedAtMs: 1 }]
    const owed = [{ userId: 'bob', code: 'B', claimedAtMs: 1, isParked: false }]
    await gate.load({ generation: 1, codes: codes(1, 3), recorded, owed })
    expect(await gate.open({ generation: 1, ...counts, ...TERMS })).toEqual({ kind: 'lost' })
    expect(await gate.open({ generation: 1, stock: 5, claimed: 2, pending: 1, ...TERMS })).toMatchObject({
      kind: 'done',
    })
  })

  it('is opened once: the call again changes nothing of what has happened since', async () => {
    await fill(gate, 1, { codes: codes(1, 3) })
    await claimOne(gate, 'ann')
    const before = await dumpDrop(harness)
    const again = { generation: 1, stock: 3, claimed: 0, pending: 0, ...TERMS }
    expect(await gate.open(again)).toMatchObject({ kind: 'done', seen: { claimed: 1 } })
    expect(await dumpDrop(harness)).toEqual(before)
  })

  it('that came to nothing leaves nothing to the next one', async () => {
    await gate.freeze(1)
    const recorded = [{ userId: 'ann', code: 'A', claimedAtMs: 1 }]
    await gate.load({ generation: 1, codes: codes(1, 3), recorded, owed: [] })
    await fill(gate, 2, { codes: codes(1, 2) })
    expect(await gate.takeOutbox({ generation: 2, claimed: 0 }, RESEND_MS, 1)).toMatchObject({ stock: 2 })
    expect(await gate.find('ann', NOTHING_SEEN)).toMatchObject({ kind: 'none' })
  })

  it('knows all claims of the one before, pending and recorded, while it is frozen and while it is open', async () => {
    await fill(gate, 1, { codes: codes(1, 700) })
    const names = Array.from({ length: 700 }, (_, i) => `user-${i}`)
    await Promise.all(names.map((name) => claimOne(gate, name)))
    const outbox = await gate.takeOutbox({ generation: 1, claimed: 700 }, RESEND_MS, 1_000)
    const due = outbox.kind === 'outbox' ? outbox.due : []
    await gate.confirm(1, due.slice(0, 300))
    const open = await allClaims(1)
    await gate.freeze(2)
    const frozen = await allClaims(2)
    for (const claims of [open, frozen]) {
      expect(new Set(claims.map(({ userId }) => userId))).toEqual(new Set(names))
      const byUser = new Map(claims.map((claim) => [claim.userId, claim]))
      expect([...byUser.values()].filter(({ state }) => state === 'recorded')).toHaveLength(300)
      for (const claim of due) expect(byUser.get(claim.userId)).toMatchObject(claim)
    }
  })

  it('of all bounds at once is taken, and sold out when it has no code left', async () => {
    const claim = (i: number) => ({ userId: `user-${i}`, code: `${i}`, claimedAtMs: i })
    const recorded = Array.from({ length: 500 }, (_, i) => claim(i))
    const owed = Array.from({ length: 500 }, (_, i) => ({ ...claim(500 + i), isParked: i < 3 }))
    await fill(gate, 1, { codes: codes(1, 1_000), recorded, owed })
    expect(await gate.takeOutbox({ generation: 1, claimed: 1_000 }, RESEND_MS, 1_000)).toMatchObject({
      stock: 2_000,
      seen: { claimed: 1_000 },
      pending: 500,
      parked: 3,
      due: { length: 497 },
    })
    await fill(gate, 2, { recorded, owed }, { epoch: 4 })
    expect(await claimOne(gate, 'zoe')).toMatchObject({ kind: 'sold-out', epoch: 4 })
  })

  it('INV-11: more codes come in once, and reopen what was sold out under a new epoch', async () => {
    await fill(gate, 1, { codes: codes(1, 2) })
    for (const user of ['ann', 'bob']) await claimOne(gate, user)
    expect(await claimOne(gate, 'zoe')).toMatchObject({ kind: 'sold-out', epoch: 1 })
    const more = { generation: 1, ...TERMS, configVersion: 2, epoch: 2, stockBefore: 2, codes: codes(3, 4) }
    expect(await gate.change(more)).toMatchObject({ kind: 'changed', stock: 4 })
    expect(await gate.change(more)).toMatchObject({ kind: 'changed', stock: 4 })
    expect(await gate.change({ ...more, stockBefore: 3, codes: codes(4, 5) })).toMatchObject({ stock: 4 })
    const late = await Promise.all(['zoe', 'yan', 'xue'].map((user) => claimOne(gate, user)))
    expect(late.map(({ kind }) => kind).toSorted()).toEqual(['claimed', 'claimed', 'sold-out'])
    expect(late.find(({ kind }) => kind === 'sold-out')).toMatchObject({ epoch: 2 })
  })

  it('every key has an end, the hash the nearest, and a drain puts it off', async () => {
    await gate.freeze(1)
    await gate.load({
      generation: 1,
      codes: ['A'],
      recorded: [],
      owed: [{ userId: 'u', code: 'B', claimedAtMs: 1, isParked: false }],
    })
    for (const key of await harness.redis.client.keys('*'))
      expect(await harness.redis.client.pttl(key)).toBeGreaterThan(0)
    await fill(gate, 1, { codes: ['A', 'B'] }).catch(() => {})
    await fill(gate, 2, { codes: ['A', 'B'] })
    await claimOne(gate, 'ann')
    const all = Object.values(KEYS.now)
    for (const key of all) await harness.redis.client.pexpire(key, 5_000)
    await gate.takeOutbox({ generation: 2, claimed: 1 }, RESEND_MS, 1)
    const [drop = 0, left = 0, outbox = 0] = await Promise.all(
      all.map((key) => harness.redis.client.pttl(key)),
    )
    expect(drop).toBeGreaterThan(DROP_TTL_MS - 60_000)
    expect(drop).toBeLessThanOrEqual(DROP_TTL_MS)
    for (const ttl of [left, outbox]) expect(ttl).toBeGreaterThan(DROP_TTL_MS + MARGIN_MS - 60_000)
  })
})
