import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mapBounded } from '../../src/bounded.ts'
import type { ClaimOutcome } from '../../src/drops/core/records.ts'
import type { PostgresPool } from '../../src/drops/postgres/pool.ts'
import { OPEN_STOCK } from '../../src/drops/postgres/statements.ts'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'
import { eventually } from '../support/usher.ts'
import { openDrop, testPool, userIds } from './drop.ts'

let database: TestPostgres
let pool: PostgresPool

beforeAll(async () => {
  database = await startPostgres()
  pool = testPool(database.url)
})

afterAll(async () => {
  await pool.close()
  await database.stop()
})

const soldOut = (epoch: number): ClaimOutcome => ({ kind: 'sold-out', epoch })

function codeOf(outcome: ClaimOutcome): string {
  if (outcome.kind !== 'claimed' || outcome.claim.state !== 'issued') throw new Error(outcome.kind)
  return outcome.claim.code
}

function issuedCodes(outcomes: readonly ClaimOutcome[]): string[] {
  return outcomes.filter(({ kind }) => kind === 'claimed').map(codeOf)
}

describe('a claim', () => {
  test('issues the codes in their order, one each, and answers a repeat with the same claim', async () => {
    const { issuer, codes } = await openDrop(pool, 2)
    const first = await issuer.claim('ada')
    expect(first).toMatchObject({ kind: 'claimed', isNew: true, claim: { state: 'issued', code: codes[0] } })
    expect(await issuer.claim('bob')).toMatchObject({ isNew: true, claim: { code: codes[1] } })
    expect(await issuer.claim('ada')).toEqual({ ...first, isNew: false })
    expect(await issuer.claimOf('ada')).toEqual({ kind: 'found', claim: (first as { claim: object }).claim })
    expect(await issuer.claim('eve')).toEqual(soldOut(1))
    expect(await issuer.claimOf('eve')).toEqual({ kind: 'none' })
    expect(await issuer.claim('bob'), 'sold out is for those who have none').toMatchObject({ isNew: false })
  })

  test('answers retry for a drop that the database does not know, and issues nothing', async () => {
    const { issuer, dropId } = await openDrop(pool, 1)
    await database.sql`DELETE FROM drop_stocks WHERE drop_id = ${dropId}`
    expect(await issuer.claim('ada')).toEqual({ kind: 'retry', afterSeconds: 1 })
    expect(await issuer.counts()).toMatchObject({ issued: 0, remaining: 1 })
  })

  test('wakes the object, which tells how the drop stands; a repeat does not', async () => {
    const drop = await openDrop(pool, 2)
    await drop.issuer.claim('ada')
    await drop.issuer.claim('ada')
    expect(drop.wakings).toBe(1)
  })

  test('keeps names of any script as they are', async () => {
    const { issuer } = await openDrop(pool, 1)
    await issuer.claim('방문자-😀')
    expect(await issuer.claimants()).toEqual(['방문자-😀'])
  })
})

describe('the window', () => {
  test('nobody is early and nobody late, by the clock of the database', async () => {
    const drop = await openDrop(pool, 5_000)
    const { issuer, dropId } = drop
    const [now] = await database.sql<{ ms: number }[]>`
      SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::float8 AS ms`
    const opensAtMs = (now?.ms ?? 0) + 1_000
    await issuer.supply({ ...drop.plan, opensAtMs, closesAtMs: opensAtMs + 400 })
    const outcomes: ClaimOutcome[] = []
    for (let index = 0; outcomes.at(-1)?.kind !== 'closed'; index += 1) {
      outcomes.push(await issuer.claim(`visitor-${index}`))
    }
    expect([...new Set(outcomes.map(({ kind }) => kind))]).toEqual(['not-open', 'claimed', 'closed'])
    expect(outcomes[0]).toEqual({ kind: 'not-open', opensAtMs })
    const times = await database.sql<{ first: number; last: number }[]>`
      SELECT min(claimed_at_ms)::float8 AS first, max(claimed_at_ms)::float8 AS last
      FROM drop_claims WHERE drop_id = ${dropId}`
    expect(times[0]?.first).toBeGreaterThanOrEqual(opensAtMs)
    expect(times[0]?.last).toBeLessThan(opensAtMs + 400)
    const winner = `visitor-${outcomes.findIndex(({ kind }) => kind === 'claimed')}`
    expect(await issuer.claim(winner), 'a claim is answered for good').toMatchObject({ isNew: false })
  })
})

describe('a rush', () => {
  test('INV-11: many at once get each code once, one each, and everybody else is told sold-out', async () => {
    const { issuer, codes } = await openDrop(pool, 200)
    const visitors = userIds(600).flatMap((userId) => [userId, userId])
    const outcomes = await mapBounded(visitors, 100, (userId) => issuer.claim(userId))
    const byVisitor = Map.groupBy(outcomes.entries(), ([index]) => visitors[index])
    const winners = [...byVisitor].filter(([, answers]) => answers.some(([, { kind }]) => kind === 'claimed'))
    expect(winners).toHaveLength(200)
    const codesOfWinners = winners.map(
      ([, answers]) => new Set(answers.map(([, outcome]) => codeOf(outcome))),
    )
    expect(codesOfWinners.every(({ size }) => size === 1)).toBe(true)
    expect(codesOfWinners.flatMap((own) => [...own]).toSorted()).toEqual(codes.toSorted())
    expect(outcomes.filter(({ kind }) => kind === 'sold-out')).toHaveLength(800)
    expect(await issuer.counts()).toEqual({ stock: 200, issued: 200, pending: 0, failed: 0, remaining: 0 })
  })

  test('claims of one visitor at once end with one claim, and the coupons of the others are free again', async () => {
    const { issuer } = await openDrop(pool, 10)
    const outcomes = await Promise.all(Array.from({ length: 40 }, () => issuer.claim('ada')))
    expect(new Set(issuedCodes(outcomes)).size).toBe(1)
    expect(outcomes).toHaveLength(issuedCodes(outcomes).length)
    expect(outcomes.filter((outcome) => outcome.kind === 'claimed' && outcome.isNew)).toHaveLength(1)
    expect(await issuer.counts()).toMatchObject({ issued: 1, remaining: 9 })
  })
})

describe('the end of the stock', () => {
  /** The statement of those who take an empty result at its word. */
  const NAIVE = `
    UPDATE drop_coupons SET user_id = $2 WHERE coupon_id = (
      SELECT coupon_id FROM drop_coupons WHERE drop_id = $1 AND user_id IS NULL
      ORDER BY position LIMIT 1 FOR UPDATE SKIP LOCKED
    ) RETURNING code`

  test('a coupon in the hands of a transaction that fails is not sold out: the naive statement says so, ours waits', async () => {
    const { issuer, dropId } = await openDrop(pool, 1)
    const other = await database.sql.reserve()
    await other`BEGIN`
    const [held] = await other.unsafe(NAIVE, [dropId, 'will-fail'])
    expect(held).toBeDefined()
    // The control: whoever trusts this tells a visitor a falsehood, and the coupon is never issued.
    expect(await database.sql.unsafe(NAIVE, [dropId, 'ada'])).toHaveLength(0)
    const [before] = await database.sql<{ at: Date }[]>`SELECT clock_timestamp() AS at`
    let isAnswered = false
    const claim = issuer.claim('ada').finally(() => (isAnswered = true))
    await untilAsked(before?.at ?? new Date())
    expect(isAnswered).toBe(false)
    await other`ROLLBACK`
    other.release()
    expect(await claim).toMatchObject({ kind: 'claimed', isNew: true })
  })

  test('a coupon that stays locked is answered with retry within a second, never with sold-out', async () => {
    const { issuer, dropId } = await openDrop(pool, 1)
    const other = await database.sql.reserve()
    await other`BEGIN`
    await other.unsafe(NAIVE, [dropId, 'slow'])
    const startedMs = performance.now()
    expect(await issuer.claim('ada')).toEqual({ kind: 'retry', afterSeconds: 1 })
    expect(performance.now() - startedMs).toBeLessThan(3_000)
    await other`ROLLBACK`
    other.release()
    expect(await issuer.claim('ada')).toMatchObject({ kind: 'claimed' })
  })

  test('claims that fail at the end of the stock leave no coupon behind', async () => {
    // Every visitor claims three times at once, so that two of three take a coupon and give it back.
    for (let trial = 0; trial < 10; trial += 1) {
      const { issuer } = await openDrop(pool, 20)
      const claims = userIds(20).flatMap((userId) => [userId, userId, userId])
      const outcomes = await Promise.all(claims.map((userId) => issuer.claim(userId)))
      expect(outcomes.map(({ kind }) => kind)).not.toContain('sold-out')
      expect(await issuer.counts()).toMatchObject({ issued: 20, remaining: 0 })
    }
  })

  /** Until the issuer's statement has been answered, with a coupon that is locked. */
  async function untilAsked(since: Date): Promise<void> {
    const ask = async () => {
      const rows = await database.sql`
        SELECT FROM pg_stat_activity WHERE query LIKE '%is_early%' AND state = 'idle' AND query_start > ${since}`
      return rows.length > 0 ? true : null
    }
    await eventually(ask)
  }
})

describe('more stock', () => {
  test('adds the codes that are not there, in another epoch, and changes nothing that was issued', async () => {
    const drop = await openDrop(pool, 1)
    const first = await drop.issuer.claim('ada')
    expect(await drop.issuer.claim('bob')).toEqual(soldOut(1))
    await drop.restock(['MORE-1'])
    await drop.issuer.supply(drop.plan)
    expect(await drop.issuer.claim('ada')).toEqual({ ...first, isNew: false })
    expect(codeOf(await drop.issuer.claim('bob'))).toBe('MORE-1')
    expect(await drop.issuer.claim('eve')).toEqual(soldOut(2))
    expect(await drop.issuer.counts()).toEqual({ stock: 2, issued: 2, pending: 0, failed: 0, remaining: 0 })
  })

  test('a supply that was cut off in the middle is completed by the next one', async () => {
    const drop = await openDrop(pool, 25_000)
    await database.sql`
      DELETE FROM drop_coupons WHERE drop_id = ${drop.dropId} AND position BETWEEN 9001 AND 24000`
    await drop.issuer.supply(drop.plan)
    expect(await drop.issuer.counts()).toMatchObject({ remaining: 25_000 })
  })

  test('a change that was given up and comes late undoes nothing that was written since', async () => {
    const drop = await openDrop(pool, 2)
    await drop.issuer.supply({ ...drop.plan, closesAtMs: null })
    const closing = [drop.dropId, null, 1, drop.plan.epoch]
    expect(await pool.rows(OPEN_STOCK, [...closing, 1], 1_000)).toEqual([])
    expect(await pool.rows(OPEN_STOCK, [...closing, 0], 1_000)).toEqual([])
    expect(await drop.issuer.claim('ada')).toMatchObject({ kind: 'claimed' })
    await drop.issuer.supply({ ...drop.plan, closesAtMs: 1 })
    expect(await drop.issuer.claim('bob')).toEqual({ kind: 'closed' })
  })
})

describe('reconciliation', () => {
  test('finds nothing where nobody has changed a table', async () => {
    const { issuer } = await openDrop(pool, 3)
    await issuer.claim('ada')
    const counts = { stock: 3, issued: 1, pending: 0, failed: 0, remaining: 2 }
    expect(await issuer.reconcile(true)).toEqual({ counts, missing: 0, extra: 0 })
  })

  test('puts back what is missing on either side, and issues no code twice', async () => {
    const { issuer, dropId, codes } = await openDrop(pool, 5)
    for (const userId of ['ada', 'bob', 'eve']) await issuer.claim(userId)
    await database.sql`DELETE FROM drop_claims WHERE drop_id = ${dropId} AND user_id = 'ada'`
    await database.sql`UPDATE drop_coupons SET user_id = NULL WHERE drop_id = ${dropId} AND user_id = 'bob'`
    await database.sql`DELETE FROM drop_coupons WHERE drop_id = ${dropId} AND code = ${codes[4] ?? ''}`
    expect(await issuer.reconcile(false)).toMatchObject({ missing: 3, extra: 0 })
    expect(await issuer.reconcile(true)).toMatchObject({ missing: 3, extra: 0 })
    const counts = { stock: 5, issued: 3, pending: 0, failed: 0, remaining: 2 }
    expect(await issuer.reconcile(true)).toEqual({ counts, missing: 0, extra: 0 })
    const again = await Promise.all(['ada', 'bob', 'eve', 'kim', 'lee'].map((userId) => issuer.claim(userId)))
    expect(issuedCodes(again).toSorted()).toEqual(codes.toSorted())
  })

  test('a free coupon whose code a claim has is issued to nobody, repaired or not', async () => {
    const { issuer, dropId } = await openDrop(pool, 1)
    await issuer.claim('ada')
    await database.sql`UPDATE drop_coupons SET user_id = NULL WHERE drop_id = ${dropId}`
    expect(await issuer.claim('bob')).toMatchObject({ kind: 'retry' })
    await issuer.reconcile(true)
    // In another epoch: whoever was told so before has to ask again.
    expect(await issuer.claim('bob')).toEqual(soldOut(2))
  })

  test('reports claims that no coupon fits, and deletes none', async () => {
    const { issuer, dropId } = await openDrop(pool, 2)
    await issuer.claim('ada')
    await database.sql`INSERT INTO drop_claims VALUES (${dropId}, 'mallory', 'FORGED', 1)`
    await database.sql`UPDATE drop_claims SET user_id = 'oscar' WHERE drop_id = ${dropId} AND user_id = 'ada'`
    expect(await issuer.reconcile(true)).toMatchObject({ extra: 2 })
    expect((await issuer.claimants()).toSorted()).toEqual(['mallory', 'oscar'])
  })

  test('a database that has lost the drop is not filled again: its codes may have been issued', async () => {
    const { issuer, dropId } = await openDrop(pool, 2)
    await issuer.claim('ada')
    for (const table of ['drop_stocks', 'drop_coupons', 'drop_claims']) {
      await database.sql`DELETE FROM ${database.sql(table)} WHERE drop_id = ${dropId}`
    }
    const counts = { stock: 2, issued: 0, pending: 0, failed: 0, remaining: 0 }
    expect(await issuer.reconcile(true)).toEqual({ counts, missing: 2, extra: 0 })
    expect(await issuer.claim('bob')).toMatchObject({ kind: 'retry' })
  })
})
