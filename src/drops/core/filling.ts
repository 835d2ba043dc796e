/** What a store is filled with when it starts again from the records. */
import type { ClaimRecord } from './records.ts'

/** A claim that is not recorded yet. `isParked`: its recording was given up until an operator has it tried again. */
export type OwedClaim = ClaimRecord & { readonly isParked: boolean }

export type Filling = {
  /** In their order: the codes that nobody has. */
  readonly codes: readonly string[]
  readonly recorded: readonly ClaimRecord[]
  readonly owed: readonly OwedClaim[]
  /** How many of the records have a code that is not one of the drop's. */
  readonly extra: number
  /** The owed whose code somebody else has: they have another one in `owed`. */
  readonly reassigned: number
  /** Owed claims for which no code is left. */
  readonly unserved: readonly ClaimRecord[]
}

/**
 * INV-11 for a store that has lost something: the records stand; who is owed a record keeps the code unless it was recorded
 * for somebody else, and then gets another one, in the order of their claims.
 *
 * @param codes all codes of the drop
 * @param owed may name a visitor more than once: the first counts
 */
export function fillingOf(
  codes: readonly string[],
  recorded: readonly ClaimRecord[],
  owed: readonly OwedClaim[],
): Filling {
  const free = new Set(codes)
  const served = new Set<string>()
  let extra = 0
  for (const { userId, code } of recorded) {
    served.add(userId)
    if (!free.delete(code)) extra += 1
  }
  const waiting = unservedOnce(owed, served)
  const keeping = waiting.filter(({ code }) => free.delete(code))
  const kept = new Set(keeping.map(({ userId }) => userId))
  const losing = waiting
    .filter(({ userId }) => !kept.has(userId))
    .toSorted((a, b) => a.claimedAtMs - b.claimedAtMs)
  const others = free.values()
  const reassigned: OwedClaim[] = []
  const unserved: ClaimRecord[] = []
  for (const claim of losing) {
    const { value: code, done } = others.next()
    if (done === true) unserved.push(claim)
    else reassigned.push({ ...claim, code })
  }
  for (const { code } of reassigned) free.delete(code)
  return {
    codes: [...free],
    recorded,
    owed: [...keeping, ...reassigned],
    extra,
    reassigned: reassigned.length,
    unserved,
  }
}

function unservedOnce(owed: readonly OwedClaim[], served: Set<string>): OwedClaim[] {
  return owed.filter(({ userId }) => {
    const isFirst = !served.has(userId)
    served.add(userId)
    return isFirst
  })
}
