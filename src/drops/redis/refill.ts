/**
 * Fills a drop in Redis anew, from the records and from what is still owed. Each attempt has a generation of its own, so
 * whatever an earlier one left behind, or is still under way of it, is void. Claims answer `retry` meanwhile.
 */
import { StoreUnavailable } from '../../ports/pool-gate.ts'
import { RECORDS_TIMEOUT_MS } from '../core/limits.ts'
import { fillingOf } from '../core/filling.ts'
import type { Filling, OwedClaim } from '../core/filling.ts'
import { portionsOf } from '../core/portions.ts'
import type { ClaimRecord, DropPlan } from '../core/records.ts'
import type { ClaimRecords, IssuerTools } from '../ports.ts'
import type { DropGate } from './drop-gate.ts'
import type { StoredClaim } from './replies.ts'

/** Members of one script call, and rows of one page of the records. */
const MEMBERS_MAX = 1_000

export type RefillTools = Pick<IssuerTools, 'dropId' | 'codesAfter' | 'within'> & {
  readonly records: ClaimRecords
  readonly gate: DropGate
  /** Larger than of any change before. */
  readonly configVersion: number
}

/**
 * @param plan of a generation that nobody has tried
 * @param inFlight what was handed over and not heard of since
 * @throws StoreUnavailable, or what the records throw, when it has to be begun again with another generation
 */
export async function refill(
  tools: RefillTools,
  plan: DropPlan,
  inFlight: readonly OwedClaim[],
): Promise<Filling> {
  const { gate, records, within, dropId } = tools
  const { generation } = plan
  // From now on nothing of an older generation is recorded, so what is read then stays all there is.
  const raised = await within(RECORDS_TIMEOUT_MS, records.raise(dropId, generation))
  if (raised !== generation) throw new StoreUnavailable('the records expect a later generation')
  expectDone(await gate.freeze(generation))
  const stored = (await readStored(gate, generation)).map((claim) => ({ ...claim, isParked: false }))
  const recorded = await readRecords(tools)
  const filling = fillingOf(allCodes(tools), recorded, [...inFlight, ...stored])
  await load(gate, generation, filling)
  const claimed = filling.recorded.length + filling.owed.length
  const { epoch, opensAtMs, closesAtMs } = plan
  const counts = { stock: filling.codes.length + claimed, claimed, pending: filling.owed.length }
  const terms = { epoch, opensAtMs, closesAtMs, configVersion: tools.configVersion }
  expectDone(await gate.open({ generation, ...counts, ...terms }))
  return filling
}

/** Every claim that is in Redis under this generation, or frozen by it. Each visitor once. */
export async function readStored(gate: DropGate, generation: number): Promise<StoredClaim[]> {
  const byUser = new Map<string, StoredClaim>()
  let cursor = '0'
  do {
    const page = await gate.readClaims(generation, cursor, MEMBERS_MAX)
    if (page.kind === 'lost') throw new StoreUnavailable('a drop was lost while its claims were read')
    for (const claim of page.claims) byUser.set(claim.userId, claim)
    cursor = page.cursor
  } while (cursor !== '0')
  return [...byUser.values()]
}

/** All records of the drop. */
export async function readRecords({
  records,
  within,
  dropId,
}: Pick<RefillTools, 'records' | 'within' | 'dropId'>): Promise<ClaimRecord[]> {
  const all: ClaimRecord[] = []
  for (;;) {
    const after = all.at(-1)?.userId ?? ''
    const page = await within(RECORDS_TIMEOUT_MS, records.page(dropId, after, MEMBERS_MAX))
    all.push(...page)
    if (page.length < MEMBERS_MAX) return all
  }
}

async function load(gate: DropGate, generation: number, { codes, recorded, owed }: Filling): Promise<void> {
  const nothing = { generation, codes: [], recorded: [], owed: [] }
  for (const portion of portionsOf(codes, MEMBERS_MAX))
    expectDone(await gate.load({ ...nothing, codes: portion }))
  for (const portion of portionsOf(recorded, MEMBERS_MAX))
    expectDone(await gate.load({ ...nothing, recorded: portion }))
  for (const portion of portionsOf(owed, MEMBERS_MAX))
    expectDone(await gate.load({ ...nothing, owed: portion }))
}

function allCodes({ codesAfter }: Pick<RefillTools, 'codesAfter'>): string[] {
  const codes: string[] = []
  for (;;) {
    const page = codesAfter(codes.length, MEMBERS_MAX)
    codes.push(...page)
    if (page.length < MEMBERS_MAX) return codes
  }
}

function expectDone({ kind }: { readonly kind: 'done' | 'lost' }): void {
  if (kind === 'lost') throw new StoreUnavailable('a drop was lost while it was filled')
}
