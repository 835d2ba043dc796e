/**
 * What a line needs around it: rows, a clock, one alarm, and somebody to tell. In production a Durable Object is that
 * host; in the simulation a world that can fail at every step.
 */
import type { DrawTools } from '../core/line-operator.ts'
import type { LineState } from '../core/line-state.ts'
import type {
  AdmissionRecord,
  Change,
  Decision,
  EndReason,
  Notice,
  PlaceRecord,
  Snapshot,
} from '../core/records.ts'
import type { DropNews } from '../core/drop-news.ts'
import type { SeatsNews } from '../core/seats-feed.ts'
import type { LineFailure } from '../core/failures.ts'
import type { Result } from '../core/result.ts'
import type { EpochMs } from '../core/time.ts'
import type { Receipt } from '../outbound/message.ts'
import type { FollowAnswer, FollowRequest, RemoteOpened, RemoteOpening } from './stream-shards.ts'

/** The rows of one line. Every method is synchronous; `apply` writes all of a decision or throws. */
export interface LineRows {
  /** Null for an event that was never configured: asking for it leaves nothing behind. */
  load(nowMs: EpochMs): Snapshot | null
  create(): void
  apply(changes: readonly Change[]): void
  /** The visitor's last place, whatever became of it. */
  latestPlace(userId: string): PlaceRecord | null
  admission(admissionId: string): AdmissionRecord | null
  /**
   * Deletes places and admissions that ended before, the oldest first, at most `rowsMax` of them; what the gate has not
   * confirmed stays. Join numbers and totals do not change. Answers how many rows went.
   */
  forget(endedBeforeMs: EpochMs, rowsMax: number): number
  /** When the oldest of the ended rows ended; null when there is none. */
  oldestEndedMs(): EpochMs | null
}

/** The way back into the line for its streams and its promotion. */
export type LineLink = {
  readonly line: () => LineState | null
  readonly nowMs: () => EpochMs
  readonly wait: (ms: number) => Promise<void>
  readonly commit: (decision: Decision<unknown>) => void
}

export interface Streams {
  /** All of the event's, wherever they are held. */
  readonly size: number
  has(userId: string): boolean
  open(userId: string, joins: boolean, resumed: boolean): Result<ReadableStream<Uint8Array>, LineFailure>
  /** A stream of a shard; see LineStreamsApi. */
  openRemote(request: RemoteOpening): Result<RemoteOpened, LineFailure>
  /** A shard asks for what is new; see LineStreamsApi. */
  follow(request: FollowRequest): Promise<FollowAnswer>
  /** The visitor has a new place. */
  joined(userId: string): void
  /** What a decision changed for single visitors, told at once. */
  announce(notices: readonly Notice[]): void
  /** Shows everybody what has changed since they were shown something last. */
  tick(nowMs: EpochMs): Promise<void>
  /** Seats have changed: those who are inside are told with the next tick. */
  seatsChanged(news: SeatsNews): void
  /** A drop behind the event stands otherwise: everybody is told with the next tick. */
  dropChanged(news: DropNews): void
  endAll(reason: EndReason): void
}

export interface Promoting {
  /** The line may not admit at the moment: the gate is away, or being rebuilt. */
  readonly isHolding: boolean
  /** Resolves when everything that could be done now has been done. Never rejects. */
  promote(): Promise<void>
  /** Compares the gate with the ledger, and mends the gate. */
  reconcile(): Promise<void>
  /** Says what this event holds in the shared pool. */
  reassert(eventId: string, poolId: string): Promise<void>
  reportThroughput(nowMs: EpochMs): void
}

/** What the shop is to hear of a line: kept until it has. */
export interface ShopNews {
  /** Called in the synchronous block that writes the changes. */
  written(changes: readonly Change[], nowMs: EpochMs): void
  /** When the line has to wake for it. */
  wakeMs(): EpochMs | null
  /** Sends what is due on its way. Never rejects. */
  tick(eventId: string, nowMs: EpochMs): Promise<void>
  /** Sends everything on its way, before the rows are deleted. Rejects when it cannot. */
  empty(eventId: string): Promise<void>
  /** How much of it the shop has not taken yet. */
  owed(): number
  /** What became of it. */
  heard(receipts: readonly Receipt[], nowMs: EpochMs): void
}

export type LineHost = {
  readonly rows: LineRows
  readonly nowMs: () => EpochMs
  /** The alarm speaks the clock of `nowMs`, whatever the platform's clock shows meanwhile. */
  readonly getAlarm: () => Promise<EpochMs | null>
  readonly setAlarm: (atMs: EpochMs) => Promise<void>
  /** Resolves when everything that was applied is durable. */
  readonly durable: () => Promise<void>
  /** Keeps the host awake until the work is done; its failure is the host's to report. */
  readonly background: (work: Promise<unknown>) => void
  /** Memory and rows have come apart: start again from the rows. */
  readonly restart: (reason: string) => void
  /** Deletes the rows and the alarm. */
  readonly erase: () => Promise<void>
  readonly wait: (ms: number) => Promise<void>
  /** What ended longer ago is deleted; null keeps it for good. */
  readonly endedRetentionMs: number | null
  readonly draw: DrawTools
}
