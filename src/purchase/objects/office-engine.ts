/**
 * The seats of one event: load, decide, save, act. Whoever reads and whoever decides do so in one synchronous block with
 * what is written (INV-10; office-book.ts); what is owed to others is written with the decision (office-errands.ts).
 */
import { err, ok, type Result } from '../../core/result.ts'
import type { Receipt, WebhookSourceApi } from '../../outbound/message.ts'
import type { Kept, OperationName } from '../../ports/idempotency.ts'
import { hold, planSeats, type OfficeFailure } from '../core/office.ts'
import { currentPayment, paymentOf, type Order } from '../core/orders.ts'
import type { PaymentRecord } from '../core/records.ts'
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
import { OfficeBook } from './office-book.ts'
import { OfficeErrands } from './office-errands.ts'
import type { OfficeHost, OfficeOutside } from './office-host.ts'
import { paymentView, reservationView, saleFigures } from './office-views.ts'
import { Operations } from './operations.ts'
import { ProviderPayments } from './provider-payments.ts'

export class OfficeEngine implements Omit<SeatOfficeApi, keyof ProviderPaymentsApi>, WebhookSourceApi {
  /** Payments at a provider. */
  readonly provider: ProviderPayments
  readonly #host: OfficeHost
  readonly #book: OfficeBook
  readonly #operations: Operations
  readonly #errands: OfficeErrands

  constructor(host: OfficeHost, outside: OfficeOutside) {
    this.#host = host
    const book = new OfficeBook(host, (change) => outside.seatsChanged(change))
    this.#book = book
    this.#operations = new Operations({
      rows: host.rows,
      isPlanned: () => book.isPlanned,
      nowMs: host.nowMs,
      save: (operation) => book.save([{ kind: 'operation_kept', operation }]),
    })
    this.provider = new ProviderPayments({
      host,
      isPlanned: () => book.isPlanned,
      orderOf: (reservationId, userId) => {
        book.endHolds()
        return book.orderOf(reservationId, userId)
      },
      follow: (order, event) => book.follow(order, event),
      tellLine: (admissionId) => host.background(this.#errands.completeSoon(admissionId)),
      save: (errand) => book.save([{ kind: 'errand_saved', errand }]),
      once: (operation, work) => this.#operations.once(operation, work),
    })
    this.#errands = new OfficeErrands({ host, outside, book, provider: this.provider })
    book.arm()
  }

  async plan(sections: readonly SectionPlan[]): Promise<OfficeResult<{ seatCount: number }>> {
    const book = this.#book
    book.create()
    const planned = planSeats(book.state, seatsOf(sections))
    book.save(planned.changes)
    return planned.value.ok ? ok({ seatCount: book.state.seats.size }) : planned.value
  }

  async figures(): Promise<SaleFigures> {
    const { rows, eventId } = this.#host
    const { state, agenda } = this.#book
    const payments = this.#book.payments()
    const [oldestStuck = null] = payments.provider.stuck > 0 ? rows.paymentsIn('stuck', 1) : []
    return saleFigures(eventId, state.seats, payments, oldestStuck, agenda.owed())
  }

  async map(knownVersion: number | null): Promise<{ version: number; seats: string | null }> {
    this.#book.endHolds()
    const { version, seats } = this.#book.state
    return { version, seats: knownVersion === version ? null : seats.text() }
  }

  async hold(call: HoldCall): Promise<OfficeResult<Kept<Reservation>>> {
    const book = this.#book
    if (!book.isPlanned) return noSuchSeat(call.selection)
    const earlier = this.#operations.earlier<Reservation>(call.operation)
    if (earlier !== null) return earlier
    book.endHolds()
    const seatsOfAdmission = this.#host.rows
      .reservationsOfAdmission(call.admissionId)
      .reduce((sum, { seatIds }) => sum + seatIds.length, 0)
    const request = { ...call, reservationId: this.#host.newId() }
    const held = hold(book.state, request, seatsOfAdmission, this.#host.nowMs())
    if (!held.value.ok) return held.value
    const answer = reservationView(this.#host, { reservation: held.value.value, payments: [] })
    const operation = this.#operations.record(call.operation, answer)
    book.save([...held.changes, { kind: 'operation_kept', operation }])
    return ok({ answer, isReplay: false })
  }

  async answered(operation: OperationName): Promise<OfficeResult<Kept<Reservation | Checkout>> | null> {
    return this.#operations.earlier(operation)
  }

  async reservation(reservationId: string, userId: string): Promise<OfficeResult<Reservation>> {
    this.#book.endHolds()
    const found = this.#book.orderOf(reservationId, userId)
    return found.ok ? ok(reservationView(this.#host, found.value)) : found
  }

  async giveUp(reservationId: string, userId: string): Promise<OfficeResult<null>> {
    const found = this.#book.orderOf(reservationId, userId)
    if (!found.ok) return found
    const given = this.#book.follow(found.value, { kind: 'given_up' })
    return given.ok ? ok(null) : given
  }

  async left(admissionId: string): Promise<void> {
    if (!this.#book.isPlanned) return
    const { rows } = this.#host
    for (const { reservationId } of rows.reservationsOfAdmission(admissionId)) {
      const order = rows.order(reservationId)
      // What is sold stays sold, and a wallet that is being debited comes to its own end.
      if (order !== null) this.#book.follow(order, { kind: 'given_up' })
    }
  }

  async payByWallet(call: PayCall): Promise<OfficeResult<Kept<Payment>>> {
    const paid = await this.#operations.once(call.operation, () => this.#payByWallet(call))
    // Whoever is told again needs not wait for the line.
    if (paid.ok && !paid.value.isReplay) await this.#errands.completeSoon(call.admissionId)
    return paid
  }

  async webhooksHeard(receipts: readonly Receipt[]): Promise<void> {
    this.#errands.heard(receipts)
  }

  /** The host's alarm has rung. Running it twice, late or early changes nothing but delay. */
  async alarm(): Promise<void> {
    const book = this.#book
    const nowMs = this.#host.nowMs()
    book.disarm()
    book.forget(nowMs)
    book.endHolds()
    // What was left for later.
    book.save([])
    this.#errands.run(nowMs)
    book.arm()
  }

  async #payByWallet({ reservationId, userId, admissionId }: PayCall): Promise<OfficeResult<Payment>> {
    const book = this.#book
    book.endHolds()
    const found = book.orderOf(reservationId, userId)
    if (!found.ok) return found
    const payment = this.#walletPayment(found.value)
    const wanted = book.follow(found.value, { kind: 'payment_wanted', payment, admissionId })
    if (!wanted.ok) return wanted
    const begun = currentPayment(wanted.value)
    if (begun === undefined) throw new Error('a payment that was begun is not there')
    if (begun.state === 'pending') await this.#errands.debit(begun)
    // The wallet was asked meanwhile: how it went is in the rows.
    const paid = paymentOf(book.orderWith(begun), begun.paymentId)
    if (paid.state === 'pending') return err({ reason: 'store-unavailable' })
    if (paid.state !== 'paid') return err({ reason: 'insufficient-balance' })
    return ok(paymentView(paid))
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
}

function noSuchSeat(selection: HoldCall['selection']): Result<never, OfficeFailure> {
  return selection.kind === 'seats'
    ? err({ reason: 'seat-unknown', seatIds: selection.seatIds })
    : err({ reason: 'section-unknown', section: selection.section })
}
