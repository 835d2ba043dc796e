/** What the gateway may ask of the line of one event. EventLine implements it; calls go over RPC. */
import type { EventAction, EventConfig } from '../core/event-config.ts'
import type { LineFailure } from '../core/failures.ts'
import type { FieldChange } from '../core/console-views.ts'
import type { JoinReport } from '../core/join-windows.ts'
import type { DropNews } from '../core/drop-news.ts'
import type { Result } from '../core/result.ts'
import type { LineScale } from '../core/scale.ts'
import type { SeatsNews } from '../core/seats-feed.ts'
import type {
  Admission,
  EventDetail,
  EventStatus,
  EventVisit,
  Outcome,
  Place,
  Progress,
} from '../core/views.ts'
import type { LineConsoleApi } from './line-console.ts'
import type { PoolConfig } from './registry.ts'

export type LineResult<T> = Result<T, LineFailure>

/** What an operator's change has led to. `changes`: the fields of the configuration, and the status, that differ. */
export type Changed = { readonly detail: EventDetail; readonly changes: readonly FieldChange[] }

export interface LineApi extends LineConsoleApi {
  /** Creates or replaces (`replace`: every field, defaults filled in) or changes (`patch`) the event. */
  configure(request: ConfigureRequest): Promise<LineResult<Changed & { readonly created: boolean }>>
  status(): Promise<LineResult<EventStatus>>
  /** The event and the visitor's place in one call; a sign of life, as `place` is. Null: somebody who is not known. */
  visit(userId: string | null): Promise<LineResult<EventVisit>>
  /** The same for everybody; the gateway keeps it for a second. */
  progress(): Promise<LineResult<Progress>>
  detail(): Promise<LineResult<EventDetail>>
  act(action: EventAction): Promise<LineResult<Changed>>
  /** Forgets the event. Only when closed, and only once every lease has been given back. */
  remove(): Promise<LineResult<null>>

  join(userId: string): Promise<LineResult<Joined>>
  place(userId: string): Promise<LineResult<Place>>
  /** `admissionId`: the admission that was given back by it, null when there was none. */
  leave(userId: string): Promise<LineResult<{ readonly admissionId: string | null }>>

  /** `sessionDigest`: SHA-256 of the shop's session id, base64url. `tokenExpiresAtMs`: the token's `exp`. */
  redeem(request: { admissionId: string; sessionDigest: string }): Promise<LineResult<Admission>>
  admission(admissionId: string): Promise<LineResult<Admission>>
  renew(admissionId: string): Promise<LineResult<Admission>>
  release(
    admissionId: string,
    outcome: Extract<Outcome, 'completed' | 'cancelled'>,
  ): Promise<LineResult<Admission>>
  revoke(admissionId: string): Promise<LineResult<Admission>>

  /** The watchdog's call: re-arms, settles, reconciles. Safe to repeat. `active`: false when it needs no more calls. */
  watch(scheduledTimeMs: number): Promise<LineResult<{ active: boolean }>>
  /** A peer of a shared pool asks this line to say which leases of the pool are alive. */
  reassertPool(poolId: string): Promise<void>
  /** The operator changed a shared pool. */
  poolChanged(pool: PoolConfig): Promise<void>
  metrics(): Promise<LineResult<LineMetrics>>

  /**
   * The stream: `GET https://line/stream?userId=..[&join=1][&resumed=1]`. 200 `text/event-stream`, or a JSON body
   * `LineFailure` with status 409.
   */
  fetch(request: Request): Promise<Response>
}

/** `scale` is there when the event is spread over shards; it is for the gateway and goes no further. */
export type Joined = { readonly created: boolean; readonly place: Place; readonly scale?: LineScale }

/** What the shards of an event ask of its line, over RPC. */
export interface LineShardsApi {
  /** Joins all whom a shard has collected in a window (src/core/join-windows.ts). Answers once they are durable. */
  joinBlock(report: JoinReport): Promise<LineResult<JoinBlockAnswer>>
}

/** Somebody who wants something that is behind the line. `sessionDigest` null: a redeemed admission is not redeemed again. */
export type Entry = { readonly admissionId: string; readonly sessionDigest: string | null }

/** What the seat office of an event asks and tells its line. */
export interface LineSeatsApi {
  /**
   * The admissions, all in one decision, in the order of the entries. With a session each is redeemed for it unless the
   * shop has redeemed it; without one it is only looked at.
   */
  enterAll(entries: readonly Entry[]): Promise<readonly LineResult<Admission>[]>
  /** Ends admissions as completed, each as `release` does, all in one decision; answers in their order. */
  completeAll(admissionIds: readonly string[]): Promise<readonly LineResult<Admission>[]>
  /** For the streams of those who are inside. Best effort: whoever misses some finds out by the versions. */
  seatsChanged(news: SeatsNews): Promise<void>
}

/** What a drop behind an event tells its line. */
export interface LineDropsApi {
  /** For all streams of the event. Twice is as once. An event that is not there needs no telling. */
  dropChanged(news: DropNews): Promise<void>
}

/** `answers`: one for each joiner of the report, in its order. */
export type JoinBlockAnswer = { readonly answers: readonly LineResult<Joined>[]; readonly scale?: LineScale }

/** What the gateway asks of a join shard, named `<eventId>:<shard>`. */
export interface JoinShardApi {
  /** As LineApi.join, up to a window later. `overloaded`: the line has not answered; nothing is known. */
  join(userId: string): Promise<LineResult<Joined>>
}

export type ConfigureRequest =
  | {
      readonly eventId: string
      readonly mode: 'replace'
      readonly config: EventConfig
      readonly statusGiven: boolean
      readonly pool: PoolConfig | null
    }
  | {
      readonly eventId: string
      readonly mode: 'patch'
      readonly change: Partial<EventConfig>
      readonly pool: PoolConfig | null
    }

/** Counters since the object woke and gauges of this moment, rendered by `GET /metrics`. */
export type LineMetrics = {
  readonly eventId: string
  readonly counters: Readonly<Record<LineCounter, number>>
  readonly gauges: Readonly<Record<LineGauge, number>>
  readonly histograms: Readonly<Record<LineHistogram, HistogramSnapshot>>
}

export const LINE_COUNTERS = [
  'joins_total',
  'promotions_total',
  'admissions_ended_total',
  'redemptions_total',
  'no_shows_total',
  'places_expired_total',
  'stream_frames_total',
  'stream_frames_skipped_total',
  'redis_calls_total',
  'redis_failures_total',
  'ticks_total',
  'watches_total',
] as const
export type LineCounter = (typeof LINE_COUNTERS)[number]

export const LINE_GAUGES = [
  'waiting',
  'present',
  'live_admissions',
  'streams',
  'capacity',
  'promotions_per_second',
  'holding',
  'webhooks_owed',
] as const
export type LineGauge = (typeof LINE_GAUGES)[number]

/** Seconds. `promotion_latency`: from the batch's choice to the last client's frame. `tick_lag`: alarm due to run. */
export const LINE_HISTOGRAMS = [
  'promotion_latency_seconds',
  'tick_lag_seconds',
  'redis_call_seconds',
] as const
export type LineHistogram = (typeof LINE_HISTOGRAMS)[number]

export type HistogramSnapshot = {
  /** Upper bounds in seconds, ascending; the last bucket (+Inf) is `count`. */
  readonly boundsSeconds: readonly number[]
  /** Cumulative counts, one for each bound. */
  readonly cumulative: readonly number[]
  readonly count: number
  readonly sumSeconds: number
}
