/** What the parts of the drops ask of each other. DropApi goes over RPC, the others are called where they are. */
import type { LineFailure } from '../core/failures.ts'
import type { DropStatus } from '../core/drop-news.ts'
import type { Result } from '../core/result.ts'
import type { EpochMs } from '../core/time.ts'
import type { SqlDatabase } from '../ports/sql-database.ts'
import type {
  ClaimCounts,
  CodeSource,
  ClaimFound,
  ClaimOutcome,
  ClaimRecord,
  DropPlan,
  PlanFailure,
  PutDrop,
  Reconciled,
  RecordOutcome,
  Seen,
  Strategy,
} from './core/records.ts'

/** What a visitor's request needs. Every call may be repeated: a visitor has one claim of a drop. */
export interface ClaimTaker {
  /** Decides by the issuer's own clock. Rejects, or answers `retry`, when the store does not answer. */
  claim(userId: string): Promise<ClaimOutcome>
  claimOf(userId: string): Promise<ClaimFound>
}

/** A lane of claims, which ClaimLane implements. Every call may be repeated. */
export interface ClaimLaneApi extends Pick<ClaimTaker, 'claimOf'> {
  /** As ClaimTaker.claim. `overloaded`: too many wait, and nothing was asked for this visitor. */
  claim(userId: string): Promise<LaneAnswer>
}

export type LaneAnswer = Result<ClaimOutcome, Extract<LineFailure, { readonly reason: 'overloaded' }>>

/**
 * One strategy for one drop, hosted by the drop's object, which calls `supply`, `drain`, `reconcile` and `retryFailed` one
 * at a time. Whatever has to survive is in the issuer's store or in the rows of `IssuerTools.database`. All of it may be
 * called again at any time, and every call settles within its own bound of time.
 */
export interface ClaimIssuer extends ClaimTaker {
  /**
   * Makes the store follow the plan: window, epoch, and the codes that it does not have yet. Called after each change of the
   * plan until it has resolved once; claims answer `retry` before the first. Nothing that was issued changes.
   */
  supply(plan: DropPlan): Promise<void>
  counts(): Promise<ClaimCounts>
  /** The visitors who have a claim: asked when the drop is sold out, once in an epoch. */
  claimants(): Promise<readonly string[]>
  /** Writes to the records what is due. Resolves to when it wants to be called next; null: not before the next claim. */
  drain(nowMs: EpochMs): Promise<EpochMs | null>
  /** What somebody was told of the store, for issuers whose store may forget: one that says less has lost writes. */
  told?(seen: Seen): void
  /** What became of claims that a drain has handed to somebody else. */
  heard(receipts: readonly ClaimReceipt[]): Promise<void>
  /** Compares the store with the records, claim by claim. `repair`: puts on their way what is missing. */
  reconcile(repair: boolean): Promise<Reconciled>
  /** Has what has failed tried again; answers how many. */
  retryFailed(): Promise<number>
}

export type ClaimReceipt = ClaimRecord & {
  readonly generation: number
  readonly outcome: RecordOutcome | 'failed'
}

/** What a drop's object lends its issuer. */
export type IssuerTools = {
  readonly dropId: string
  /** As it is written now. */
  readonly plan: () => DropPlan
  /** All codes of the drop, for good, in their order from 1: those after `position`, at most `limit`. Synchronous. */
  readonly codesAfter: (position: number, limit: number) => readonly string[]
  /** The object's rows. An issuer has tables of its own names. */
  readonly database: SqlDatabase
  readonly records: ClaimRecords
  readonly nowMs: () => EpochMs
  /** Rejects with TimedOut when the work takes longer; leaves nothing behind that would keep the host awake. */
  readonly within: <T>(limitMs: number, work: Promise<T>) => Promise<T>
  /**
   * Writes the plan with the next generation and the next epoch, and answers it: the issuer is about to start again from the
   * records, which it tells with ClaimRecords.raise first.
   */
  readonly nextGeneration: () => DropPlan
  /** There is something to drain: the object's alarm comes soon. */
  readonly wakeSoon: () => void
}

/** Where claims are recorded for good, for all drops: D1 or PostgreSQL. Rejects when it does not answer. */
export interface ClaimRecords {
  /** From now on only claims of this generation, or a later one, are taken. Answers the generation that is so. */
  raise(dropId: string, generation: number): Promise<number>
  /**
   * Records the claims that are not recorded yet, all in one statement with the look at the generation. At most
   * CLAIMS_OF_A_BATCH_MAX; one outcome for each, in their order. Twice is as once.
   */
  insert(
    dropId: string,
    generation: number,
    claims: readonly ClaimRecord[],
  ): Promise<readonly RecordOutcome[]>
  claimOf(dropId: string, userId: string): Promise<ClaimRecord | null>
  /** In the order of the user ids (by code points), those after `afterUserId`. */
  page(dropId: string, afterUserId: string, limit: number): Promise<readonly ClaimRecord[]>
  count(dropId: string): Promise<number>
  /** Resolves when it answers at all. */
  ping(): Promise<void>
}

/** A drop. DropObject implements it. Every call may be repeated. */
export interface DropApi {
  /** Creates the drop, or changes it. */
  put(request: PutDrop): Promise<DropResult<PutAnswer>>
  /** More codes: those that the drop does not have yet are added. */
  addCodes(codes: readonly string[]): Promise<DropResult<PutAnswer>>
  /** What the way of a claim depends on, and how the drop stands. */
  standing(): Promise<DropResult<Standing>>
  detail(): Promise<DropResult<DropDetail>>
  /** `drop-not-found` when there is none. */
  claim(userId: string): Promise<DropResult<ClaimOutcome>>
  claimOf(userId: string): Promise<DropResult<ClaimFound>>
  /** Fingerprints of the visitors who have a claim (core/claimants.ts), while the drop is sold out; null when it is not. */
  claimants(): Promise<DropResult<{ readonly epoch: number; readonly fingerprints: ArrayBuffer } | null>>
  reconcile(repair: boolean): Promise<DropResult<Reconciliation>>
  retryFailed(): Promise<DropResult<{ readonly retried: number }>>
  exportPage(afterUserId: string): Promise<DropResult<ClaimsPage>>
  /** Claims were made that the object has not seen: it drains soon. */
  wake(seen: Seen): Promise<void>
  /** See ClaimIssuer.heard. */
  claimsHeard(receipts: readonly ClaimReceipt[]): Promise<void>
}

/** What the gateway has of the drops. */
export interface DropPorts {
  readonly drop: (dropId: string) => DropClient
  /** Whether nothing is left and the visitor has no claim, as far as this isolate knows for certain. Asks nobody. */
  readonly isRefused: (dropId: string, userId: string) => boolean
  readonly directory: DirectoryApi
}

/** A drop as the gateway asks it: what visitors ask passes lanes, and what this isolate knows already. */
export interface DropClient extends Omit<DropApi, 'standing' | 'claimants' | 'wake' | 'claimsHeard'> {
  /** At most a second old, or two while somebody is asking. */
  known(): Promise<DropResult<Standing>>
  /** Likewise, but not older than what this isolate has done. */
  shown(): Promise<DropResult<Standing>>
}

export type DropResult<T> = Result<T, DropFailure>

export type DropFailure =
  | PlanFailure
  | { readonly reason: 'drop-not-found' }
  /** `missing`: the variable or binding without which this deployment cannot. */
  | { readonly reason: 'drop-strategy-unavailable'; readonly strategy: Strategy; readonly missing: string }
  | { readonly reason: 'store-unavailable' }

export type PutAnswer = {
  readonly created: boolean
  readonly before: DropPlan | null
  readonly detail: DropDetail
}

/** `status` and `remaining` are of the moment; the issuer alone decides. */
export type Standing = {
  readonly plan: DropPlan
  readonly status: DropStatus
  readonly remaining: number
}

export type DropDetail = Standing & {
  readonly counts: ClaimCounts
  readonly codes: CodeSource
  readonly createdAtMs: EpochMs
}

/** `consistent`: the counts add up, and the stores agree. */
export type Reconciliation = ClaimCounts & {
  readonly consistent: boolean
  readonly missing: number
  readonly extra: number
  readonly checkedAt: string
}

export type ClaimsPage = { readonly claims: readonly ClaimRecord[]; readonly next: string | null }

/** Which drops there are. DropDirectory implements it. */
export interface DirectoryApi {
  /** Before the drop is made, so that no list misses one. Idempotent. */
  add(dropId: string): Promise<void>
  /** All, ordered by id; some of them may not have come to be. */
  all(): Promise<string[]>
}
