/**
 * What a line keeps: plain rows. A decision is a list of changes to them; the shell writes the changes of one
 * decision in one synchronous block, and a line rebuilt from the rows is the line that wrote them (INV-9).
 */
import type { EventConfig } from './event-config.ts'
import type { EpochMs } from './time.ts'
import type { AdmissionState, EventStatus, Outcome, PlaceState } from './views.ts'
import type { EventStatusName } from './event-config.ts'

export type EventRecord = {
  readonly eventId: string
  readonly config: EventConfig
  readonly status: EventStatusName
  /** Grows with every change of the configuration: the version of the event's own pool. */
  readonly revision: number
  readonly createdAtMs: EpochMs
  readonly updatedAtMs: EpochMs
  readonly pool: SharedPool | null
  readonly lottery: LotteryRecord | null
}

/** A shared pool as the registry told it last. */
export type SharedPool = {
  readonly poolId: string
  readonly capacity: number
  readonly admitPerMinute: number | null
  readonly version: number
}

export type LotteryRecord = {
  /** 32 bytes, hex. Secret until the draw. */
  readonly seed: string
  /** SHA-256 of the seed's bytes, hex. Public from the start. */
  readonly commitment: string
  /** Null until the draw. */
  readonly entrants: number | null
}

export type PlaceRecord = {
  /** The how-manieth join of the event, from 1: the row's key. */
  readonly joinNumber: number
  /** The order of the line, from 1; null before a lottery's draw. */
  readonly number: number | null
  readonly userId: string
  readonly state: PlaceState
  readonly joinedAtMs: EpochMs
  readonly absentSinceMs: EpochMs | null
  readonly endedAtMs: EpochMs | null
  readonly admissionId: string | null
}

/** What the shared gate has not been told yet; null when it knows. Sent until acknowledged. */
export type GateDebt = 'redeem' | 'renew' | 'release'

export type AdmissionRecord = {
  readonly admissionId: string
  readonly joinNumber: number
  readonly userId: string
  /** `e:<eventId>` or `p:<poolId>`: where its lease lies, whatever the event's configuration says today. */
  readonly pool: PoolKeyText
  readonly state: AdmissionState
  readonly token: string
  readonly tokenExpiresAtMs: EpochMs
  readonly joinedAtMs: EpochMs
  readonly admittedAtMs: EpochMs
  readonly redeemedAtMs: EpochMs | null
  readonly sessionDigest: string | null
  readonly leaseExpiresAtMs: EpochMs
  readonly endedAtMs: EpochMs | null
  readonly outcome: Outcome | null
  readonly debt: GateDebt | null
}

export type PoolKeyText = `e:${string}` | `p:${string}`

/** Written before the gate is asked, asked again with the same id until the answer is known (D6). */
export type BatchRecord = {
  readonly batchId: string
  readonly pool: PoolKeyText
  readonly chosenAtMs: EpochMs
  readonly members: readonly BatchMember[]
}

export type BatchMember = {
  readonly joinNumber: number
  readonly userId: string
  readonly admissionId: string
}

/** The generation of a pool that the gate confirmed last. */
export type PoolViewRecord = { readonly pool: PoolKeyText; readonly epoch: number; readonly version: number }

export type Change =
  | { readonly kind: 'event_saved'; readonly event: EventRecord }
  | { readonly kind: 'place_joined'; readonly place: PlaceRecord }
  | {
      readonly kind: 'place_ended'
      readonly joinNumber: number
      readonly state: PlaceState
      readonly endedAtMs: EpochMs
    }
  | {
      readonly kind: 'places_numbered'
      readonly numbers: readonly (readonly [joinNumber: number, number: number])[]
    }
  | { readonly kind: 'absence_marked'; readonly joinNumber: number; readonly absentSinceMs: EpochMs | null }
  | { readonly kind: 'batch_chosen'; readonly batch: BatchRecord }
  | { readonly kind: 'batch_settled'; readonly batchId: string }
  | { readonly kind: 'rate_spent'; readonly tatMs: number }
  | { readonly kind: 'admission_opened'; readonly admission: AdmissionRecord }
  | { readonly kind: 'admission_changed'; readonly admission: AdmissionRecord }
  | { readonly kind: 'pool_seen'; readonly view: PoolViewRecord }
  | { readonly kind: 'pool_left'; readonly pool: PoolKeyText }

/** Why a stream ends (api: `end`). */
export type EndReason = 'left' | 'expired' | 'completed' | 'sold_out' | 'closed' | 'replaced'

/** What visitors hear of a decision, once it is durable. */
export type Notice =
  | { readonly kind: 'admitted'; readonly userId: string }
  | { readonly kind: 'place_ended'; readonly userId: string; readonly reason: EndReason }
  | { readonly kind: 'status_changed'; readonly status: EventStatus['status'] }

/** The outcome of one decision. `value` is the answer, `changes` must be durable before it is given. */
export type Decision<T> = {
  readonly value: T
  readonly changes: readonly Change[]
  readonly notices: readonly Notice[]
}

export function decision<T>(
  value: T,
  changes: readonly Change[] = [],
  notices: readonly Notice[] = [],
): Decision<T> {
  return { value, changes, notices }
}

/** Everything that a line is rebuilt from after an eviction or a crash. */
export type Snapshot = {
  readonly event: EventRecord
  /** WAITING only, in the order of joining. To be read once, before anything else of the rows is. */
  readonly waiting: Iterable<PlaceRecord>
  /** Not ended, or owing the gate something. */
  readonly admissions: readonly AdmissionRecord[]
  readonly batch: BatchRecord | null
  readonly poolViews: readonly PoolViewRecord[]
  readonly tatMs: number
  readonly joinedTotal: number
  readonly admittedTotal: number
  readonly nowServing: number
  /** When the admissions of the last two minutes happened: the measured pace. */
  readonly recentAdmissionsMs: readonly EpochMs[]
}
