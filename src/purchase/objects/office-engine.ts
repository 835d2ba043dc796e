/**
 * The seats of one event: load, decide, save, act. Whoever reads and whoever decides do so in one synchronous block with
 * what is written (INV-10); what is owed to others is written with the decision and done until it is acknowledged.
 */
import { TimedOut } from '../../bounded.ts'
import { err, ok, type Result } from '../../core/result.ts'
import { errorFields, log } from '../../observability/log.ts'
import { messageOf, type Receipt, type WebhookSourceApi } from '../../outbound/message.ts'
import { Agenda } from '../core/agenda.ts'
import type { Kept, OperationName } from '../../ports/idempotency.ts'
import { OPERATION_KEPT_MS } from '../core/limits.ts'
import {
  applyChange,
  hold,
  onOrder,
  planSeats,
  type OfficeFailure,
  type OfficeState,
} from '../core/office.ts'
import { currentPayment, type Order, type OrderEvent } from '../core/orders.ts'
import { PaymentCounts } from '../core/payment-counts.ts'
import type { Change, Errand, ErrandKey, PaymentRecord } from '../core/records.ts'
import { publicState, SeatMap } from '../core/seat-map.ts'
import { seatsOf, type SectionPlan } from '../core/seat-plan.ts'
import type {
  Checkout,
  HoldCall,
  OfficeResult,
  PayCall,
  Payment,
  ProviderPaymentsApi,
  Reservation,
  SaleFigures,
  SeatOfficeApi,
} from '../ports.ts'
import type { OfficeHost, OfficeOutside, SeatsChanged } from './office-host.ts'
import { paymentView, reservationView, saleFigures } from './office-views.ts'
import { Operations } from './operations.ts'
import { ProviderPayments } from './provider-payments.ts'

/** Of holds that end together, so many make room for a request; the alarm does the rest. */
const HOLDS_ENDED_MAX = 500
const ERRANDS_MAX = 50
const FORGOTTEN_MAX = 500

/** How long a call to somebody outside may take before its outcome counts as unknown. */
const OUTSIDE_TIMEOUT_MS = 5_000
/** How long the answer to a visitor waits for the line to hear of the sale. */
const COMPLETE_WAIT_MS = 2_000

/** An alarm that should have rung so long ago is lost; whoever asks next sets it again. */
const ALARM_DEAD_MS = 10_000

const AGAIN_MS_MIN = 1_000
const AGAIN_MS_MAX = 60_000

type Doer = (errand: Errand) => Promise<void>

export class OfficeEngine implements Omit<SeatOfficeApi, keyof ProviderPaymentsApi>, WebhookSourceApi {
  /** Payments at a provider. */
  readonly provider: ProviderPayments
  readonly #host: OfficeHost
  readonly #outside: OfficeOutside
  readonly #office: OfficeState
  readonly #agenda: Agenda
  readonly #operations: Operations
  readonly #doers: Partial<Record<Errand['kind'], Doer>> = {
    debit: ({ subject }) => this.#debit(subject),
    close: ({ subject }) => this.provider.close(subject),
    refund: ({ subject }) => this.#refund(subject),
    complete: (errand) => this.#complete(errand),
  }
  #isPlanned: boolean
  /** Done in memory, and not written yet. */
  readonly #unsaved: Change[] = []
  /** Null until somebody asks for figures: counting reads every payment. */
  #paymentCounts: PaymentCounts | null = null
  /** When the alarm that was set last rings. */
  #alarmAtMs: number | null = null

  constructor(host: OfficeHost, outside: OfficeOutside) {
    this.#host = host
    this.#outside = outside
    const snapshot = host.rows.load()
    this.#isPlanned = snapshot !== null
    this.#office = { seats: new SeatMap(), version: snapshot?.version ?? 0 }
    this.#office.seats.replace(snapshot?.seats ?? [])
    this.#agenda = new Agenda(
      snapshot?.holds ?? [],
      // Without a shop to tell, news that are owed stay in their rows until there is one.
      (snapshot?.errands ?? []).filter(({ kind }) => kind !== 'webhook' || host.webhooks !== null),
      snapshot?.oldestOperationAtMs ?? null,
    )
    this.#operations = new Operations({
      rows: host.rows,
      isPlanned: () => this.#isPlanned,
      nowMs: host.nowMs,
      save: (operation) => this.#save([{ kind: 'operation_kept', operation }]),
    })
    this.provider = new ProviderPayments({
      host,
      isPlanned: () => this.#isPlanned,
      orderOf: (reservationId, userId) => {
        this.#endHolds()
        return this.#orderOf(reservationId, userId)
      },
      follow: (order, event) => this.#follow(order, event),
      tellLine: (admissionId) => host.background(this.#completeSoon(admissionId)),
      save: (errand) => this.#save([{ kind: 'errand_saved', errand }]),
      once: (operation, work) => this.#operations.once(operation, work),
    })
    this.#arm()
  }

  async plan(sections: readonly SectionPlan[]): Promise<OfficeResult<{ seatCount: number }>> {
    if (!this.#isPlanned) this.#host.rows.create()
    this.#isPlanned = true
    const planned = planSeats(this.#office, seatsOf(sections))
    this.#save(planned.changes)
    return planned.value.ok ? ok({ seatCount: this.#office.seats.size }) : planned.value
  }

  async figures(): Promise<SaleFigures> {
    const { rows, eventId } = this.#host
    this.#paymentCounts ??= new PaymentCounts(this.#isPlanned ? rows.paymentCounts() : [])
    const payments = this.#paymentCounts.all()
    const [oldestStuck = null] = payments.provider.stuck > 0 ? rows.paymentsIn('stuck', 1) : []
    return saleFigures(eventId, this.#office.seats, payments, oldestStuck, this.#agenda.owed())
  }

  async map(knownVersion: number | null): Promise<{ version: number; seats: string | null }> {
    this.#endHolds()
    const { version, seats } = this.#office
    return { version, seats: knownVersion === version ? null : seats.text() }
  }

  async hold(call: HoldCall): Promise<OfficeResult<Kept<Reservation>>> {
    if (!this.#isPlanned) return noSuchSeat(call.selection)
    const earlier = this.#operations.earlier<Reservation>(call.operation)
    if (earlier !== null) return earlier
    this.#endHolds()
    const { rows } = this.#host
    const nowMs = this.#host.nowMs()
    const seatsOfAdmission = rows
      .reservationsOfAdmission(call.admissionId)
      .reduce((sum, { seatIds }) => sum + seatIds.length, 0)
    const request = { ...call, reservationId: this.#host.newId() }
    const held = hold(this.#office, request, seatsOfAdmission, nowMs)
    if (!held.value.ok) return held.value
    const answer = reservationView(this.#host, { reservation: held.value.value, payments: [] })
    const operation = this.#operations.record(call.operation, answer)
    this.#save([...held.changes, { kind: 'operation_kept', operation }])
    return ok({ answer, isReplay: false })
  }

  async answered(operation: OperationName): Promise<OfficeResult<Kept<Reservation | Checkout>> | null> {
    return this.#operations.earlier(operation)
  }

  async reservation(reservationId: string, userId: string): Promise<OfficeResult<Reservation>> {
    this.#endHolds()
    const found = this.#orderOf(reservationId, userId)
    return found.ok ? ok(reservationView(this.#host, found.value)) : found
  }

  async giveUp(reservationId: string, userId: string): Promise<OfficeResult<null>> {
    const found = this.#orderOf(reservationId, userId)
    if (!found.ok) return found
    const given = this.#follow(found.value, { kind: 'given_up' })
    return given.ok ? ok(null) : given
  }

  async left(admissionId: string): Promise<void> {
    if (!this.#isPlanned) return
    for (const { reservationId } of this.#host.rows.reservationsOfAdmission(admissionId)) {
      const order = this.#host.rows.order(reservationId)
      // What is sold stays sold, and a wallet that is being debited comes to its own end.
      if (order !== null) this.#follow(order, { kind: 'given_up' })
    }
  }

  async payByWallet(call: PayCall): Promise<OfficeResult<Kept<Payment>>> {
    const paid = await this.#operations.once(call.operation, () => this.#payByWallet(call))
    // Whoever is told again needs not wait for the line.
    if (paid.ok && !paid.value.isReplay) await this.#completeSoon(call.admissionId)
    return paid
  }

  async #payByWallet({ reservationId, userId, admissionId }: PayCall): Promise<OfficeResult<Payment>> {
    this.#endHolds()
    const found = this.#orderOf(reservationId, userId)
    if (!found.ok) return found
    const wanted = this.#follow(found.value, {
      kind: 'payment_wanted',
      payment: this.#walletPayment(found.value),
      admissionId,
    })
    if (!wanted.ok) return wanted
    const begun = currentPayment(wanted.value)
    if (begun === undefined) throw new Error('a payment that was begun is not there')
    if (begun.state === 'pending') await this.#attempt(() => this.#debit(begun.paymentId), 'debit')
    // The wallet was asked meanwhile: how it went is in the rows.
    const paid = this.#paymentOf(begun.paymentId)
    if (paid.state === 'pending') return err({ reason: 'store-unavailable' })
    if (paid.state !== 'paid') return err({ reason: 'insufficient-balance' })
    return ok(paymentView(paid))
  }

  /** The host's alarm has rung. Running it twice, late or early changes nothing but delay. */
  async alarm(): Promise<void> {
    this.#alarmAtMs = null
    const nowMs = this.#host.nowMs()
    this.#forget(nowMs)
    this.#endHolds()
    // What was left for later.
    this.#save([])
    const due = Map.groupBy(this.#agenda.errandsDue(nowMs, ERRANDS_MAX), ({ kind }) => kind === 'webhook')
    this.#tellShop(due.get(true) ?? [], nowMs)
    for (const errand of due.get(false) ?? []) this.#start(errand, nowMs)
    this.#arm()
  }

  /** What fails here is done again later, and nothing else waits for it. */
  #forget(nowMs: number): void {
    const { rows } = this.#host
    try {
      if (!this.#isPlanned) return
      rows.forget(nowMs - OPERATION_KEPT_MS, FORGOTTEN_MAX)
      this.provider.forget(nowMs)
      this.#agenda.forgotten(rows.oldestOperationAtMs())
    } catch (error) {
      log.warn('office_not_swept', { eventId: this.#host.eventId, ...errorFields(error) })
      this.#agenda.forgotten(nowMs - OPERATION_KEPT_MS + AGAIN_MS_MAX)
    }
  }

  // --- What is owed to others ---------------------------------------------------------------------------------------

  #start(errand: Errand, nowMs: number): void {
    const doer = this.#doers[errand.kind]
    // Owed by an earlier version, and done by nobody here any more.
    if (doer === undefined) return this.#save([{ kind: 'errand_done', errand }])
    this.#save([begunAgain(errand, nowMs)])
    this.#host.background(this.#attempt(() => doer(errand), errand.kind))
  }

  /** The queue takes the news of one alarm together, and the office waits for what it says of them. */
  #tellShop(news: readonly Errand[], nowMs: number): void {
    const { webhooks } = this.#host
    if (webhooks === null || news.length === 0) return
    const { send, resendMs } = webhooks
    const source = { kind: 'office', eventId: this.#host.eventId } as const
    this.#save(news.map((errand) => begunAgain(errand, nowMs)))
    const handedOver = async (): Promise<void> => {
      await send(news.map((errand) => messageOf(source, errand)))
      this.#heard(
        news.map(({ subject }) => ({ subject, quietMs: 0 })),
        resendMs,
      )
    }
    this.#host.background(this.#attempt(handedOver, 'webhook'))
  }

  async webhooksHeard(receipts: readonly Receipt[]): Promise<void> {
    this.#heard(receipts, this.#host.webhooks?.resendMs ?? 0)
  }

  /** What the queue says of deliveries. What is not owed any more is ignored. */
  #heard(receipts: readonly Receipt[], resendMs: number): void {
    const nowMs = this.#host.nowMs()
    const changes = receipts.flatMap(({ subject, quietMs }): Change[] => {
      const errand = this.#agenda.errand({ kind: 'webhook', subject })
      if (errand === undefined) return []
      if (quietMs === null) return [{ kind: 'errand_done', errand }]
      // Sent once more when nothing has been heard of it for so long.
      return [{ kind: 'errand_saved', errand: { ...errand, dueAtMs: nowMs + quietMs + resendMs } }]
    })
    this.#save(changes)
  }

  /** What nobody here does is not owed. */
  #isDoneHere(kind: Errand['kind']): boolean {
    return kind === 'webhook' ? this.#host.webhooks !== null : kind in this.#doers
  }

  /** What fails is done again by the alarm. */
  async #attempt(work: () => Promise<void>, kind: Errand['kind']): Promise<void> {
    try {
      await this.#host.within(OUTSIDE_TIMEOUT_MS, work())
    } catch (error) {
      log.warn('errand_failed', { eventId: this.#host.eventId, kind, ...errorFields(error) })
    }
  }

  async #debit(paymentId: string): Promise<void> {
    const { userId, amount } = this.#paymentOf(paymentId)
    const request = { kind: 'payment', userId, amount, reference: paymentId } as const
    const posted = await this.#outside.post({ ...operationNamed(`payment:${paymentId}`), ...request })
    if (!posted.ok && posted.error.reason !== 'insufficient-balance') throw new Error(posted.error.reason)
    this.#followPayment(
      posted.ok
        ? { kind: 'payment_succeeded', paymentId, amount }
        : { kind: 'payment_declined', paymentId, as: 'failed' },
    )
  }

  async #refund(paymentId: string): Promise<void> {
    const { userId, amount, method } = this.#paymentOf(paymentId)
    if (method === 'provider') return this.provider.refund(paymentId)
    const request = { kind: 'refund', userId, amount, reference: paymentId } as const
    await this.#outside.post({ ...operationNamed(`refund:${paymentId}`), ...request })
    this.#followPayment({ kind: 'payment_refunded', paymentId })
  }

  async #complete({ kind, subject }: ErrandKey): Promise<void> {
    await this.#outside.complete(subject)
    this.#saveLater({ kind: 'errand_done', errand: { kind, subject } })
  }

  /** The next fan is told at once; a line that does not answer at once is told by the alarm. */
  async #completeSoon(admissionId: string): Promise<void> {
    const errand = this.#agenda.errand({ kind: 'complete', subject: admissionId })
    if (errand === undefined) return
    const told = this.#attempt(() => this.#complete(errand), 'complete')
    this.#host.background(told)
    try {
      await this.#host.within(COMPLETE_WAIT_MS, told)
    } catch (error) {
      if (!(error instanceof TimedOut)) throw error
    }
  }

  // --- Orders -------------------------------------------------------------------------------------------------------

  #orderOf(reservationId: string, userId: string): Result<Order, OfficeFailure> {
    const order = this.#isPlanned ? this.#host.rows.order(reservationId) : null
    return order === null || order.reservation.userId !== userId
      ? err({ reason: 'reservation-not-found' })
      : ok(order)
  }

  #paymentOf(paymentId: string): PaymentRecord {
    const order = this.#host.rows.orderOfPayment(paymentId)
    const payment = order?.payments.find((one) => one.paymentId === paymentId)
    if (payment === undefined) throw new Error('a payment is not there')
    return payment
  }

  #walletPayment({ reservation }: Order): PaymentRecord {
    const nowMs = this.#host.nowMs()
    return {
      paymentId: this.#host.newId(),
      reservationId: reservation.reservationId,
      userId: reservation.userId,
      method: 'wallet',
      amount: reservation.amount,
      state: 'pending',
      createdAtMs: nowMs,
      deadlineAtMs: nowMs,
      reference: null,
      checkoutUrl: null,
    }
  }

  #followPayment(event: Extract<OrderEvent, { paymentId: string }>): void {
    const order = this.#host.rows.orderOfPayment(event.paymentId)
    if (order === null) throw new Error('a payment is not there')
    this.#follow(order, event)
  }

  /** Decides and saves in one synchronous block. */
  #follow(order: Order, event: OrderEvent): Result<Order, OfficeFailure> {
    const followed = onOrder(this.#office, order, event, this.#host.nowMs())
    this.#save(followed.changes)
    return followed.value
  }

  /** Seats whose time is over are free for whoever asks now, whether or not the alarm has rung. */
  #endHolds(): void {
    for (const { reservationId } of this.#agenda.holdsOver(this.#host.nowMs(), HOLDS_ENDED_MAX)) {
      const order = this.#host.rows.order(reservationId)
      if (order !== null) this.#follow(order, { kind: 'hold_over' })
    }
  }

  // --- Saving -------------------------------------------------------------------------------------------------------

  /** For what may be lost: it is written with the next decision, or by the alarm. A restart does it again. */
  #saveLater(change: Change): void {
    this.#agenda.apply(change)
    this.#unsaved.push(change)
  }

  #save(changes: readonly Change[]): void {
    const kept = changes.filter(
      (change) => change.kind !== 'errand_saved' || this.#isDoneHere(change.errand.kind),
    )
    const previousVersion = this.#office.version
    const unsaved = this.#unsaved.splice(0)
    if (kept.length + unsaved.length > 0) {
      try {
        this.#host.rows.apply([...unsaved, ...kept])
        for (const change of kept) {
          applyChange(this.#office, change)
          this.#agenda.apply(change)
          this.#paymentCounts?.apply(change)
        }
      } catch (error) {
        // Memory and rows may have come apart; the object starts again from the rows.
        this.#host.restart(`storage refused a decision: ${String(error)}`)
        throw error
      }
    }
    const { version } = this.#office
    if (version !== previousVersion)
      this.#outside.seatsChanged({ version, previousVersion, seats: seatsIn(kept) })
    this.#arm()
  }

  #arm(): void {
    const wakeAtMs = this.#agenda.nextAtMs()
    const isArmed = this.#alarmAtMs !== null && this.#alarmAtMs > this.#host.nowMs() - ALARM_DEAD_MS
    if (wakeAtMs === null || (isArmed && (this.#alarmAtMs ?? 0) <= wakeAtMs)) return
    this.#alarmAtMs = wakeAtMs
    this.#host.background(this.#host.setAlarm(wakeAtMs))
  }
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

/** An operation of the office's own: nobody else can ask for another one by its name. */
function operationNamed(operationId: string): OperationName {
  return { operationId, requestHash: '' }
}

/** Sets the next attempt before this one begins: whatever becomes of it, there is a next one. */
function begunAgain(errand: Errand, nowMs: number): Change {
  const { attempts } = errand
  const dueAtMs = nowMs + Math.min(AGAIN_MS_MAX, OUTSIDE_TIMEOUT_MS + AGAIN_MS_MIN * 2 ** attempts)
  return { kind: 'errand_saved', errand: { ...errand, dueAtMs, attempts: attempts + 1 } }
}

function noSuchSeat(selection: HoldCall['selection']): Result<never, OfficeFailure> {
  return selection.kind === 'seats'
    ? err({ reason: 'seat-unknown', seatIds: selection.seatIds })
    : err({ reason: 'section-unknown', section: selection.section })
}
