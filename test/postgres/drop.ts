/** A drop of the strategy `skip-locked` in a real PostgreSQL, without the object that hosts it. */
import { withTimeout } from '../../src/bounded.ts'
import { POOL_CONNECTIONS_MAX } from '../../src/drops/core/limits.ts'
import type { DropPlan } from '../../src/drops/core/records.ts'
import { PostgresPool } from '../../src/drops/postgres/pool.ts'
import { postgresRecords } from '../../src/drops/postgres/postgres-records.ts'
import { SkipLockedIssuer } from '../../src/drops/postgres/skip-locked.ts'
import type { ClaimIssuer, IssuerTools } from '../../src/drops/ports.ts'

export type TestDrop = {
  readonly dropId: string
  readonly issuer: ClaimIssuer
  readonly pool: PostgresPool
  plan: DropPlan
  readonly codes: string[]
  /** How often the issuer has asked for the drop's alarm. */
  wakings: number
  /** Adds codes, in another epoch. */
  restock(codes: readonly string[]): Promise<void>
}

let count = 0

/** A pool as the drop's object has it. */
export function testPool(url: string, connectionsMax: number = POOL_CONNECTIONS_MAX): PostgresPool {
  return new PostgresPool(url, connectionsMax)
}

/** Open for everybody unless `window` says otherwise. */
export async function openDrop(
  pool: PostgresPool,
  stock: number,
  window: Partial<DropPlan> = {},
): Promise<TestDrop> {
  count += 1
  const dropId = `drop-${count}`
  const codes = Array.from({ length: stock }, (_, index) => `CODE-${dropId}-${index + 1}`)
  const plan: DropPlan = {
    dropId,
    name: '쿠폰',
    strategy: 'skip-locked',
    eventId: null,
    opensAtMs: null,
    closesAtMs: null,
    stock,
    epoch: 1,
    generation: 1,
    ...window,
  }
  const drop: TestDrop = {
    dropId,
    pool,
    plan,
    codes,
    wakings: 0,
    issuer: new SkipLockedIssuer(
      pool,
      toolsFor(pool, dropId, () => drop),
    ),
    restock: async (more) => {
      drop.codes.push(...more)
      drop.plan = { ...drop.plan, stock: drop.codes.length, epoch: drop.plan.epoch + 1 }
      await drop.issuer.supply(drop.plan)
    },
  }
  await drop.issuer.supply(plan)
  return drop
}

function toolsFor(pool: PostgresPool, dropId: string, drop: () => TestDrop): IssuerTools {
  const unused = (): never => {
    throw new Error('the strategy has no use for this')
  }
  return {
    dropId,
    plan: () => drop().plan,
    codesAfter: (position, limit) => drop().codes.slice(position, position + limit),
    get database() {
      return unused()
    },
    records: postgresRecords(pool),
    nowMs: unused,
    within: (limitMs, work) => withTimeout(work, limitMs),
    nextGeneration: () => {
      const { generation, epoch } = drop().plan
      drop().plan = { ...drop().plan, generation: generation + 1, epoch: epoch + 1 }
      return drop().plan
    },
    wakeSoon: () => (drop().wakings += 1),
  }
}

export function userIds(howMany: number, prefix = 'visitor'): string[] {
  return Array.from({ length: howMany }, (_, index) => `${prefix}-${index + 1}`)
}
