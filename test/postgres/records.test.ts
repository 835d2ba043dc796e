import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ClaimRecord } from '../../src/drops/core/records.ts'
import type { PostgresPool } from '../../src/drops/postgres/pool.ts'
import { postgresRecords } from '../../src/drops/postgres/postgres-records.ts'
import type { ClaimRecords } from '../../src/drops/ports.ts'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'
import { SqliteRecords } from '../support/sqlite-records.ts'
import { eventually } from '../support/usher.ts'
import { testPool } from './drop.ts'

let database: TestPostgres
let pool: PostgresPool
let inPostgres: ClaimRecords

beforeAll(async () => {
  database = await startPostgres()
  pool = testPool(database.url)
  inPostgres = postgresRecords(pool)
})

afterAll(async () => {
  await pool.close()
  await database.stop()
})

const claim = (userId: string, code = `CODE-${userId}`): ClaimRecord => ({
  userId,
  code,
  claimedAtMs: 1_763_650_000_123,
})

/** Both have to answer alike, whatever the database. */
describe.each(['PostgreSQL', 'the statements of D1'])('the records in %s', (where) => {
  const sqlite = new SqliteRecords()
  let records: ClaimRecords

  beforeAll(() => {
    records = where === 'PostgreSQL' ? inPostgres : sqlite.records
  })

  test('a batch that arrives twice is recorded once', async () => {
    await records.raise('twice', 1)
    const batch = ['ada', 'bob', '방문자-😀'].map((userId) => claim(userId))
    expect(await records.insert('twice', 1, batch)).toEqual(['recorded', 'recorded', 'recorded'])
    expect(await records.insert('twice', 1, [...batch, claim('eve')])).toEqual(Array(4).fill('recorded'))
    expect(await records.count('twice')).toBe(4)
    expect(await records.claimOf('twice', '방문자-😀')).toEqual(claim('방문자-😀'))
    expect(await records.claimOf('twice', 'nobody')).toBeNull()
    expect(await records.claimOf('another', 'ada')).toBeNull()
  })

  test('a visitor keeps the first code and a code its first visitor, and whoever differs is told', async () => {
    await records.raise('conflict', 1)
    await records.insert('conflict', 1, [claim('ada', 'A'), claim('bob', 'B')])
    const batch = [claim('ada', 'C'), claim('eve', 'B'), claim('kim', 'D')]
    expect(await records.insert('conflict', 1, batch)).toEqual(['conflict', 'conflict', 'recorded'])
    expect(await records.count('conflict')).toBe(3)
  })

  test('the same claim twice in one batch is recorded once', async () => {
    await records.raise('same', 1)
    expect(await records.insert('same', 1, [claim('ada'), claim('ada')])).toEqual(['recorded', 'recorded'])
    expect(await records.count('same')).toBe(1)
  })

  test('claims of an older generation are refused; those that are recorded stay so', async () => {
    await records.raise('fence', 1)
    await records.insert('fence', 1, [claim('ada')])
    expect(await records.raise('fence', 2)).toBe(2)
    expect(await records.raise('fence', 1), 'it never falls').toBe(2)
    expect(await records.insert('fence', 1, [claim('ada'), claim('bob')])).toEqual(['recorded', 'stale'])
    expect(await records.insert('fence', 2, [claim('bob')])).toEqual(['recorded'])
  })

  test('a drop whose generation was never raised has no claims', async () => {
    expect(await records.insert('unknown', 1, [claim('ada')])).toEqual(['stale'])
    expect(await records.count('unknown')).toBe(0)
  })

  test('pages go by code points, each claim once', async () => {
    const userIds = ['B', 'Z', 'a', 'é', '방', '😀', 'aa']
    await records.raise('pages', 1)
    await records.insert(
      'pages',
      1,
      userIds.map((userId) => claim(userId)),
    )
    const seen: string[] = []
    for (;;) {
      const page = await records.page('pages', seen.at(-1) ?? '', 2)
      if (page.length === 0) break
      seen.push(...page.map(({ userId }) => userId))
    }
    expect(seen).toEqual(['B', 'Z', 'a', 'aa', 'é', '방', '😀'])
  })
})

describe('the records in PostgreSQL', () => {
  test('whoever raises the generation waits for claims that are being written, and finds them', async () => {
    await inPostgres.raise('race', 1)
    const other = await database.sql.reserve()
    await other`BEGIN`
    await postgresRecords(transactionOf(other)).insert('race', 1, [claim('ada')])
    let hasRaised = false
    const raised = inPostgres.raise('race', 2).then(() => (hasRaised = true))
    await untilSomebodyWaits()
    expect(hasRaised).toBe(false)
    await other`COMMIT`
    other.release()
    await raised
    expect(await inPostgres.page('race', '', 10)).toEqual([claim('ada')])
  })

  test('claims that wait while the generation is raised are refused', async () => {
    await inPostgres.raise('late', 1)
    const other = await database.sql.reserve()
    await other`BEGIN`
    await postgresRecords(transactionOf(other)).raise('late', 2)
    const inserted = inPostgres.insert('late', 1, [claim('ada')])
    await untilSomebodyWaits()
    await other`COMMIT`
    other.release()
    expect(await inserted).toEqual(['stale'])
    expect(await inPostgres.count('late')).toBe(0)
  })

  test('a database that is not there rejects, and is used again when it is back', async ({ skip }) => {
    if (database.embedded === null) return skip('the server at DATABASE_URL is not ours to kill')
    await inPostgres.ping()
    await database.embedded.kill()
    await expect(inPostgres.ping()).rejects.toThrow()
    await database.embedded.restart()
    await eventually(
      () =>
        inPostgres.ping().then(
          () => true,
          () => null,
        ),
      15_000,
    )
    expect(await inPostgres.count('twice')).toBe(4)
  })
})

/** Statements on one connection, inside the transaction that has begun there. */
function transactionOf(sql: TestPostgres['sql']): PostgresPool {
  const rows = async (statement: string, parameters: readonly (string | number | null)[]) => [
    ...(await sql.unsafe(statement, [...parameters])),
  ]
  return { rows } as unknown as PostgresPool
}

async function untilSomebodyWaits(): Promise<void> {
  await eventually(async () => {
    const rows = await database.sql`SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'`
    return rows.length > 0 ? true : null
  })
}
