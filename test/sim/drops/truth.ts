/** What the rows of a drop's object say, read past all code under test. */
import type { SimDrop } from './drop.ts'

export type PlanRow = {
  readonly stock: number
  readonly epoch: number
  readonly generation: number
  readonly opensAtMs: number | null
}
export type ClaimRow = { readonly userId: string; readonly code: string }

/** Null: there is no drop yet. */
export function planOf({ database }: SimDrop): PlanRow | null {
  if (!exists(database, 'plan')) return null
  const [row] = database.sql
    .exec<{ stock: number; epoch: number; generation: number; opens_at_ms: number | null }>(
      'SELECT stock, epoch, generation, opens_at_ms FROM plan',
    )
    .toArray()
  if (row === undefined) return null
  return { stock: row.stock, epoch: row.epoch, generation: row.generation, opensAtMs: row.opens_at_ms }
}

export function codesOf({ database }: SimDrop): Set<string> {
  if (!exists(database, 'codes')) return new Set()
  const rows = database.sql.exec<{ code: string }>('SELECT code FROM codes').toArray()
  return new Set(rows.map(({ code }) => code))
}

/** Claims of the strategy `object`. */
export function claimsOf({ database }: SimDrop): ClaimRow[] {
  if (!exists(database, 'claims')) return []
  return database.sql
    .exec<{ user_id: string; code: string }>(
      `SELECT c.user_id, coalesce(k.code, '') AS code FROM claims c LEFT JOIN codes k ON k.position = c.position`,
    )
    .toArray()
    .map(({ user_id: userId, code }) => ({ userId, code }))
}

function exists({ sql }: SimDrop['database'], table: string): boolean {
  return sql.exec('SELECT 1 FROM sqlite_master WHERE name = ?', table).toArray().length > 0
}
