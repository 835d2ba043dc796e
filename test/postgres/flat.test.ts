/** Counted, not timed: what a claim reads, alone or in a group, must not grow with the coupons that are gone. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { mapBounded } from '../../src/bounded.ts'
import { STOCK_MAX } from '../../src/drops/core/limits.ts'
import type { PostgresPool } from '../../src/drops/postgres/pool.ts'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'
import { eventually } from '../support/usher.ts'
import { openDrop, testPool, userIds, type TestDrop } from './drop.ts'

const READS_PER_CLAIM_MAX = 100
const CLAIMS = 5_000
/** Claims at once: each alone in its statement, and groups as large as they get. */
const ALONE = 2
const IN_FULL_GROUPS = 300

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

type Reads = {
  readonly byIndex: number
  readonly scans: number
  readonly inserts: number
  readonly updates: number
}

async function readsOf(table: string): Promise<Reads> {
  const [reads] = await database.sql<Reads[]>`
    SELECT
      (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE relname = ${table})::float8 AS "byIndex",
      seq_scan::float8 AS scans, n_tup_ins::float8 AS inserts, n_tup_upd::float8 AS updates
    FROM pg_stat_user_tables WHERE relname = ${table}`
  if (reads === undefined) throw new Error('no statistics')
  return reads
}

/** The server's connections report what they have done a little later, or when they close. */
async function readsAfter(table: string, updates: number): Promise<Reads> {
  return await eventually(async () => {
    const reads = await readsOf(table)
    return reads.updates >= updates ? reads : null
  }, 30_000)
}

test('of 100,000 coupons the last claims read as little as the first: some entries of indexes, never the table', async () => {
  const drop = await openDrop(pool, STOCK_MAX)
  const first = [
    await readsOfClaims(drop, 'first', ALONE),
    await readsOfClaims(drop, 'second', IN_FULL_GROUPS),
  ]
  await takeUpTo(drop, STOCK_MAX - 2 * CLAIMS)
  const last = [
    await readsOfClaims(drop, 'last-but-one', ALONE),
    await readsOfClaims(drop, 'last', IN_FULL_GROUPS),
  ]
  expect((await drop.issuer.claim('one-too-many')).kind).toBe('sold-out')
  for (const reads of [...first, ...last]) {
    expect(reads.byIndex / CLAIMS).toBeLessThan(READS_PER_CLAIM_MAX)
    expect(reads.scans).toBe(0)
  }
})

/** What CLAIMS claims read, so many at once. */
async function readsOfClaims({ issuer }: TestDrop, prefix: string, atOnce: number): Promise<Reads> {
  const before = await readsOf('drop_coupons')
  const outcomes = await mapBounded(userIds(CLAIMS, prefix), atOnce, (userId) => issuer.claim(userId))
  expect(outcomes.every((outcome) => outcome.kind === 'claimed' && outcome.isNew)).toBe(true)
  await pool.close()
  const after = await readsAfter('drop_coupons', before.updates + CLAIMS)
  return {
    byIndex: after.byIndex - before.byIndex,
    scans: after.scans - before.scans,
    inserts: after.inserts - before.inserts,
    updates: after.updates - before.updates,
  }
}

/** As if they had been claimed, and the server's own cleaning had come by. */
async function takeUpTo({ dropId }: TestDrop, position: number): Promise<void> {
  const { updates } = await readsOf('drop_coupons')
  await database.sql`
    UPDATE drop_coupons SET user_id = 'earlier-' || position
    WHERE drop_id = ${dropId} AND user_id IS NULL AND position <= ${position}`
  await database.sql`
    INSERT INTO drop_claims SELECT drop_id, user_id, code, 1 FROM drop_coupons
    WHERE drop_id = ${dropId} AND user_id LIKE 'earlier-%'`
  await database.sql`VACUUM (ANALYZE) drop_coupons`
  await database.sql`SELECT pg_stat_force_next_flush()`
  await readsAfter('drop_coupons', updates + position - 2 * CLAIMS)
}

test('a large drop after small ones: a plan that was made while the tables were small does not read all claims', async () => {
  await database.sql`TRUNCATE drop_claims, drop_coupons, drop_stocks`
  const { issuer: small } = await openDrop(pool, 200)
  const { issuer: large } = await openDrop(pool, CLAIMS)
  await database.sql`VACUUM (ANALYZE) drop_claims`
  const before = await readsOf('drop_claims')
  await mapBounded(userIds(200, 'after-small'), ALONE, (userId) => small.claim(userId))
  await mapBounded(userIds(CLAIMS, 'after-small'), IN_FULL_GROUPS, (userId) => large.claim(userId))
  await pool.close()
  const after = await eventually(async () => {
    const reads = await readsOf('drop_claims')
    return reads.inserts >= before.inserts + CLAIMS + 200 ? reads : null
  }, 30_000)
  expect((after.byIndex - before.byIndex) / CLAIMS).toBeLessThan(READS_PER_CLAIM_MAX)
  expect(after.scans - before.scans).toBe(0)
})

test('the control: with a key that says the order, a claim reads every coupon that is gone', async () => {
  const gone = 20_000
  const claims = 50
  await database.sql.unsafe(`
    CREATE TABLE ordered (id bigint PRIMARY KEY, drop_id text, user_id text);
    CREATE INDEX ordered_free ON ordered (drop_id, id) WHERE user_id IS NULL;
    INSERT INTO ordered SELECT n, 'drop', CASE WHEN n <= ${gone} THEN 'somebody' END FROM generate_series(1, ${STOCK_MAX}) AS n;
    ANALYZE ordered`)
  const statement = `
    UPDATE ordered SET user_id = $1 WHERE id = (
      SELECT id FROM ordered WHERE drop_id = 'drop' AND user_id IS NULL ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
    )`
  for (const userId of userIds(claims)) await pool.rows(statement, [userId], 5_000)
  await pool.close()
  const { byIndex } = await readsAfter('ordered', claims)
  expect(byIndex / claims).toBeGreaterThan(gone / 2)
})
