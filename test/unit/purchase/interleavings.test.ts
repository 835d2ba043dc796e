/** Random interleavings of everything that can happen to the orders of a hall, wallet and provider alike. */
import { expect, it } from 'vitest'
import { applyChange, hold, onOrder, planSeats, type OfficeState } from '../../../src/purchase/core/office.ts'
import type { Order, OrderEvent } from '../../../src/purchase/core/orders.ts'
import type { Decision, Errand, PaymentRecord } from '../../../src/purchase/core/records.ts'
import { SeatMap } from '../../../src/purchase/core/seat-map.ts'
import { seatsOf } from '../../../src/purchase/core/seat-plan.ts'
import { Random } from '../../sim/random.ts'

const HOLD_MS = 1_000
const SEEDS = 400
const STEPS = 150

/** A hall, its orders, and the money that was really taken and given back. */
class Hall {
  readonly random: Random
  readonly office: OfficeState = { seats: new SeatMap(), version: 0 }
  readonly orders = new Map<string, Order>()
  readonly errands = new Map<string, Errand>()
  readonly taken = new Set<string>()
  readonly returned = new Set<string>()
  nowMs = 0

  constructor(seed: number) {
    this.random = new Random(seed)
    this.save(planSeats(this.office, seatsOf([{ name: 'A', rows: 1, seatsPerRow: 6, price: 10 }])))
  }

  save<T>({ value, changes }: Decision<T>): T {
    for (const change of changes) {
      applyChange(this.office, change)
      if (change.kind === 'errand_saved') this.errands.set(keyOf(change.errand), change.errand)
      if (change.kind === 'errand_done') this.errands.delete(keyOf(change.errand))
    }
    return value
  }

  step(): void {
    this.nowMs += this.random.between(0, 300)
    if (this.random.chance(0.3)) this.hold()
    const orders = [...this.orders.values()]
    if (orders.length > 0) this.follow(this.random.pick(orders))
  }

  hold(): void {
    const reservationId = `r${this.orders.size}`
    const count = this.random.between(1, 3)
    const held = this.save(
      hold(
        this.office,
        {
          reservationId,
          userId: 'ann',
          admissionId: reservationId,
          selection: { kind: 'section', section: 'A', count },
          holdMs: HOLD_MS,
        },
        0,
        this.nowMs,
      ),
    )
    if (held.ok) this.orders.set(reservationId, { reservation: held.value, payments: [] })
  }

  follow(order: Order): void {
    const event = this.#anyEvent(order)
    if (event === null) return
    if (event.kind === 'payment_succeeded') this.taken.add(event.paymentId)
    if (event.kind === 'payment_refunded') this.returned.add(event.paymentId)
    const followed = this.save(onOrder(this.office, order, event, this.nowMs))
    if (followed.ok) this.orders.set(order.reservation.reservationId, followed.value)
  }

  #anyEvent(order: Order): OrderEvent | null {
    const roll = this.random.next()
    if (roll < 0.15) return { kind: 'hold_over' }
    if (roll < 0.2) return { kind: 'given_up' }
    if (roll < 0.45) return this.#wanted(order)
    if (order.payments.length === 0) return null
    const { paymentId, amount, state } = this.random.pick(order.payments)
    if (roll < 0.65) return { kind: 'payment_succeeded', paymentId, amount }
    if (roll < 0.8)
      return { kind: 'payment_declined', paymentId, as: this.random.chance(0.5) ? 'failed' : 'expired' }
    if (roll < 0.9) return { kind: 'payment_unknown', paymentId }
    return state === 'refund_due' ? { kind: 'payment_refunded', paymentId } : null
  }

  #wanted(order: Order): OrderEvent {
    const { admissionId } = order.reservation
    return { kind: 'payment_wanted', payment: this.#payment(order), admissionId }
  }

  #payment({ reservation, payments }: Order): PaymentRecord {
    const { reservationId, userId, amount } = reservation
    return {
      paymentId: `${reservationId} p${payments.length}`,
      reservationId,
      userId,
      method: this.random.chance(0.5) ? 'wallet' : 'provider',
      amount,
      state: 'pending',
      createdAtMs: this.nowMs,
      deadlineAtMs: this.nowMs + 2 * HOLD_MS,
      reference: null,
      checkoutUrl: null,
    }
  }
}

function keyOf({ kind, subject }: Pick<Errand, 'kind' | 'subject'>): string {
  return `${kind}:${subject}`
}

const SEAT_STATE: Record<string, string> = { held: 'held', paying: 'paying', stuck: 'paying', paid: 'sold' }

function faultsOf(hall: Hall): string[] {
  const faults: string[] = []
  const owners = new Map<string, string>()
  for (const { reservation, payments } of hall.orders.values()) {
    const expected = SEAT_STATE[reservation.state]
    for (const seatId of expected === undefined ? [] : reservation.seatIds) {
      if (owners.has(seatId)) faults.push(`${seatId} has two holders`)
      owners.set(seatId, reservation.reservationId)
      const seat = hall.office.seats.get(seatId)
      if (seat?.state !== expected || seat?.reservationId !== reservation.reservationId)
        faults.push(`${seatId} is ${JSON.stringify(seat)}, its reservation ${reservation.state}`)
    }
    if (payments.filter(({ state }) => state === 'paid').length > 1) faults.push('paid twice')
    if ((reservation.state === 'paid') !== payments.some(({ state }) => state === 'paid'))
      faults.push(`${reservation.state} with payments ${payments.map(({ state }) => state).join()}`)
    for (const { paymentId, method, state } of payments)
      faults.push(...moneyFaults(hall, paymentId, method, state))
  }
  const taken = [...hall.office.seats.all()].filter(({ state }) => state !== 'free')
  if (taken.length !== owners.size) faults.push('a seat is taken by nobody')
  return faults
}

/** Money that was taken pays for seats, or is owed back, and what is owed stands among the errands. */
function moneyFaults(hall: Hall, paymentId: string, method: string, state: PaymentRecord['state']): string[] {
  const isIn = hall.taken.has(paymentId)
  const owes = (kind: Errand['kind']) => hall.errands.has(keyOf({ kind, subject: paymentId }))
  switch (state) {
    case 'pending':
      return owes(method === 'wallet' ? 'debit' : 'close') && !isIn
        ? []
        : ['nobody brings a payment to its end']
    case 'paid':
      return isIn ? [] : ['sold for nothing']
    case 'refund_due':
      return isIn && owes('refund') ? [] : ['a refund that nobody makes']
    case 'refunded':
      return isIn && hall.returned.has(paymentId) && !owes('refund') ? [] : ['a refund that was not made']
    case 'failed':
    case 'expired':
      return isIn ? ['money kept for nothing'] : []
    case 'stuck':
      return isIn ? ['stuck, though it is known to be paid'] : []
  }
}

it('INV-10: whatever happens in whatever order, a seat has one holder, a payment is taken once, and no money is kept for nothing', () => {
  let sold = 0
  let refunds = 0
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const hall = new Hall(seed)
    for (let step = 0; step < STEPS; step += 1) {
      hall.step()
      expect({ seed, step, faults: faultsOf(hall) }).toEqual({ seed, step, faults: [] })
    }
    sold += hall.office.seats.count('sold')
    refunds += hall.returned.size
  }
  expect(sold).toBeGreaterThan(SEEDS)
  expect(refunds).toBeGreaterThan(SEEDS / 4)
})
