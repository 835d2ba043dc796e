/** The tables of the drops' records, made as `wrangler d1 migrations apply` makes them in a deployment. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Miniflare } from 'miniflare'

const MIGRATIONS = 'migrations/d1'
const BINDING = 'RECORDS'

/** What is used here of a D1 database; its own type needs the Workers' global types. */
type Database = {
  prepare(query: string): Statement
  batch(statements: Statement[]): Promise<unknown>
}
type Statement = {
  bind(...values: unknown[]): Statement
  all(): Promise<{ results: { name: string }[] }>
}

/** Runs the migrations of the project that the local database has not had, each in one transaction with its name. */
export async function migrateRecords(miniflare: Miniflare, root: string): Promise<void> {
  const database = (await miniflare.getD1Database(BINDING)) as unknown as Database
  await database.batch([
    database.prepare(
      `CREATE TABLE IF NOT EXISTS d1_migrations (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE,
         applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)`,
    ),
  ])
  const { results } = await database.prepare('SELECT name FROM d1_migrations').all()
  const applied = new Set(results.map(({ name }) => name))
  for (const name of readdirSync(join(root, MIGRATIONS)).toSorted()) {
    if (applied.has(name)) continue
    const statements = statementsOf(readFileSync(join(root, MIGRATIONS, name), 'utf8'))
    const done = database.prepare('INSERT INTO d1_migrations (name) VALUES (?)').bind(name)
    await database.batch([...statements.map((statement) => database.prepare(statement)), done])
  }
}

/** The migrations are ours: a statement ends with a semicolon at the end of a line, and a comment has a line of its own. */
function statementsOf(script: string): string[] {
  return script
    .replaceAll(/^--.*$/gm, '')
    .split(/;\s*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '')
}
