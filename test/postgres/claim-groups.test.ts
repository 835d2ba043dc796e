/** Many visitors in one statement: what each of them is told, and what the statement leaves to others. */
import type postgres from 'postgres'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { CLAIM_STATEMENTS_MAX, CLAIMS_OF_A_STATEMENT_MAX } from '../../src/drops/core/limits.ts'
import type { ClaimOutcome } from '../../src/drops/core/records.ts'
import type { PostgresPool } from '../../src/drops/postgres/pool.ts'
import { CLAIM, type ClaimRow } from '../../src/drops/postgres/statements.ts'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'
import { eventually } from '../support/usher.ts'
import { openDrop, testPool, userIds, type TestDrop } from './drop.ts'

let database: TestPostgres
let pool: PostgresPool

beforeAll(async () => {
  database = await startPostgres()
  pool = testPool(database.url)
})

afterEach(() => {
  vi.restoreAllMocks()
})

afterAll(async () => {
  await pool.close()
  await database.stop()
})

/** One statement, as the issuer sends it. */
function ask({ dropId }: TestDrop, visitors: readonly string[]): Promise<ClaimRow[]> {
  return pool.rows<ClaimRow>(CLAIM, [dropId, JSON.stringify(visitors)], 5_000)
}

const kindsOf = (rows: readonly { readonly kind: string }[]): string[] => rows.map(({ kind }) => kind)

function codesOf(rows: readonly ClaimRow[]): (string | null)[] {
  return rows.map((row) => ('code' in row ? row.code : null))
}

/** Who claims by the issuer at once, and with what outcome. */
async function claimAll({ issuer }: TestDrop, visitors: readonly string[]): Promise<ClaimOutcome[]> {
  return await Promise.all(visitors.map((userId) => issuer.claim(userId)))
}

/** The visitors of each claiming statement from now on. */
function watchGroups(): string[][] {
  const groups: string[][] = []
  const rows = pool.rows.bind(pool)
  vi.spyOn(pool, 'rows').mockImplementation(async (statement, parameters, limitMs) => {
    if (statement === CLAIM) groups.push(JSON.parse(String(parameters[1])) as string[])
    return await rows(statement, parameters, limitMs)
  })
  return groups
}

/** A transaction of somebody else, open until the work has ended or it is rolled back. */
async function whileOpen<T>(work: (other: postgres.ReservedSql) => Promise<T>): Promise<T> {
  const other = await database.sql.reserve()
  await other`BEGIN`
  try {
    return await work(other)
  } finally {
    await other`ROLLBACK`
    other.release()
  }
}

async function takenBy({ dropId }: TestDrop): Promise<(string | null)[]> {
  const rows = await database.sql<{ user_id: string | null }[]>`
    SELECT user_id FROM drop_coupons WHERE drop_id = ${dropId} ORDER BY position`
  return rows.map(({ user_id: userId }) => userId)
}

/** Until a claiming statement waits for another's transaction. */
async function untilWaiting(): Promise<void> {
  await eventually(async () => {
    const waiting = await database.sql`
      SELECT FROM pg_stat_activity WHERE query LIKE '%is_early%' AND wait_event_type = 'Lock'`
    return waiting.length > 0 ? true : null
  })
}

describe('one statement', () => {
  test('issues the codes in the order of the visitors, and answers those who have a claim what they have', async () => {
    const drop = await openDrop(pool, 5)
    await drop.issuer.claim('bob')
    const rows = await ask(drop, ['zoe', 'bob', 'ada'])
    expect(kindsOf(rows)).toEqual(['taken', 'had', 'taken'])
    expect(codesOf(rows)).toEqual([drop.codes[1], drop.codes[0], drop.codes[2]])
    expect(codesOf(await ask(drop, ['ada', 'bob', 'zoe']))).toEqual(codesOf(rows.toReversed()))
    expect(await takenBy(drop)).toEqual(['bob', 'zoe', 'ada', null, null])
    expect(await drop.issuer.reconcile(false)).toMatchObject({ missing: 0, extra: 0 })
  })

  test('tells those for whom nothing is left sold-out at once, also who comes with those that take the last', async () => {
    const drop = await openDrop(pool, 10)
    const rows = await ask(drop, userIds(12))
    expect(kindsOf(rows)).toEqual([...Array<string>(10).fill('taken'), 'sold-out', 'sold-out'])
    expect(rows.at(-1)).toMatchObject({ epoch: 1 })
  })

  test('tells nobody sold-out while somebody else holds a coupon, whether that is taken in the end or not', async () => {
    const drop = await openDrop(pool, 3)
    await whileOpen(async (other) => {
      const held = await other.unsafe<{ kind: string }[]>(CLAIM, [drop.dropId, '["may-fail"]'])
      expect(kindsOf(held)).toEqual(['taken'])
      expect(kindsOf(await ask(drop, ['ada', 'bob', 'eve']))).toEqual(['taken', 'taken', 'all-locked'])
    })
    expect(kindsOf(await ask(drop, ['eve', 'kim']))).toEqual(['taken', 'sold-out'])
  })

  test('locks as many coupons as it has visitors without a claim, and no more', async () => {
    const drop = await openDrop(pool, 100)
    await drop.issuer.claim('had-one')
    await whileOpen(async (other) => {
      await other.unsafe(CLAIM, [drop.dropId, JSON.stringify(['had-one', ...userIds(3)])])
      const free = await database.sql`
        SELECT FROM drop_coupons WHERE drop_id = ${drop.dropId} AND user_id IS NULL FOR UPDATE SKIP LOCKED`
      expect(free).toHaveLength(96)
    })
  })

  test('tells all who come outside of the window so, but those who have a claim, and takes nothing', async () => {
    const drop = await openDrop(pool, 9)
    await drop.issuer.claim('ada')
    const visitors = ['bob', 'ada', 'eve']
    const opensAtMs = Date.now() + 60_000
    await drop.issuer.supply({ ...drop.plan, opensAtMs })
    const early = await ask(drop, visitors)
    expect(kindsOf(early)).toEqual(['not-open', 'had', 'not-open'])
    expect(early[0]).toMatchObject({ opens_at_ms: opensAtMs })
    await drop.issuer.supply({ ...drop.plan, closesAtMs: 1 })
    expect(kindsOf(await ask(drop, visitors))).toEqual(['closed', 'had', 'closed'])
    await database.sql`DELETE FROM drop_stocks WHERE drop_id = ${drop.dropId}`
    expect(kindsOf(await ask(drop, visitors))).toEqual(['no-stock', 'had', 'no-stock'])
    expect((await takenBy(drop)).filter((userId) => userId !== null)).toEqual(['ada'])
  })

  test('that meets another claim of a visitor waits for it, and leaves the coupon that it had for this one', async () => {
    const drop = await openDrop(pool, 5)
    const rows = await whileOpen(async (other) => {
      await other.unsafe(CLAIM, [drop.dropId, '["bob"]'])
      const asked = ask(drop, ['ada', 'bob', 'eve'])
      await untilWaiting()
      await other`COMMIT`
      return await asked
    })
    expect(kindsOf(rows)).toEqual(['taken', 'all-locked', 'taken'])
    expect(kindsOf(await ask(drop, ['bob', 'kim']))).toEqual(['had', 'taken'])
    expect((await takenBy(drop)).toSorted()).toEqual(['ada', 'bob', 'eve', 'kim', null])
    expect(await drop.issuer.reconcile(false)).toMatchObject({ missing: 0, extra: 0 })
  })

  test('never waits for one that waits for it: all write their visitors in one order', async () => {
    const drop = await openDrop(pool, 9)
    const rows = await whileOpen(async (other) => {
      await other.unsafe(CLAIM, [drop.dropId, '["bob"]'])
      const asked = ask(drop, ['zoe', 'bob'])
      await untilWaiting()
      // Had it written its first visitor first, this would wait for it.
      await other`SET LOCAL lock_timeout = '500ms'`
      await other.unsafe(CLAIM, [drop.dropId, '["zoe"]'])
      await other`COMMIT`
      return await asked
    })
    expect(kindsOf(rows)).toEqual(['all-locked', 'all-locked'])
    expect(await drop.issuer.counts()).toMatchObject({ issued: 2, remaining: 7 })
  })

  test('with a coupon whose code somebody has already issues the others, and this one to nobody', async () => {
    const drop = await openDrop(pool, 4)
    await database.sql`INSERT INTO drop_claims VALUES (${drop.dropId}, 'earlier', ${drop.codes[0] ?? ''}, 1)`
    const rows = await ask(drop, ['ada', 'bob', 'eve', 'kim', 'lee'])
    expect(kindsOf(rows)).toEqual(['all-locked', 'taken', 'taken', 'taken', 'all-locked'])
    expect(await takenBy(drop)).toEqual([null, 'bob', 'eve', 'kim'])
    await drop.issuer.reconcile(true)
    expect(kindsOf(await ask(drop, ['ada', 'lee']))).toEqual(['sold-out', 'sold-out'])
  })
})

describe('claims at once', () => {
  test('go together while others are under way, so many at most, and each is asked once', async () => {
    const drop = await openDrop(pool, 300)
    const groups = watchGroups()
    const visitors = userIds(200)
    const outcomes = await claimAll(drop, visitors)
    expect(outcomes.every((outcome) => outcome.kind === 'claimed' && outcome.isNew)).toBe(true)
    expect(groups.flat()).toEqual(visitors)
    const alone = Array<number>(CLAIM_STATEMENTS_MAX).fill(1)
    const rest = visitors.length - CLAIM_STATEMENTS_MAX
    const full = Array<number>(Math.floor(rest / CLAIMS_OF_A_STATEMENT_MAX)).fill(CLAIMS_OF_A_STATEMENT_MAX)
    expect(groups.map(({ length }) => length)).toEqual([...alone, ...full, rest % CLAIMS_OF_A_STATEMENT_MAX])
  })

  test('of one visitor in a group are asked once: one of them made it, and all have it', async () => {
    const drop = await openDrop(pool, 300)
    const groups = watchGroups()
    const visitors = [...userIds(CLAIM_STATEMENTS_MAX, 'before'), 'ada', 'bob', 'ada', 'ada']
    const outcomes = (await claimAll(drop, visitors)).slice(CLAIM_STATEMENTS_MAX)
    expect(groups.at(-1)).toEqual(['ada', 'bob'])
    const [first, , second, third] = outcomes
    expect(first).toMatchObject({ kind: 'claimed', isNew: true })
    expect(second).toEqual({ ...first, isNew: false })
    expect(third).toEqual(second)
  })

  test('of the same visitors in several groups at once end with one claim each, and no coupon is lost', async () => {
    const visitors = userIds(150)
    for (let trial = 0; trial < 5; trial += 1) {
      const drop = await openDrop(pool, 150)
      const orders = [visitors, visitors.toReversed(), visitors.toSorted()]
      const outcomes = (await Promise.all(orders.map((order) => claimAll(drop, order)))).flat()
      expect(outcomes.every(({ kind }) => kind === 'claimed')).toBe(true)
      expect(outcomes.filter((outcome) => outcome.kind === 'claimed' && outcome.isNew)).toHaveLength(150)
      expect((await takenBy(drop)).toSorted()).toEqual(visitors.toSorted())
    }
  })

  test('INV-11: of more visitors than coupons as many get one, each another, and all the others are told sold-out', async () => {
    const drop = await openDrop(pool, 100)
    const outcomes = await claimAll(drop, userIds(500))
    expect(outcomes.filter(({ kind }) => kind === 'claimed')).toHaveLength(100)
    expect(outcomes.filter(({ kind }) => kind === 'sold-out')).toHaveLength(400)
    expect(new Set(await takenBy(drop)).size).toBe(100)
    expect(await drop.issuer.counts()).toMatchObject({ issued: 100, remaining: 0 })
  })

  test('that find the last coupons in other hands ask together again until they are free', async () => {
    const drop = await openDrop(pool, 12)
    const groups = watchGroups()
    const claims = await whileOpen(async (other) => {
      await other.unsafe(CLAIM, [drop.dropId, JSON.stringify(userIds(10, 'will-fail'))])
      const claiming = claimAll(drop, userIds(12))
      // The first two coupons are taken, and the others have asked a second time.
      await eventually(() => Promise.resolve(groups.flat().length > 12 ? true : null))
      // In an object: a promise alone would be waited for here.
      return { claiming }
    })
    expect((await claims.claiming).every(({ kind }) => kind === 'claimed')).toBe(true)
    expect(groups.some(({ length }) => length > 1)).toBe(true)
  })

  test('are not refused for one among them that PostgreSQL cannot store', async () => {
    const drop = await openDrop(pool, 100)
    const groups = watchGroups()
    const visitors = userIds(20).with(13, 'nul-\u0000')
    const outcomes = await Promise.allSettled(visitors.map((userId) => drop.issuer.claim(userId)))
    const refused = outcomes.flatMap(({ status }, index) => (status === 'rejected' ? [visitors[index]] : []))
    expect(refused).toEqual(['nul-\u0000'])
    expect(await drop.issuer.counts()).toMatchObject({ issued: 19 })
    expect(groups.length, 'it was halved, not taken apart').toBeLessThan(12)
  })
})
