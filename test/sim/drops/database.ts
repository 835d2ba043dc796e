/** The rows of a simulated object: real SQL, whose last writes are lost when the object dies before they are durable. */
import type { SqlDatabase, SqlRows, SqlStatements, SqlValue } from '../../../src/ports/sql-database.ts'
import { SqliteDatabase } from '../../long/sqlite-database.ts'
import { DurableLog } from '../durable-log.ts'
import type { DropWorld } from './world.ts'

/** Statements that belong together are played again together. `alarmAtMs`: what was set; null: none. */
type Entry = { readonly statements: readonly Statement[] } | { readonly alarmAtMs: number | null }
type Statement = { readonly query: string; readonly bindings: readonly SqlValue[] }

const WRITES = /^\s*(WITH|INSERT|UPDATE|DELETE|REPLACE|CREATE|ALTER|DROP)\b/i

export class DurableDatabase {
  readonly #world: DropWorld
  readonly #log: DurableLog<Entry>
  #database = new SqliteDatabase()
  isTouched = false

  constructor(world: DropWorld) {
    this.#world = world
    this.#log = new DurableLog(world.scheduler, () => world.diskMs())
  }

  /** For the oracle, which only reads. */
  get sql(): SqlStatements {
    return this.#database.sql
  }

  /** When the alarm rings; null: it does not. */
  get alarmAtMs(): number | null {
    for (const entry of this.#log.entries.toReversed()) if ('alarmAtMs' in entry) return entry.alarmAtMs
    return null
  }

  setAlarm(alarmAtMs: number | null): void {
    this.#log.write({ alarmAtMs })
  }

  whenDurable(go: () => void): void {
    this.#log.whenDurable(go)
  }

  /** What one life of the object works with: after its death nothing is written any more. */
  open(isAlive: () => boolean): SqlDatabase {
    const database = this.#database
    let together: Statement[] | null = null
    const exec = <Row extends Record<string, SqlValue>>(
      query: string,
      ...bindings: SqlValue[]
    ): SqlRows<Row> => {
      if (!WRITES.test(query)) return database.sql.exec<Row>(query, ...bindings)
      if (!isAlive()) throw new Error('this object is gone')
      if (this.#world.strikes('writeRefused')) throw new Error('the disk is full')
      const rows = database.sql.exec<Row>(query, ...bindings)
      this.isTouched = true
      if (together === null) this.#log.write({ statements: [{ query, bindings }] })
      else together.push({ query, bindings })
      return rows
    }
    return {
      sql: { exec },
      transactionSync: (closure) => {
        together = []
        try {
          const value = database.transactionSync(closure)
          this.#log.write({ statements: together })
          return value
        } finally {
          together = null
        }
      },
    }
  }

  crash(): void {
    const lost = this.#log.crash(this.#world.random)
    this.#world.trace(() => `the drop dies, ${lost} writes are lost`)
    this.#database.close()
    this.#database = new SqliteDatabase()
    for (const entry of this.#log.entries) {
      if (!('statements' in entry)) continue
      for (const { query, bindings } of entry.statements) this.#database.sql.exec(query, ...bindings)
    }
    this.isTouched = true
  }

  close(): void {
    this.#database.close()
  }
}
