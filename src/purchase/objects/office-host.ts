/**
 * What a seat office needs around it: rows, a clock, one alarm, the wallets and the line. In production a Durable Object is
 * that host; in the simulation a world that can fail at every step.
 */
import type { EpochMs } from '../../core/time.ts'
import type { WebhookTools } from '../../outbound/outbox.ts'
import type { Hold } from '../core/agenda.ts'
import type { Order } from '../core/orders.ts'
import type { PaymentCount } from '../core/payment-counts.ts'
import type {
  Change,
  Errand,
  OperationRecord,
  PaymentRecord,
  PaymentState,
  ReservationRecord,
  SeatRecord,
} from '../core/records.ts'
import type { SeatView } from '../core/seat-map.ts'
import type { DeskRows } from '../payments/desk-rows.ts'
import type { PaymentProvider } from '../payments/port.ts'
import type { PostCall, PostResult } from '../ports.ts'

/** What an office is rebuilt from. */
export type OfficeSnapshot = {
  /** In the order of the catalogue. */
  readonly seats: readonly SeatRecord[]
  readonly version: number
  readonly holds: readonly Hold[]
  readonly errands: readonly Errand[]
  /** When the oldest operation was answered that is kept. */
  readonly oldestOperationAtMs: EpochMs | null
}

/** The rows of one office. Every method is synchronous; `apply` writes all of a decision or throws. */
export interface OfficeRows {
  /** Null for an event whose seats were never planned: asking for it leaves nothing behind. */
  load(): OfficeSnapshot | null
  create(): void
  apply(changes: readonly Change[]): void
  order(reservationId: string): Order | null
  /** The order that the payment belongs to. */
  orderOfPayment(paymentId: string): Order | null
  /** Payments in this state, the oldest first, at most so many. */
  paymentsIn(state: PaymentState, rowsMax: number): PaymentRecord[]
  /** Reads every payment: for once in the life of an object. */
  paymentCounts(): PaymentCount[]
  /** Null when it was not answered since. */
  operation(operationId: string, sinceMs: EpochMs): OperationRecord | null
  oldestOperationAtMs(): EpochMs | null
  /** The reservations of an admission that have seats. */
  reservationsOfAdmission(admissionId: string): ReservationRecord[]
  /** Deletes answers from before, and reservations that were made before and ended without a payment; at most `rowsMax` of each. */
  forget(beforeMs: EpochMs, rowsMax: number): void
}

export type OfficeHost = {
  readonly eventId: string
  readonly rows: OfficeRows
  readonly payments: PaymentTools
  /** Null: there is no shop to tell. */
  readonly webhooks: WebhookTools | null
  readonly nowMs: () => EpochMs
  readonly setAlarm: (atMs: EpochMs) => Promise<void>
  /** Keeps the host awake until the work is done; its failure is the host's to report. */
  readonly background: (work: Promise<unknown>) => void
  /** Memory and rows have come apart: start again from the rows. */
  readonly restart: (reason: string) => void
  /** Rejects with TimedOut when the work takes longer; leaves nothing behind that would keep the host awake. */
  readonly within: <T>(limitMs: number, work: Promise<T>) => Promise<T>
  /** An id that nobody can guess, and that names the event. */
  readonly newId: () => string
}

/** `seats`: what the public sees of those that changed; null when the catalogue was replaced. */
export type SeatsChanged = {
  readonly version: number
  /** The version before. */
  readonly previousVersion: number
  readonly seats: ReadonlyMap<string, SeatView['state']> | null
}

/** What payments at a provider need. */
export type PaymentTools = {
  readonly rows: DeskRows
  /** Null: none is configured. */
  readonly provider: PaymentProvider | null
  /** ISO 4217: what prices are in. */
  readonly currency: string
  /** How long a visitor may take on the provider's page. */
  readonly paymentMs: number
  /** How long after that a payment may still become known before an operator is asked. */
  readonly graceMs: number
}

/** Whom the office deals with. Calls are held back until what was written before them is durable, and may fail. */
export type OfficeOutside = {
  readonly post: (call: PostCall) => Promise<PostResult>
  /** Resolves when the line knows that the admission has ended in a sale, or does not know the admission. */
  readonly complete: (admissionId: string) => Promise<void>
  /** The public map has changed: whoever looks at it may be told. */
  readonly seatsChanged: (change: SeatsChanged) => void
}
