import type { ClaimRecord, RecordOutcome } from '../core/records.ts'

/**
 * What an insert has led to: `codes` are those that the records have now for the visitors of the claims, `isCurrent` says
 * whether they took claims of this generation.
 */
export function outcomesOf(
  claims: readonly ClaimRecord[],
  codes: ReadonlyMap<string, string>,
  isCurrent: boolean,
): RecordOutcome[] {
  return claims.map(({ userId, code }) => {
    if (codes.get(userId) === code) return 'recorded'
    return isCurrent ? 'conflict' : 'stale'
  })
}
