/**
 * Brings a PostgreSQL database up to date: the numbered files of migrations/postgres, each once, in their order. Several that
 * do so at once wait for each other. Directly, not through Hyperdrive, which has no locks that outlive a statement.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import postgres from 'postgres'
import { PROJECT_ROOT } from '../settings.ts'

const DIRECTORY = join(PROJECT_ROOT, 'migrations/postgres')
/** Any number that nobody else locks. */
const LOCK = 7_201_984_301
const CONNECT_TIMEOUT_SECONDS = 10

type Migration = { readonly name: string; readonly text: string; readonly digest: string }

/**
 * Answers the names of those that were applied now.
 * @throws Error when one that was applied has been changed since, and whatever the database refuses; then nothing is changed.
 */
export async function migratePostgres(url: string, directory: string = DIRECTORY): Promise<string[]> {
  const client = postgres(url, { max: 1, connect_timeout: CONNECT_TIMEOUT_SECONDS, onnotice: () => {} })
  try {
    return await client.begin(async (transaction) => {
      await transaction`SELECT pg_advisory_xact_lock(${LOCK})`
      await transaction`
        CREATE TABLE IF NOT EXISTS usher_migrations (
          name text PRIMARY KEY, digest text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now()
        )`
      const rows = await transaction<
        { name: string; digest: string }[]
      >`SELECT name, digest FROM usher_migrations`
      const applied = new Map(rows.map(({ name, digest }) => [name, digest]))
      const due = migrationsOf(directory).filter((migration) => !isApplied(migration, applied))
      for (const { name, text, digest } of due) {
        await transaction.unsafe(text)
        await transaction`INSERT INTO usher_migrations (name, digest) VALUES (${name}, ${digest})`
      }
      return due.map(({ name }) => name)
    })
  } finally {
    await client.end()
  }
}

function migrationsOf(directory: string): Migration[] {
  const names = readdirSync(directory).filter((name) => /^\d{4}_\w+\.sql$/.test(name))
  return names.toSorted().map((name) => {
    const text = readFileSync(join(directory, name), 'utf8')
    return { name, text, digest: createHash('sha256').update(text).digest('hex') }
  })
}

function isApplied({ name, digest }: Migration, applied: ReadonlyMap<string, string>): boolean {
  const known = applied.get(name)
  if (known !== undefined && known !== digest) {
    throw new Error(`${name} has been applied, and changed since: write another one`)
  }
  return known !== undefined
}
