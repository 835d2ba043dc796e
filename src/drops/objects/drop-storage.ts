/** The rows of a drop that every strategy has: the plan, and its codes. Every method is synchronous. */
import type { EpochMs } from '../../core/time.ts'
import { hasSchema, migrate } from '../../durable/migrations.ts'
import type { SqlDatabase, SqlStatements } from '../../ports/sql-database.ts'
import type { CodeSource, DropPlan } from '../core/records.ts'
import { DROP_MIGRATIONS } from './drop-schema.ts'

/** A text that a statement is given may have two megabytes. */
const CODES_OF_A_STATEMENT = 5_000

/** What an object knows of its drop. */
export type KeptDrop = {
  readonly plan: DropPlan
  readonly codes: CodeSource
  /** Grows with each change of the plan. */
  readonly version: number
  /** The version that the issuer's store follows; 0: none yet. */
  readonly suppliedVersion: number
  /** When the stores are compared next; null: nothing has changed since they were. */
  readonly checkDueAtMs: EpochMs | null
  readonly createdAtMs: EpochMs
}

type PlanRow = {
  name: string
  strategy: DropPlan['strategy']
  event_id: string | null
  code_source: CodeSource
  stock: number
  opens_at_ms: number | null
  closes_at_ms: number | null
  epoch: number
  generation: number
  version: number
  supplied_version: number
  check_due_at_ms: number | null
  created_at_ms: number
}

export class DropStorage {
  readonly #storage: SqlDatabase
  readonly #sql: SqlStatements

  constructor(storage: SqlDatabase) {
    this.#storage = storage
    this.#sql = storage.sql
  }

  /** Null for a drop that was never made: asking for it leaves nothing behind. */
  load(dropId: string): KeptDrop | null {
    if (!hasSchema(this.#sql)) return null
    migrate(this.#storage, DROP_MIGRATIONS)
    const [row] = this.#sql.exec<PlanRow>('SELECT * FROM plan').toArray()
    return row === undefined ? null : dropFromRow(dropId, row)
  }

  /**
   * Writes the drop and its new codes. Codes that are there already are passed over; the stock is what there is then.
   * Writes nothing when it throws.
   */
  save(drop: KeptDrop, newCodes: readonly string[]): void {
    migrate(this.#storage, DROP_MIGRATIONS)
    this.#storage.transactionSync(() => {
      this.#savePlan(drop)
      if (newCodes.length === 0) return
      for (let start = 0; start < newCodes.length; start += CODES_OF_A_STATEMENT) {
        this.#sql.exec(
          `INSERT INTO codes (code) SELECT value FROM json_each(?) WHERE true ON CONFLICT (code) DO NOTHING`,
          JSON.stringify(newCodes.slice(start, start + CODES_OF_A_STATEMENT)),
        )
      }
      const { last } = this.#sql.exec<{ last: number }>('SELECT max(position) AS last FROM codes').one()
      if (last !== drop.plan.stock) throw new Error('a drop has other codes than its stock')
    })
  }

  codesAfter(position: number, limit: number): string[] {
    return this.#sql
      .exec<{ code: string }>(
        'SELECT code FROM codes WHERE position > ? ORDER BY position LIMIT ?',
        position,
        limit,
      )
      .toArray()
      .map(({ code }) => code)
  }

  /** How many of these are codes of the drop. */
  knownCodes(codes: readonly string[]): number {
    const { known } = this.#sql
      .exec<{ known: number }>(
        'SELECT count(*) AS known FROM codes WHERE code IN (SELECT value FROM json_each(?))',
        JSON.stringify(codes),
      )
      .one()
    return known
  }

  #savePlan({ plan, codes, version, suppliedVersion, checkDueAtMs, createdAtMs }: KeptDrop): void {
    this.#sql.exec(
      `INSERT OR REPLACE INTO plan (id, name, strategy, event_id, code_source, stock, opens_at_ms, closes_at_ms, epoch,
         generation, version, supplied_version, check_due_at_ms, created_at_ms)
       VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      plan.name,
      plan.strategy,
      plan.eventId,
      codes,
      plan.stock,
      plan.opensAtMs,
      plan.closesAtMs,
      plan.epoch,
      plan.generation,
      version,
      suppliedVersion,
      checkDueAtMs,
      createdAtMs,
    )
  }
}

function dropFromRow(dropId: string, row: PlanRow): KeptDrop {
  return {
    plan: {
      dropId,
      name: row.name,
      strategy: row.strategy,
      eventId: row.event_id,
      stock: row.stock,
      opensAtMs: row.opens_at_ms,
      closesAtMs: row.closes_at_ms,
      epoch: row.epoch,
      generation: row.generation,
    },
    codes: row.code_source,
    version: row.version,
    suppliedVersion: row.supplied_version,
    checkDueAtMs: row.check_due_at_ms,
    createdAtMs: row.created_at_ms,
  }
}
