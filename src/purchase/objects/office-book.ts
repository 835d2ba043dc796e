/**
 * What one office knows, and the only way in which that changes: a decision is made of it and written to the rows in one
 * synchronous block, and memory follows what was written.
 */
import { err, ok, type Result } from '../../core/result.ts'
import { errorFields, log } from '../../observability/log.ts'
import { Agenda } from '../core/agenda.ts'
import { OPERATION_KEPT_MS } from '../core/limits.ts'
import { applyChange, onOrder, type OfficeFailure, type OfficeState } from '../core/office.ts'
import type { Order, OrderEvent } from '../core/orders.ts'
import { PaymentCounts } from '../core/payment-counts.ts'
import type { Change, PaymentRecord } from '../core/records.ts'
import { publicState, SeatMap } from '../core/seat-map.ts'
import type { OfficeHost, OfficeOutside, SeatsChanged } from './office-host.ts'

/** Of holds that end together, so many make room for a request; the alarm does the rest. */
const HOLDS_ENDED_MAX = 500
const FORGOTTEN_MAX = 500
const FORGET_AGAIN_MS = 60_000
/** Providers repeat their webhooks for up to four days. */
const PROVIDER_EVENTS_KEPT_MS = 7 * 24 * 60 * 60 * 1_000

/** An alarm that should have rung so long ago is lost; whoever asks next sets it again. */
const ALARM_DEAD_MS = 10_000

export class OfficeBook {
  readonly state: OfficeState
  readonly agenda: Agenda
  readonly #host: OfficeHost
  readonly #seatsChanged: OfficeOutside['seatsChanged']
  #isPlanned: boolean
  /** Done in memory, and not written yet. */
  readonly #unsaved: Change[] = []
  /** Null until somebody asks for figures: counting reads every payment. */
  #paymentCounts: PaymentCounts | null = null
  /** When the alarm that was set last rings. */
  #alarmAtMs: number | null = null

  constructor(host: OfficeHost, seatsChanged: OfficeOutside['seatsChanged']) {
    this.#host = host
    this.#seatsChanged = seatsChanged
    const snapshot = host.rows.load()
    this.#isPlanned = snapshot !== null
    this.state = { seats: new SeatMap(), version: snapshot?.version ?? 0 }
    this.state.seats.replace(snapshot?.seats ?? [])
    this.agenda = new Agenda(
      snapshot?.holds ?? [],
      // Without a shop to tell, news that are owed stay in their rows until there is one.
      (snapshot?.errands ?? []).filter(({ kind }) => kind !== 'webhook' || host.webhooks !== null),
      snapshot?.oldestOperationAtMs ?? null,
    )
  }

  /** Whether the event has ever had seats; without them there are no rows to read. */
  get isPlanned(): boolean {
    return this.#isPlanned
  }

  create(): void {
    if (!this.#isPlanned) this.#host.rows.create()
    this.#isPlanned = true
  }

  payments(): ReturnType<PaymentCounts['all']> {
    this.#paymentCounts ??= new PaymentCounts(this.#isPlanned ? this.#host.rows.paymentCounts() : [])
    return this.#paymentCounts.all()
  }

  // --- Orders -------------------------------------------------------------------------------------------------------

  orderOf(reservationId: string, userId: string): Result<Order, OfficeFailure> {
    const order = this.#isPlanned ? this.#host.rows.order(reservationId) : null
    return order === null || order.reservation.userId !== userId
      ? err({ reason: 'reservation-not-found' })
      : ok(order)
  }

  orderOfPayment(paymentId: string): Order {
    return found(this.#host.rows.orderOfPayment(paymentId))
  }

  /** The payment's order as it is now. */
  orderWith({ reservationId }: PaymentRecord): Order {
    return found(this.#host.rows.order(reservationId))
  }

  /** Decides and saves in one synchronous block. */
  follow(order: Order, event: OrderEvent): Result<Order, OfficeFailure> {
    const followed = onOrder(this.state, order, event, this.#host.nowMs())
    this.save(followed.changes)
    return followed.value
  }

  /** Seats whose time is over are free for whoever asks now, whether or not the alarm has rung. */
  endHolds(): void {
    for (const { reservationId } of this.agenda.holdsOver(this.#host.nowMs(), HOLDS_ENDED_MAX)) {
      const order = this.#host.rows.order(reservationId)
      if (order !== null) this.follow(order, { kind: 'hold_over' })
    }
  }

  // --- Saving -------------------------------------------------------------------------------------------------------

  /** For what may be lost: it is written with the next decision, or by the alarm. A restart does it again. */
  saveLater(change: Change): void {
    this.agenda.apply(change)
    this.#unsaved.push(change)
  }

  save(changes: readonly Change[]): void {
    const kept = changes.filter(
      (change) =>
        change.kind !== 'errand_saved' || change.errand.kind !== 'webhook' || this.#host.webhooks !== null,
    )
    const previousVersion = this.state.version
    const unsaved = this.#unsaved.splice(0)
    if (kept.length + unsaved.length > 0) {
      try {
        this.#host.rows.apply([...unsaved, ...kept])
        for (const change of kept) {
          applyChange(this.state, change)
          this.agenda.apply(change)
          this.#paymentCounts?.apply(change)
        }
      } catch (error) {
        // Memory and rows may have come apart; the object starts again from the rows.
        this.#host.restart(`storage refused a decision: ${String(error)}`)
        throw error
      }
    }
    const { version } = this.state
    if (version !== previousVersion) this.#seatsChanged({ version, previousVersion, seats: seatsIn(kept) })
    this.arm()
  }

  /** Deletes what nobody asks for any more. What fails here is done again later, and nothing else waits for it. */
  forget(nowMs: number): void {
    const { rows, payments, eventId } = this.#host
    try {
      if (!this.#isPlanned) return
      rows.forget(nowMs - OPERATION_KEPT_MS, FORGOTTEN_MAX)
      payments.rows.forgetEvents(nowMs - PROVIDER_EVENTS_KEPT_MS, FORGOTTEN_MAX)
      this.agenda.forgotten(rows.oldestOperationAtMs())
    } catch (error) {
      log.warn('office_not_swept', { eventId, ...errorFields(error) })
      this.agenda.forgotten(nowMs - OPERATION_KEPT_MS + FORGET_AGAIN_MS)
    }
  }

  // --- The alarm ----------------------------------------------------------------------------------------------------

  /** It has rung: the next one is set anew. */
  disarm(): void {
    this.#alarmAtMs = null
  }

  arm(): void {
    const wakeAtMs = this.agenda.nextAtMs()
    const isArmed = this.#alarmAtMs !== null && this.#alarmAtMs > this.#host.nowMs() - ALARM_DEAD_MS
    if (wakeAtMs === null || (isArmed && (this.#alarmAtMs ?? 0) <= wakeAtMs)) return
    this.#alarmAtMs = wakeAtMs
    this.#host.background(this.#host.setAlarm(wakeAtMs))
  }
}

function found(order: Order | null): Order {
  if (order === null) throw new Error('an order is not there')
  return order
}

/** What the public sees of the seats that change; null when all of them may. */
function seatsIn(changes: readonly Change[]): SeatsChanged['seats'] {
  if (changes.some(({ kind }) => kind === 'seats_planned')) return null
  return new Map(
    changes.flatMap((change) =>
      change.kind === 'seats_changed'
        ? change.seatIds.map((seatId) => [seatId, publicState(change.state)] as const)
        : [],
    ),
  )
}
