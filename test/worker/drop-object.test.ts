/** A drop's object in workerd, with its own SQLite and the records in D1, and a clock that can be moved. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { DropPlan, PutDrop } from '../../src/drops/core/records.ts'
import { d1Records } from '../../src/drops/records/d1-records.ts'

const START_MS = Date.UTC(2040, 0, 1)

let drops = 0

function freshDrop() {
  drops += 1
  const dropId = `drop-${drops}`
  return { dropId, drop: env.DROP.getByName(dropId) }
}

type Drop = ReturnType<typeof freshDrop>['drop']

async function opened(over: Partial<PutDrop> = {}): Promise<{ dropId: string; drop: Drop }> {
  const { dropId, drop } = freshDrop()
  const request = {
    dropId,
    name: 'Coupons',
    strategy: null,
    eventId: null,
    opensAtMs: null,
    closesAtMs: null,
  }
  const put = await drop.put({ ...request, stock: over.codes?.length ?? 3, codes: null, ...over })
  if (!put.ok) throw new Error(put.error.reason)
  return { dropId, drop }
}

async function codeOf(drop: Drop, userId: string): Promise<string> {
  const claimed = await drop.claim(userId)
  if (!claimed.ok) return claimed.error.reason
  const outcome = claimed.value
  return outcome.kind === 'claimed' && outcome.claim.state === 'issued' ? outcome.claim.code : outcome.kind
}

async function recorded(dropId: string): Promise<string[]> {
  const page = await d1Records(env.RECORDS).page(dropId, '', 1_000)
  return page.map(({ userId, code }) => `${userId} ${code}`)
}

async function reconciled(drop: Drop, repair = false) {
  const found = await drop.reconcile(repair)
  if (!found.ok) throw new Error(found.error.reason)
  return found.value
}

/** The alarm, a second later. */
async function ring(drop: Drop): Promise<void> {
  vi.setSystemTime(Date.now() + 1_000)
  await runDurableObjectAlarm(drop)
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: START_MS })
})

afterEach(() => {
  vi.useRealTimers()
})

describe("a drop's object", () => {
  it('leaves nothing behind for a drop that was never made', async () => {
    const { drop } = freshDrop()
    expect(await drop.claim('ann')).toMatchObject({ ok: false, error: { reason: 'drop-not-found' } })
    expect(await drop.standing()).toMatchObject({ error: { reason: 'drop-not-found' } })
    expect(await drop.claimOf('ann')).toMatchObject({ error: { reason: 'drop-not-found' } })
    await drop.wake({ generation: 0, claimed: 0 })
    const left = await runInDurableObject(drop, async (_object, state) => ({
      alarm: await state.storage.getAlarm(),
      tables: state.storage.sql
        .exec("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '_cf%'")
        .toArray(),
    }))
    expect(left).toEqual({ alarm: null, tables: [] })
  })

  it('INV-11: of many claims at once each code goes to one visitor, and the rest are told that nothing is left', async () => {
    const { drop } = await opened({ stock: 50 })
    const visitors = Array.from({ length: 120 }, (_, index) => `v${index % 100}`)
    const answers = await Promise.all(
      visitors.map(async (userId) => [userId, await codeOf(drop, userId)] as const),
    )
    const winners = new Map(answers.filter(([, answer]) => answer !== 'sold-out'))
    expect(winners.size).toBe(50)
    expect(new Set(winners.values()).size).toBe(50)
    for (const [userId, answer] of answers) expect(answer).toBe(winners.get(userId) ?? 'sold-out')
    // Whoever compares has what is due recorded first.
    expect(await reconciled(drop)).toMatchObject({ stock: 50, issued: 50, remaining: 0, consistent: true })
  })

  it('INV-11: is the same after it went away, and its alarm brings what it had issued to the records', async () => {
    const { dropId, drop } = await opened({ codes: ['A', 'B', '쿠폰 셋'] })
    await codeOf(drop, 'ann')
    await codeOf(drop, '김철수')
    await evictDurableObject(drop)
    expect(await codeOf(drop, 'ann')).toBe('A')
    expect(await codeOf(drop, 'cid')).toBe('쿠폰 셋')
    expect(await codeOf(drop, 'dan')).toBe('sold-out')
    await evictDurableObject(drop)
    await ring(drop)
    expect(await recorded(dropId)).toEqual(['ann A', 'cid 쿠폰 셋', '김철수 B'])
    expect(await reconciled(drop)).toMatchObject({ issued: 3, pending: 0, consistent: true })
  })

  it('makes 100,000 codes at once, all of them different', async () => {
    const { drop } = await opened({ stock: 100_000 })
    const { n } = await runInDurableObject(drop, (_object, state) =>
      state.storage.sql.exec<{ n: number }>('SELECT count(DISTINCT code) AS n FROM codes').one(),
    )
    expect(n).toBe(100_000)
    expect(await codeOf(drop, 'ann')).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}$/)
  })

  it('tells who has a claim once nothing is left, and nobody before', async () => {
    const { drop } = await opened({ stock: 2 })
    await codeOf(drop, 'ann')
    expect(await drop.claimants()).toMatchObject({ ok: true, value: null })
    await codeOf(drop, 'bob')
    const asked = await drop.claimants()
    expect(asked.ok && asked.value?.fingerprints.byteLength).toBe(8)
  })

  it('the poison among its claims ends as failed while all others are recorded, and goes on when it is asked for', async () => {
    const { dropId, drop } = await opened({ stock: 100 })
    await env.RECORDS.prepare(
      `CREATE TRIGGER refuse BEFORE INSERT ON drop_claims WHEN new.user_id = 'v33' AND new.drop_id = '${dropId}'
       BEGIN SELECT RAISE(ABORT, 'refused'); END`,
    ).run()
    await Promise.all(Array.from({ length: 60 }, (_, index) => codeOf(drop, `v${index}`)))
    await ring(drop)
    expect(await recorded(dropId)).toHaveLength(59)
    for (let attempt = 0; attempt < 6; attempt += 1) {
      vi.setSystemTime(Date.now() + 60_000)
      await runDurableObjectAlarm(drop)
    }
    expect(await reconciled(drop)).toMatchObject({ issued: 59, pending: 1, failed: 1, consistent: true })
    await env.RECORDS.prepare('DROP TRIGGER refuse').run()
    expect(await drop.retryFailed()).toEqual({ ok: true, value: { retried: 1 } })
    await ring(drop)
    expect(await reconciled(drop)).toMatchObject({ issued: 60, pending: 0, failed: 0, consistent: true })
  })
})

describe('the records in D1', () => {
  const records = d1Records(env.RECORDS)
  const claims = ['ann', 'bob', 'cid'].map((userId, index) => ({
    userId,
    code: `C${index}`,
    claimedAtMs: index,
  }))

  it('INV-11: take a claim once, whoever brings it how often', async () => {
    await records.raise('r1', 1)
    const once = await Promise.all([records.insert('r1', 1, claims), records.insert('r1', 1, claims)])
    expect(once).toEqual([Array(3).fill('recorded'), Array(3).fill('recorded')])
    expect(await records.count('r1')).toBe(3)
    expect(await records.claimOf('r1', 'bob')).toEqual(claims[1])
    expect(await records.claimOf('r1', 'eve')).toBeNull()
  })

  it('INV-11: give a visitor no second code, and a code to no second visitor, and take the rest of the batch', async () => {
    await records.raise('r2', 1)
    await records.insert('r2', 1, claims.slice(0, 1))
    const outcomes = await records.insert('r2', 1, [
      { userId: 'ann', code: 'other', claimedAtMs: 9 },
      { userId: 'dan', code: 'C0', claimedAtMs: 9 },
      { userId: 'eve', code: 'C9', claimedAtMs: 9 },
    ])
    expect(outcomes).toEqual(['conflict', 'conflict', 'recorded'])
    expect(await recorded('r2')).toEqual(['ann C0', 'eve C9'])
  })

  it('INV-11: take nothing of an older generation, and nothing before they know of any', async () => {
    expect(await records.insert('r3', 1, claims)).toEqual(Array(3).fill('stale'))
    expect(await records.raise('r3', 2)).toBe(2)
    expect(await records.raise('r3', 1)).toBe(2)
    expect(await records.insert('r3', 1, claims)).toEqual(Array(3).fill('stale'))
    expect(await records.insert('r3', 2, claims.slice(0, 1))).toEqual(['recorded'])
    expect(await records.insert('r3', 1, claims)).toEqual(['recorded', 'stale', 'stale'])
    expect(await records.count('r3')).toBe(1)
  })

  it('are read page by page in the order of code points', async () => {
    await records.raise('r4', 1)
    const userIds = ['b', 'a', 'Z', '가', '😀', 'é', 'aa']
    await records.insert(
      'r4',
      1,
      userIds.map((userId) => ({ userId, code: userId, claimedAtMs: 1 })),
    )
    const found: string[] = []
    for (let after = ''; ; after = found.at(-1) ?? '') {
      const page = await records.page('r4', after, 2)
      found.push(...page.map(({ userId }) => userId))
      if (page.length < 2) break
    }
    expect(found).toEqual(['Z', 'a', 'aa', 'b', 'é', '가', '😀'])
  })
})

it('the plan that an issuer sees is the one that was written last', async () => {
  const { dropId, drop } = await opened({ stock: 2, name: 'Old' })
  const request = { dropId, strategy: null, eventId: null, opensAtMs: null, closesAtMs: null, codes: null }
  const put = await drop.put({ ...request, name: 'New', stock: 3 })
  const plan: Partial<DropPlan> = { name: 'New', stock: 3, epoch: 2, generation: 1 }
  expect(put).toMatchObject({
    ok: true,
    value: { created: false, before: { name: 'Old' }, detail: { plan } },
  })
})
