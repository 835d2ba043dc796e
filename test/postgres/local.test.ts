import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { findBinaries } from '../../dev/postgres/binaries.ts'
import { startLocalPostgres } from '../../dev/postgres/local.ts'

let stateDir: string

beforeAll(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'usher-local-postgres-'))
})

afterAll(() => rmSync(stateDir, { recursive: true, force: true }))

const start = (settings: Record<string, string>) => startLocalPostgres(settings, stateDir)

async function claimsAt(url: string): Promise<number> {
  const sql = postgres(url, { max: 1 })
  try {
    return (await sql`SELECT FROM drop_claims`).length
  } finally {
    await sql.end()
  }
}

test('a run that asks for no PostgreSQL has none', async () => {
  expect(await start({})).toBeNull()
  expect(await start({ USHER_POSTGRES: 'none' })).toBeNull()
})

test('settings that cannot be meant are refused with a text that says what is expected', async () => {
  await expect(start({ USHER_POSTGRES: 'sqlite' })).rejects.toThrow('USHER_POSTGRES is "sqlite"')
  await expect(start({ DATABASE_URL: 'mysql://u:p@localhost/db' })).rejects.toThrow(
    'postgres://user:password@',
  )
})

test('a server that cannot be reached ends the start, and its password is in no message', async () => {
  const failure = start({ DATABASE_URL: 'postgres://usher:hunter2@127.0.0.1:1/usher' })
  await expect(failure).rejects.toThrow(/DATABASE_URL: .*ECONNREFUSED/)
  await expect(failure).rejects.not.toThrow(/hunter2/)
})

test.skipIf(findBinaries() === null)(
  'a first start that was killed in the middle is begun again',
  async () => {
    const data = join(stateDir, 'postgres/data')
    mkdirSync(data, { recursive: true })
    writeFileSync(join(data, 'PG_VERSION'), '17')
    const server = await start({ USHER_POSTGRES: 'embedded' })
    expect(await claimsAt(server?.url ?? '')).toBe(0)
    await server?.stop()
  },
)

test.skipIf(findBinaries() === null)(
  'the server of npm has its tables, and its data again after a restart',
  async () => {
    const first = await start({ USHER_POSTGRES: 'embedded' })
    const url = first?.url ?? ''
    const sql = postgres(url, { max: 1 })
    await sql`INSERT INTO drop_claims VALUES ('drop', 'ada', 'CODE', 1)`
    await sql.end()
    await first?.stop()
    const second = await start({ USHER_POSTGRES: 'embedded' })
    expect(await claimsAt(second?.url ?? '')).toBe(1)
    const third = await startLocalPostgres({ DATABASE_URL: second?.url }, stateDir)
    expect(third?.description).toContain('(DATABASE_URL)')
    await third?.stop()
    expect(await claimsAt(second?.url ?? ''), 'a server of somebody else is left alone').toBe(1)
    await second?.stop()
  },
)

test.skipIf(findBinaries() === null || process.getuid?.() !== 0)(
  'below a directory that only root may enter, the data are where its user can reach them, and found again',
  async () => {
    const hidden = join(stateDir, 'hidden')
    mkdirSync(join(hidden, 'state'), { recursive: true })
    chmodSync(hidden, 0o700)
    const first = await startLocalPostgres({ USHER_POSTGRES: 'embedded' }, join(hidden, 'state'))
    const sql = postgres(first?.url ?? '', { max: 1 })
    await sql`INSERT INTO drop_claims VALUES ('drop', 'ada', 'CODE', 1)`
    await sql.end()
    await first?.stop()
    const second = await startLocalPostgres({ USHER_POSTGRES: 'if-possible' }, join(hidden, 'state'))
    expect(await claimsAt(second?.url ?? '')).toBe(1)
    await second?.stop()
    rmSync(readFileSync(join(hidden, 'state/postgres.path'), 'utf8'), { recursive: true })
  },
)

test('a start that would be glad of PostgreSQL, and cannot have it, says why and goes on without', async () => {
  const said = vi.spyOn(console, 'log').mockImplementation(() => {})
  const blocked = join(stateDir, 'blocked')
  writeFileSync(blocked, '')
  expect(await startLocalPostgres({ USHER_POSTGRES: 'if-possible' }, blocked)).toBeNull()
  expect(said.mock.calls.join()).toMatch(/^PostgreSQL: none \(.+\)$/)
})
