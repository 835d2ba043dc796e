/** What a drop is, and what its issuer answers: plain values that cross every port of the drops. */
import type { EpochMs } from '../../core/time.ts'

export const STRATEGIES = ['object', 'redis-queue', 'skip-locked'] as const
/** Where a claim is decided. */
export type Strategy = (typeof STRATEGIES)[number]

/** When claims are taken: from `opensAtMs` on, and not from `closesAtMs` on. Null: always. */
export type DropWindow = { readonly opensAtMs: EpochMs | null; readonly closesAtMs: EpochMs | null }

/** What a drop's object has written of it. */
export type DropPlan = DropWindow & {
  readonly dropId: string
  readonly name: string
  readonly strategy: Strategy
  /** The event whose visitors may claim; null: everybody may. */
  readonly eventId: string | null
  /** How many codes there are. It only grows. */
  readonly stock: number
  /** Grows whenever codes may have become free: what was sold out in another epoch need not be in this one. */
  readonly epoch: number
  /**
   * Grows whenever an issuer starts again from the records: what it had issued before and not recorded yet is void, and the
   * records refuse it.
   */
  readonly generation: number
}

/** Whether the operator brought the codes, or they were made here. */
export type CodeSource = 'given' | 'generated'

/** What an operator wants a drop to be. */
export type PutDrop = DropWindow & {
  readonly dropId: string
  readonly name: string
  /** Null: the one it has, or that of drops where nobody says. */
  readonly strategy: Strategy | null
  readonly eventId: string | null
  readonly stock: number
  /** Null: they are generated. */
  readonly codes: readonly string[] | null
}

/** Why a drop is not made or changed. */
export type PlanFailure =
  | { readonly reason: 'drop-strategy-fixed'; readonly strategy: Strategy }
  | { readonly reason: 'drop-stock-reduced'; readonly stock: number }
  /** Given codes and generated ones do not mix. */
  | { readonly reason: 'drop-codes-fixed' }
  | { readonly reason: 'drop-full'; readonly stockMax: number }

/** One visitor's coupon. `pending`: it is taken, and the visitor is told the code when it is recorded. */
export type Claim =
  | { readonly state: 'issued'; readonly code: string; readonly claimedAtMs: EpochMs }
  | { readonly state: 'pending'; readonly claimedAtMs: EpochMs }

/** What became of the wish for a coupon. `isNew` false: the visitor had it already. */
export type ClaimOutcome =
  | { readonly kind: 'claimed'; readonly claim: Claim; readonly isNew: boolean }
  | { readonly kind: 'sold-out'; readonly epoch: number }
  | { readonly kind: 'not-open'; readonly opensAtMs: EpochMs }
  | { readonly kind: 'closed' }
  /** Nothing was issued, or nobody knows: the same visitor may ask again and gets one coupon at most. */
  | { readonly kind: 'retry'; readonly afterSeconds: number }

/** `none`: as far as the issuer knows, the visitor has no claim. */
export type ClaimFound =
  | { readonly kind: 'found'; readonly claim: Claim }
  | { readonly kind: 'none' }
  | { readonly kind: 'retry'; readonly afterSeconds: number }

/**
 * Where the stock is (INV-11): stock = issued + pending + remaining.
 * issued: recorded. pending: taken, and not recorded yet. failed: those of the pending whose recording was given up until
 * an operator has it tried again. remaining: free.
 */
export type ClaimCounts = {
  readonly stock: number
  readonly issued: number
  readonly pending: number
  readonly failed: number
  readonly remaining: number
}

/**
 * What somebody was told of a store that may forget: how many coupons had been taken in this generation. Whoever finds less
 * has met a store that lost writes.
 */
export type Seen = { readonly generation: number; readonly claimed: number }

/** A claim as it is recorded. */
export type ClaimRecord = { readonly userId: string; readonly code: string; readonly claimedAtMs: EpochMs }

/**
 * recorded: it is in the records, by this call or by an earlier one. conflict: the records have another code for the
 * visitor, or the code for another visitor. stale: of an older generation, and not recorded.
 */
export type RecordOutcome = 'recorded' | 'conflict' | 'stale'

/** What a comparison of an issuer with the records has found. */
export type Reconciled = {
  readonly counts: ClaimCounts
  /** Claims that were missing in a store: they are on their way again, if that was asked for. */
  readonly missing: number
  /** Records that no claim of the issuer fits. Nobody deletes them: an operator has to look. */
  readonly extra: number
}
