/** The mistakes that a drop is there to avoid, each made on purpose from outside. */
import { ClaimRows } from '../../../src/drops/objects/claim-rows.ts'
import { InTurn } from '../../../src/drops/objects/in-turn.ts'
import type { IssuerTools } from '../../../src/drops/ports.ts'
import type { FaultName } from '../faulty-world.ts'
import { replaced } from '../replaced.ts'

export type DropMutant = {
  readonly name: string
  /** Faults that strike this often in its worlds, and in those of the right design beside them. */
  readonly faults?: Partial<Record<FaultName, number>>
  /** Changes the code for as long as a simulation runs; answers how to change it back. */
  readonly install?: () => () => void
  readonly tools?: (right: IssuerTools) => IssuerTools
  /** Visitors hear of what is not durable. */
  readonly answersEarly?: boolean
}

export const DROP_MUTANTS: readonly DropMutant[] = [
  { name: 'a coupon is taken without looking whether one is left', tools: withoutGuard },
  {
    name: 'a visitor is not looked up before a coupon is taken',
    install: () => replaced(ClaimRows.prototype, 'ofVisitor', () => () => null),
  },
  { name: 'a visitor hears of what is not durable', answersEarly: true, faults: { slowDisk: 0.6 } },
  {
    name: 'claims count as recorded when they have been sent',
    tools: (right) => ({
      ...right,
      records: {
        ...right.records,
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
    install: () => replaced(InTurn.prototype, 'take', () => (work) => work()),
    faults: { callLate: 0.3 },
  },
  {
    name: 'a record that fails counts as an outage of all records',
    tools: (right) => ({
      ...right,
      records: { ...right.records, ping: () => Promise.reject(new Error('away')) },
    }),
  },
  {
    name: 'whoever is early is served',
    tools: (right) => ({ ...right, nowMs: () => right.nowMs() + 3_000 }),
  },
]

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
