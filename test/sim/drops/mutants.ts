/** The mistakes that a drop is there to avoid, each made on purpose from outside. */
import { ClaimRows } from '../../../src/drops/objects/claim-rows.ts'
import { InTurn } from '../../../src/drops/objects/in-turn.ts'
import type { ClaimRecords, IssuerTools } from '../../../src/drops/ports.ts'
import type { DropGate } from '../../../src/drops/redis/drop-gate.ts'
import type { FaultName } from '../faulty-world.ts'
import { replaced } from '../replaced.ts'
import type { Simulated } from './stage.ts'

export type DropMutant = {
  readonly name: string
  /** Null: of both. */
  readonly strategy: Simulated | null
  /** Faults that strike this often in its worlds, and in those of the right design beside them. */
  readonly faults?: Partial<Record<FaultName, number>>
  /** How often Redis loses something between two acts; default 0.02. */
  readonly losses?: number
  /** Changes the code for as long as a simulation runs; answers how to change it back. */
  readonly install?: () => () => void
  readonly tools?: (right: IssuerTools) => IssuerTools
  readonly gate?: (right: DropGate) => DropGate
  /** The records as the queue's consumer has them. */
  readonly consumerRecords?: (right: ClaimRecords) => ClaimRecords
  /** Visitors hear of what is not durable. */
  readonly answersEarly?: boolean
}

export const DROP_MUTANTS: readonly DropMutant[] = [
  {
    name: 'a coupon is taken without looking whether one is left',
    strategy: 'object',
    tools: withoutGuard,
  },
  {
    name: 'a visitor is not looked up before a coupon is taken',
    strategy: 'object',
    install: () => replaced(ClaimRows.prototype, 'ofVisitor', () => () => null),
  },
  {
    name: 'a visitor hears of what is not durable',
    strategy: 'object',
    answersEarly: true,
    faults: { slowDisk: 0.6 },
  },
  {
    name: 'claims count as recorded when they have been sent',
    strategy: 'object',
    tools: (right) => ({
      ...right,
      records: {
        ...bound(right.records),
        insert: async (dropId, generation, claims) => {
          void right.records.insert(dropId, generation, claims).catch(() => null)
          return claims.map(() => 'recorded' as const)
        },
      },
    }),
    faults: { requestLost: 0.2 },
  },
  {
    name: 'what is done for an issuer overlaps',
    strategy: null,
    install: () => replaced(InTurn.prototype, 'take', () => (work) => work()),
    faults: { callLate: 0.3 },
  },
  {
    name: 'a record that fails counts as an outage of all records',
    strategy: null,
    tools: (right) => ({ ...right, records: withoutPing(right.records) }),
    consumerRecords: withoutPing,
  },
  {
    name: 'whoever is early is served',
    strategy: 'object',
    tools: (right) => ({ ...right, nowMs: () => right.nowMs() + 3_000 }),
  },
  {
    name: 'a code is told before its record is written',
    strategy: 'redis-queue',
    gate: (right) => ({ ...right, takeOutbox: (...args) => confirmed(right, args) }),
  },
  {
    name: 'what the records have for somebody else counts as recorded',
    strategy: 'redis-queue',
    losses: 0.05,
    // It takes a loss that nobody has noticed, so nobody may know what there was before.
    gate: (right) => ({
      ...right,
      claim: (userIds, { generation }) => right.claim(userIds, { generation, claimed: 0 }),
      takeOutbox: ({ generation }, ...how) => right.takeOutbox({ generation, claimed: 0 }, ...how),
    }),
    consumerRecords: (right) => ({
      ...bound(right),
      insert: async (...args) => (await right.insert(...args)).map(() => 'recorded' as const),
    }),
  },
  {
    name: 'Redis is never looked at again: what it has lost stays lost',
    strategy: 'redis-queue',
    gate: (right) => ({
      ...right,
      takeOutbox: async (...args) => {
        const reply = await right.takeOutbox(...args)
        return reply.kind === 'lost' ? { ...NOTHING_OWED, seen: args[0] } : reply
      },
    }),
  },
  {
    name: 'a queue that forgets is trusted',
    strategy: 'redis-queue',
    gate: (right) => ({
      ...right,
      takeOutbox: (seen, _resendMs, limit) => right.takeOutbox(seen, 10 * 24 * 60 * 60 * 1_000, limit),
    }),
    faults: { requestLost: 0.3 },
  },
]

const NOTHING_OWED = {
  kind: 'outbox',
  stock: Number.MAX_SAFE_INTEGER,
  epoch: 0,
  configVersion: Number.MAX_SAFE_INTEGER,
  pending: 0,
  parked: 0,
  due: [],
} as const

/** Whatever is handed over counts as written. */
async function confirmed(
  gate: DropGate,
  args: Parameters<DropGate['takeOutbox']>,
): ReturnType<DropGate['takeOutbox']> {
  const reply = await gate.takeOutbox(...args)
  if (reply.kind === 'outbox') await gate.confirm(args[0].generation, reply.due)
  return reply
}

function withoutPing(records: ClaimRecords): ClaimRecords {
  return { ...bound(records), ping: () => Promise.reject(new Error('away')) }
}

function bound(records: ClaimRecords): ClaimRecords {
  return {
    raise: (...args) => records.raise(...args),
    insert: (...args) => records.insert(...args),
    claimOf: (...args) => records.claimOf(...args),
    page: (...args) => records.page(...args),
    count: (...args) => records.count(...args),
    ping: () => records.ping(),
  }
}

/** The issuer sees more stock than there is, and the codes begin again when they are over. */
function withoutGuard(right: IssuerTools): IssuerTools {
  return {
    ...right,
    plan: () => ({ ...right.plan(), stock: right.plan().stock + 3 }),
    codesAfter: (position, limit) => {
      const codes = right.codesAfter(position, limit)
      return codes.length > 0 ? codes : right.codesAfter(0, limit)
    },
  }
}
