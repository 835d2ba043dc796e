/**
 * The gate in front of a pool of capacity: what the line asks of Redis, one script call each.
 *
 * The ledgers in the lines are the truth; the gate is rebuilt from them. Every call carries the epoch and version
 * that the line saw last. A gate that has lost data, or is an older copy, answers `lost` and grants nothing until
 * the lines have re-asserted what is alive.
 *
 * Policy when the gate is away: the method throws StoreUnavailable, the outcome is unknown, and the line holds.
 * Every method may be repeated with the same arguments.
 */
import type { EpochMs } from '../core/time.ts'

/** `e:<eventId>` for an event's own pool, `p:<poolId>` for a shared one. */
export type PoolKey = `e:${string}` | `p:${string}`

/** What the line knew last of the pool's generation; 0 and 0 at the start. */
export type PoolView = { readonly epoch: number; readonly version: number }

export type PoolCall = { readonly pool: PoolKey; readonly eventId: string; readonly view: PoolView }

/** A call that changes the pool. `nextVersion` is larger than in every earlier call; the version becomes at least that. */
export type PoolChange = PoolCall & { readonly nextVersion: number }

export type ReserveCall = PoolChange & {
  readonly nowMs: EpochMs
  readonly batchId: string
  /** The version that a reply told the line last; `view` may count on calls of the same turn. */
  readonly toldVersion: number
  /** In the order of the line; the first n are granted. At most 1,000. */
  readonly admissionIds: readonly string[]
  readonly leaseExpiresAtMs: EpochMs
  readonly capacity: number
  readonly admitPerMinute: number | null
  readonly configVersion: number
}

/** The gate does not know this line's generation: nothing was done; re-assert, then repeat. */
export type Lost = { readonly kind: 'lost' }
/** Other lines of the pool have not re-asserted yet: nothing was granted. */
export type Recovering = { readonly kind: 'recovering'; readonly view: PoolView }

export type ReserveReply =
  | { readonly kind: 'granted'; readonly count: number; readonly free: number; readonly view: PoolView }
  | Recovering
  | Lost

export type LeaseRenewal = { readonly admissionId: string; readonly leaseExpiresAtMs: EpochMs }
export type LeaseAssertion = LeaseRenewal & {
  /** Null until redeemed. */
  readonly sessionDigest: string | null
}

/** `changed`: how many leases the call found and changed. */
export type ChangeReply = { readonly kind: 'done'; readonly changed: number; readonly view: PoolView } | Lost

export type RedeemReply =
  | { readonly kind: 'redeemed'; readonly view: PoolView }
  | { readonly kind: 'taken'; readonly view: PoolView }
  | { readonly kind: 'unknown'; readonly view: PoolView }
  | Lost

export type TokenState =
  | { readonly state: 'live' }
  | { readonly state: 'redeemed'; readonly sessionDigest: string }
  | { readonly state: 'unknown' }

export type CheckReply =
  | {
      readonly kind: 'checked'
      readonly tokens: readonly TokenState[]
      /** Of the event, in this pool. */
      readonly leases: number
      readonly view: PoolView
    }
  | Lost

export type ReassertCall = PoolChange & {
  readonly nowMs: EpochMs
  /** At most 1,000; a longer list is sent in several calls, `final` on the last. */
  readonly leases: readonly LeaseAssertion[]
  readonly final: boolean
  /** Starts a new epoch even if the gate's data looks whole: the line has seen that it is not. First call only. */
  readonly startEpoch: boolean
  /** The events whose word the pool waits for, this one included. */
  readonly memberEventIds: readonly string[]
  /** The pool opens then at the latest: every lease that a silent line could hold has expired. */
  readonly longestLeaseMs: number
  readonly capacity: number
  readonly admitPerMinute: number | null
  readonly configVersion: number
}

export type ReassertReply =
  | { readonly kind: 'open'; readonly view: PoolView }
  | { readonly kind: 'recovering'; readonly view: PoolView; readonly missingEventIds: readonly string[] }
  /** Nothing of the list was taken: it came from a line that did not know this view. Send all of it again. */
  | { readonly kind: 'again'; readonly view: PoolView }

export interface PoolGate {
  reserve(call: ReserveCall): Promise<ReserveReply>
  renew(call: PoolChange & { leases: readonly LeaseRenewal[] }): Promise<ChangeReply>
  release(call: PoolChange & { admissionIds: readonly string[] }): Promise<ChangeReply>
  redeem(call: PoolChange & { lease: LeaseRenewal & { sessionDigest: string } }): Promise<RedeemReply>
  check(call: PoolCall & { admissionIds: readonly string[] }): Promise<CheckReply>
  reassert(call: ReassertCall): Promise<ReassertReply>
  /** Answers when Redis does. */
  ping(): Promise<void>
}

/** No answer, or an error in place of one: whether the script ran is unknown. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable'
}

/** An answer that the adapter cannot read: a bug or a foreign server, never retried. */
export class StoreProtocolError extends Error {
  override readonly name = 'StoreProtocolError'
}
