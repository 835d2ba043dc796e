/** A payment desk with the real rules of orders and seats, a clock and a provider that the test holds in its hands. */
import { PAYMENT_GRACE_MS } from '../../../src/purchase/core/limits.ts'
import { applyChange, onOrder, type OfficeState } from '../../../src/purchase/core/office.ts'
import type { Order, OrderEvent } from '../../../src/purchase/core/orders.ts'
import type {
  Change,
  PaymentRecord,
  PaymentState,
  ReservationRecord,
  SeatRecord,
} from '../../../src/purchase/core/records.ts'
import { SeatMap } from '../../../src/purchase/core/seat-map.ts'
import { DESK_SCHEMA, DeskStorage } from '../../../src/purchase/payments/desk-rows.ts'
import { PaymentDesk } from '../../../src/purchase/payments/desk.ts'
import type { ProviderName } from '../../../src/purchase/payments/port.ts'
import { SqliteDatabase } from '../../long/sqlite-database.ts'
import { paid, ScriptedProvider } from './scripted-provider.ts'

export const PRICE = 12_000
export const HOLD_MS = 300_000
export const PAYMENT_MS = 600_000
const SEATS = ['A-1-1', 'A-1-2']

export class DeskWorld {
  nowMs = 1_000_000
  order: Order
  readonly office: OfficeState = { seats: new SeatMap(), version: 1 }
  readonly errands = new Map<string, number>()
  readonly logged: string[] = []
  refusesWrites = false
  readonly provider: ScriptedProvider
  readonly rows: DeskStorage
  readonly desk: PaymentDesk

  constructor(provider: ProviderName = 'fake') {
    this.provider = new ScriptedProvider(provider)
    const database = new SqliteDatabase()
    database.sql.exec(DESK_SCHEMA)
    this.rows = new DeskStorage(database.sql)
    this.office.seats.replace(SEATS.map(seatOf))
    this.office.seats.change(SEATS, 'held', 'r')
    this.order = { reservation: this.#reservation(), payments: [] }
    this.desk = new PaymentDesk({
      eventId: 'demo',
      provider: this.provider,
      currency: 'KRW',
      graceMs: PAYMENT_GRACE_MS,
      rows: this.rows,
      log: {
        info: () => {},
        error: (event) => void this.logged.push(event),
        warn: (event) => void this.logged.push(event),
      },
      nowMs: () => this.nowMs,
      orderOf: (paymentId) =>
        this.order.payments.some((payment) => payment.paymentId === paymentId) ? this.order : null,
      follow: (event) => this.follow(event),
      postponeRefund: (paymentId, dueAtMs) => void this.errands.set(`refund:${paymentId}`, dueAtMs),
    })
  }

  /** The visitor begins to pay; answers once the checkout is open. */
  async begin(paymentId = 'p1'): Promise<void> {
    const payment: PaymentRecord = {
      paymentId,
      reservationId: 'r',
      userId: 'ann',
      method: 'provider',
      amount: PRICE,
      state: 'pending',
      createdAtMs: this.nowMs,
      deadlineAtMs: this.nowMs + PAYMENT_MS,
      reference: null,
      checkoutUrl: null,
    }
    this.follow({ kind: 'payment_wanted', payment, admissionId: 'a' })
    this.rows.begin(paymentId, {
      provider: 'fake',
      origin: 'https://usher.example',
      description: 'demo: A-1-1, A-1-2',
    })
    await this.desk.open(paymentId)
  }

  follow(event: OrderEvent): void {
    if (this.refusesWrites) throw new Error('the disk is full')
    const { value, changes } = onOrder(this.office, this.order, event, this.nowMs)
    for (const change of changes) this.#write(change)
    if (value.ok) this.order = value.value
  }

  payment(paymentId = 'p1'): PaymentRecord {
    const found = this.order.payments.find((one) => one.paymentId === paymentId)
    if (found === undefined) throw new Error(`no payment ${paymentId}`)
    return found
  }

  /** `reservation payment seats`: how it all stands. */
  stands(paymentId = 'p1'): string {
    const seats = SEATS.map((seatId) => this.office.seats.get(seatId)?.state)
    return `${this.order.reservation.state} ${this.payment(paymentId).state} ${[...new Set(seats)].join('/')}`
  }

  owes(kind: string): boolean {
    return [...this.errands.keys()].some((key) => key.startsWith(`${kind}:`))
  }

  afterDeadline(ms = 0): void {
    this.nowMs = this.payment().deadlineAtMs + ms
  }

  /** Somebody else gets the seats, if they are free. */
  takenByAnother(): void {
    if (this.office.seats.taken(SEATS).length > 0) throw new Error('the seats are not free')
    this.office.seats.change(SEATS, 'sold', 'another')
  }

  #write(change: Change): void {
    applyChange(this.office, change)
    if (change.kind === 'errand_saved')
      this.errands.set(`${change.errand.kind}:${change.errand.subject}`, change.errand.dueAtMs)
    if (change.kind === 'errand_done') this.errands.delete(`${change.errand.kind}:${change.errand.subject}`)
  }

  #reservation(): ReservationRecord {
    return {
      reservationId: 'r',
      userId: 'ann',
      admissionId: 'a',
      seatIds: SEATS,
      amount: PRICE,
      state: 'held',
      createdAtMs: this.nowMs,
      holdEndsAtMs: this.nowMs + HOLD_MS,
      paymentId: null,
    }
  }
}

/** Every state that a payment at a provider can be in, and how it gets there. */
export const WAYS: Readonly<Record<PaymentState, (world: DeskWorld) => Promise<void>>> = {
  pending: async () => {},
  paid: async (world) => void world.desk.hear('way', 'p1', paid(PRICE)),
  failed: async (world) => void world.desk.hear('way', 'p1', { kind: 'failed' }),
  expired: async (world) => {
    world.afterDeadline()
    await world.desk.close('p1')
  },
  refund_due: async (world) => {
    await WAYS.expired(world)
    world.takenByAnother()
    world.desk.hear('way', 'p1', paid(PRICE))
  },
  refunded: async (world) => {
    await WAYS.refund_due(world)
    await world.desk.refund('p1')
  },
  stuck: async (world) => void world.desk.hear('way', 'p1', paid(PRICE - 1)),
}

function seatOf(seatId: string, ordinal: number): SeatRecord {
  return {
    seatId,
    ordinal,
    section: 'A',
    row: 1,
    number: ordinal + 1,
    price: PRICE / SEATS.length,
    state: 'free',
    reservationId: null,
  }
}
