/** The database of a line on node:sqlite: the SQL that runs is the SQL of production, without its platform. */
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { SqlDatabase, SqlRows, SqlStatements, SqlValue } from '../../src/ports/sql-database.ts'

/** Several statements in one text; they have neither bindings nor rows. */
const SCRIPT = /^\s*(CREATE|ALTER)\b/

export class SqliteDatabase implements SqlDatabase {
  readonly #database = new DatabaseSync(':memory:')
  readonly #prepared = new Map<string, StatementSync>()
  readonly sql: SqlStatements = {
    exec: <Row extends Record<string, SqlValue>>(query: string, ...bindings: SqlValue[]) =>
      // A row has the columns that its query names; SQLite does not know TypeScript.
      this.#exec(query, bindings) as unknown as SqlRows<Row>,
  }

  transactionSync<T>(closure: () => T): T {
    this.#database.exec('BEGIN')
    try {
      const value = closure()
      this.#database.exec('COMMIT')
      return value
    } catch (error) {
      this.#database.exec('ROLLBACK')
      throw error
    }
  }

  count(table: 'places' | 'admissions' | 'batches' | 'pool_views'): number {
    return Number(this.#all(`SELECT count(*) AS n FROM ${table}`, [])[0]?.['n'] ?? 0)
  }

  /** Pages in use, in bytes. */
  get bytes(): number {
    const pages = this.#all('SELECT page_count AS n FROM pragma_page_count', [])
    const free = this.#all('SELECT freelist_count AS n FROM pragma_freelist_count', [])
    return (Number(pages[0]?.['n']) - Number(free[0]?.['n'])) * 4_096
  }

  close(): void {
    this.#prepared.clear()
    this.#database.close()
  }

  #exec(query: string, bindings: SqlValue[]): SqlRows<Record<string, unknown>> {
    const rows = SCRIPT.test(query) ? this.#script(query) : this.#all(query, bindings)
    return {
      toArray: () => rows,
      raw: () => rows.map((row) => Object.values(row) as SqlValue[]),
      one: () => {
        const [row] = rows
        if (row === undefined || rows.length > 1) throw new Error(`not one row but ${rows.length}`)
        return row
      },
    }
  }

  #script(query: string): [] {
    this.#database.exec(query)
    return []
  }

  #all(query: string, bindings: SqlValue[]): Record<string, unknown>[] {
    const known = this.#prepared.get(query)
    const statement = known ?? this.#database.prepare(query)
    if (known === undefined) this.#prepared.set(query, statement)
    return statement.all(
      ...bindings.map((value) => (value instanceof ArrayBuffer ? new Uint8Array(value) : value)),
    )
  }
}
