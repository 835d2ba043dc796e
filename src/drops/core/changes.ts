/** What an operator's PUT makes of a drop. */
import { err, ok, type Result } from '../../core/result.ts'
import { STOCK_MAX } from './limits.ts'
import type { CodeSource, DropPlan, PlanFailure, PutDrop } from './records.ts'

/** The drop as it is. `has`: how many of these codes it has. */
export type KnownDrop = {
  readonly plan: DropPlan
  readonly codes: CodeSource
  readonly has: (codes: readonly string[]) => number
}

/** What has to be written. `generate`: so many codes more are made; `add`: those of these that are new are added. */
export type PlanChange = {
  readonly plan: DropPlan
  readonly codes: CodeSource
  readonly add: readonly string[]
  readonly generate: number
  readonly isChanged: boolean
}

export function createDrop(request: PutDrop): PlanChange {
  const { codes, strategy, ...wanted } = request
  const plan = { ...wanted, strategy: strategy ?? 'object', epoch: 1, generation: 1 }
  return codes === null
    ? { plan, codes: 'generated', add: [], generate: plan.stock, isChanged: true }
    : { plan, codes: 'given', add: codes, generate: 0, isChanged: true }
}

/** A drop keeps its strategy and every code it has: what somebody may have been promised is not taken back. */
export function changeDrop(known: KnownDrop, request: PutDrop): Result<PlanChange, PlanFailure> {
  const { plan: before } = known
  const { codes, strategy, ...wanted } = request
  if (strategy !== null && strategy !== before.strategy)
    return err({ reason: 'drop-strategy-fixed', strategy: before.strategy })
  const isGiven = known.codes === 'given'
  if (codes !== null && !isGiven) return err({ reason: 'drop-codes-fixed' })
  const takesAway = codes !== null && known.has(codes) < before.stock
  if (wanted.stock < before.stock || takesAway)
    return err({ reason: 'drop-stock-reduced', stock: before.stock })
  const more = wanted.stock - before.stock
  if (more > 0 && codes === null && isGiven) return err({ reason: 'drop-codes-fixed' })
  return ok(withStock(known, { ...before, ...wanted }, codes ?? [], isGiven ? 0 : more))
}

/** Codes beside those that a drop of given codes has; those that it has already change nothing. */
export function addCodes(known: KnownDrop, codes: readonly string[]): Result<PlanChange, PlanFailure> {
  if (known.codes === 'generated') return err({ reason: 'drop-codes-fixed' })
  const stock = known.plan.stock + codes.length - known.has(codes)
  if (stock > STOCK_MAX) return err({ reason: 'drop-full', stockMax: STOCK_MAX })
  return ok(withStock(known, { ...known.plan, stock }, codes, 0))
}

function withStock(
  { plan: before, codes }: KnownDrop,
  plan: DropPlan,
  add: readonly string[],
  generate: number,
): PlanChange {
  const isRestocked = plan.stock > before.stock
  const isChanged =
    isRestocked ||
    plan.name !== before.name ||
    plan.eventId !== before.eventId ||
    plan.opensAtMs !== before.opensAtMs ||
    plan.closesAtMs !== before.closesAtMs
  // Another epoch: whoever remembers that nothing is left has to ask again.
  return {
    plan: { ...plan, epoch: before.epoch + Number(isRestocked) },
    codes,
    add,
    generate,
    isChanged,
  }
}
