/** What a row of CLAIM says to the visitor. */
import type { Claim, ClaimOutcome } from '../core/records.ts'
import type { ClaimRow } from './statements.ts'

export const RETRY = { kind: 'retry', afterSeconds: 1 } as const

/** `again`: somebody else was in the way for a moment. */
export type ClaimAnswer = ClaimOutcome | 'again'

export function answerOf(row: ClaimRow): ClaimAnswer {
  switch (row.kind) {
    case 'had':
    case 'taken':
      return { kind: 'claimed', claim: issuedClaim(row.code, row.claimed_at_ms), isNew: row.kind === 'taken' }
    case 'not-open':
      return { kind: 'not-open', opensAtMs: row.opens_at_ms }
    case 'closed':
      return { kind: 'closed' }
    case 'sold-out':
      return { kind: 'sold-out', epoch: row.epoch }
    case 'no-stock':
      return RETRY
    case 'all-locked':
      return 'again'
  }
}

/** What the same visitor is told who asked a second time together with the first. */
export function repeated(answer: ClaimAnswer): ClaimAnswer {
  return answer !== 'again' && answer.kind === 'claimed' ? { ...answer, isNew: false } : answer
}

/** Times in milliseconds of the epoch, by the clock of the database. */
export function issuedClaim(code: string, claimedAtMs: number): Claim {
  return { state: 'issued', code, claimedAtMs }
}
