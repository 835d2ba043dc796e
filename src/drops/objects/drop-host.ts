/**
 * What a drop needs around it: rows, a clock, one alarm, the records, and the line of its event. In production a Durable
 * Object is that host; in the simulation a world that can fail at every step.
 */
import type { EpochMs } from '../../core/time.ts'
import type { SqlDatabase } from '../../ports/sql-database.ts'
import type { DropNews } from '../../core/drop-news.ts'
import type { Strategy } from '../core/records.ts'
import type { ClaimIssuer, ClaimRecords, IssuerTools } from '../ports.ts'

export type DropHost = {
  readonly dropId: string
  readonly database: SqlDatabase
  readonly records: ClaimRecords
  readonly issuer: (strategy: Strategy) => IssuerFound
  readonly nowMs: () => EpochMs
  /** Null: it does not ring any more. */
  readonly setAlarm: (atMs: EpochMs | null) => Promise<void>
  /** Keeps the host awake until the work is done; its failure is the host's to report. */
  readonly background: (work: Promise<unknown>) => void
  /** Rejects with TimedOut when the work takes longer; leaves nothing behind that would keep the host awake. */
  readonly within: <T>(limitMs: number, work: Promise<T>) => Promise<T>
  readonly randomBytes: (count: number) => Uint8Array
  /** Tells the event's line how the drop stands. Resolves when it knows, or when there is no such line. */
  readonly tellLine: (eventId: string, news: DropNews) => Promise<void>
}

/**
 * `records`: where this issuer's claims are, if not where the deployment records claims. `missing`: the variable or binding
 * without which this deployment has no such issuer.
 */
export type IssuerFound =
  | {
      readonly ok: true
      readonly value: (tools: IssuerTools) => ClaimIssuer
      readonly records?: ClaimRecords
    }
  | { readonly ok: false; readonly error: { readonly missing: string } }
