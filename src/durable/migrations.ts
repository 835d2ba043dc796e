/**
 * Numbered schema migrations of an object's SQLite database. A migration is never edited once released; the number of
 * the last one applied is kept in the table `schema_version`.
 */
import type { SqlDatabase, SqlStatements } from '../ports/sql-database.ts'

export type Migrations = readonly string[]

/** Whether the database has a schema at all; asking writes nothing. */
export function hasSchema(sql: SqlStatements): boolean {
  const found = sql
    .exec("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'schema_version'")
    .toArray()
  return found.length > 0
}

/** Brings the schema up to date. Synchronous, so no request can meet a half-migrated database. */
export function migrate(storage: SqlDatabase, migrations: Migrations): void {
  const { sql } = storage
  const applied = hasSchema(sql) ? versionOf(sql) : 0
  if (applied >= migrations.length) return
  storage.transactionSync(() => {
    if (applied === 0) sql.exec('CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)')
    for (const migration of migrations.slice(applied)) sql.exec(migration)
    sql.exec('DELETE FROM schema_version')
    sql.exec('INSERT INTO schema_version (version) VALUES (?)', migrations.length)
  })
}

function versionOf(sql: SqlStatements): number {
  return sql.exec<{ version: number }>('SELECT version FROM schema_version').toArray()[0]?.version ?? 0
}
