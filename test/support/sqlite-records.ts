/** The records in D1's words on node:sqlite: the statements and the tables are those of production. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { PROJECT_ROOT } from '../../dev/settings.ts'
import type { ClaimRecords } from '../../src/drops/ports.ts'
import { d1Records, type D1Like } from '../../src/drops/records/d1-records.ts'

type Rows<Row> = { results: Row[] }

export class SqliteRecords {
  readonly database = new DatabaseSync(':memory:')
  readonly records: ClaimRecords

  constructor() {
    const folder = join(PROJECT_ROOT, 'migrations/d1')
    for (const file of readdirSync(folder).toSorted())
      this.database.exec(readFileSync(join(folder, file), 'utf8'))
    this.records = d1Records(this.#d1())
  }

  /** The claims of a drop as the records have them: `user code`, ordered. */
  claims(dropId: string): string[] {
    return this.database
      .prepare('SELECT user_id, code FROM drop_claims WHERE drop_id = ? ORDER BY user_id')
      .all(dropId)
      .map((row) => `${String(row['user_id'])} ${String(row['code'])}`)
  }

  #d1(): D1Like {
    return {
      prepare: (query) => new SqliteStatement(this.database, query, []),
      // Made by `prepare`, all of them.
      batch: async <Row>(made: readonly unknown[]): Promise<Rows<Row>[]> => {
        const statements = made as readonly SqliteStatement[]
        this.database.exec('BEGIN')
        try {
          const results = statements.map((statement) => statement.rows<Row>())
          this.database.exec('COMMIT')
          return results
        } catch (error) {
          this.database.exec('ROLLBACK')
          throw error
        }
      },
    }
  }
}

class SqliteStatement {
  readonly #database: DatabaseSync
  readonly #query: string
  readonly #values: readonly unknown[]

  constructor(database: DatabaseSync, query: string, values: readonly unknown[]) {
    this.#database = database
    this.#query = query
    this.#values = values
  }

  bind(...values: unknown[]): SqliteStatement {
    return new SqliteStatement(this.#database, this.#query, values)
  }

  async all<Row>(): Promise<Rows<Row>> {
    return this.rows()
  }

  rows<Row>(): Rows<Row> {
    // The statements bind texts and numbers; the rows have the columns that their query names.
    const values = this.#values as (string | number)[]
    return { results: this.#database.prepare(this.#query).all(...values) as Row[] }
  }
}
