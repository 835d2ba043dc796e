/** How the rows of a seat office are found. */
import { expect, it } from 'vitest'
import { OfficeStorage } from '../../../src/purchase/objects/office-storage.ts'
import type { SqlDatabase } from '../../../src/ports/sql-database.ts'
import { SqliteDatabase } from '../../long/sqlite-database.ts'

/** How SQLite would carry out what the storage asks of it. */
function planOf(ask: (storage: OfficeStorage) => void): string {
  const database = new SqliteDatabase()
  new OfficeStorage(database).create()
  const plans: string[] = []
  const exec: SqlDatabase['sql']['exec'] = (query, ...bindings) => {
    const steps = database.sql.exec<{ detail: string }>(`EXPLAIN QUERY PLAN ${query}`, ...bindings)
    plans.push(...steps.toArray().map(({ detail }) => detail))
    return database.sql.exec(query, ...bindings)
  }
  ask(new OfficeStorage({ sql: { exec }, transactionSync: (work) => database.transactionSync(work) }))
  return plans.join('; ')
}

it.each(['stuck', 'refund_due'] as const)(
  'payments that are %s are found without reading those that are not',
  (state) => {
    const plan = planOf((storage) => void storage.paymentsIn(state, 200))
    expect(plan).toMatch(/^SEARCH payments USING INDEX payments_by_state \(state=\?\)$/)
  },
)
