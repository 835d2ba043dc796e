import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { migratePostgres } from '../../dev/postgres/migrations.ts'
import { PROJECT_ROOT } from '../../dev/settings.ts'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'

let database: TestPostgres
let directory: string

beforeAll(async () => {
  database = await startPostgres()
  directory = mkdtempSync(join(tmpdir(), 'usher-migrations-'))
  cpSync(join(PROJECT_ROOT, 'migrations/postgres'), directory, { recursive: true })
})

afterAll(async () => {
  rmSync(directory, { recursive: true })
  await database.stop()
})

const migrate = () => migratePostgres(database.url, directory)
const add = (name: string, text: string) => writeFileSync(join(directory, name), text)

test('what has been applied is not applied again', async () => {
  expect(await migrate()).toEqual([])
})

test('several that migrate at once apply each file once', async () => {
  add('9001_once.sql', 'CREATE TABLE once (a int); INSERT INTO once VALUES (1);')
  const applied = await Promise.all([migrate(), migrate(), migrate(), migrate()])
  expect(applied.flat()).toEqual(['9001_once.sql'])
  expect(await database.sql`SELECT a FROM once`).toHaveLength(1)
})

test('a file that fails leaves nothing behind, not of those before it either', async () => {
  add('9002_before.sql', 'CREATE TABLE before (a int);')
  add('9003_broken.sql', 'CREATE TABLE broken (a int); SELECT * FROM no_such_table;')
  await expect(migrate()).rejects.toThrow('no_such_table')
  add('9003_broken.sql', 'CREATE TABLE broken (a int);')
  expect(await migrate()).toEqual(['9002_before.sql', '9003_broken.sql'])
})

test('a file that was changed after it was applied is refused', async () => {
  add('9001_once.sql', 'CREATE TABLE twice (a int);')
  await expect(migrate()).rejects.toThrow('9001_once.sql has been applied, and changed since')
})

test('a database of the first version is brought up to date with the claims that it has', async () => {
  await database.sql`CREATE DATABASE older`
  const url = new URL(database.url)
  url.pathname = '/older'
  const sql = postgres(url.href, { max: 1, onnotice: () => {} })
  try {
    const first = mkdtempSync(join(tmpdir(), 'usher-first-'))
    cpSync(join(PROJECT_ROOT, 'migrations/postgres/0001_drops.sql'), join(first, '0001_drops.sql'))
    expect(await migratePostgres(url.href, first)).toEqual(['0001_drops.sql'])
    rmSync(first, { recursive: true })
    await sql`INSERT INTO drop_claims (drop_id, user_id, code, claimed_at_ms) VALUES ('d', 'ann', 'C1', 7)`
    expect(await migratePostgres(url.href)).toEqual(['0002_claim_by_key.sql'])
    expect(await sql`SELECT code, claimed_at_ms::int AS at FROM drop_claim_of('d', 'ann')`).toEqual([
      { code: 'C1', at: 7 },
    ])
    await expect(
      sql`INSERT INTO drop_claims (drop_id, user_id, code, claimed_at_ms) VALUES ('d', 'ben', 'C1', 8)`,
    ).rejects.toThrow('drop_claims_code')
  } finally {
    await sql.end()
  }
})
