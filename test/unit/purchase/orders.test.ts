/** Every state of an order against everything that can happen to it. */
import { describe, expect, it } from 'vitest'
import { ok } from '../../../src/core/result.ts'
import {
  orderAfter,
  step,
  type Order,
  type OrderContext,
  type OrderEvent,
  type Step,
} from '../../../src/purchase/core/orders.ts'
import {
  PAYMENT_STATES,
  RESERVATION_STATES,
  type PaymentMethod,
  type PaymentRecord,
  type PaymentState,
  type ReservationRecord,
  type ReservationState,
} from '../../../src/purchase/core/records.ts'

const HOLD_ENDS = 300_000
const DEADLINE = 600_000

function payment(over: Partial<PaymentRecord> = {}): PaymentRecord {
  return {
    paymentId: 'p1',
    reservationId: 'r',
    userId: 'ann',
    method: 'provider',
    amount: 2_000,
    state: 'pending',
    createdAtMs: 10_000,
    deadlineAtMs: DEADLINE,
    reference: null,
    checkoutUrl: null,
    ...over,
  }
}

function reservation(over: Partial<ReservationRecord> = {}): ReservationRecord {
  return {
    reservationId: 'r',
    userId: 'ann',
    admissionId: 'a',
    seatIds: ['A-1-1', 'A-1-2'],
    amount: 2_000,
    state: 'held',
    createdAtMs: 0,
    holdEndsAtMs: HOLD_ENDS,
    paymentId: null,
    ...over,
  }
}

/** An order as it can be when its reservation is in this state, with one payment `p1` in the other. */
function orderIn(state: ReservationState, paid: PaymentState, method: PaymentMethod = 'provider'): Order {
  return {
    reservation: reservation({ state, paymentId: 'p1' }),
    payments: [payment({ state: paid, method })],
  }
}

function context(nowMs: number, free = false): OrderContext {
  return { nowMs, seatsAreFree: () => free }
}

function stepOf(order: Order, event: OrderEvent, at = context(20_000)): Step {
  const stepped = step(order, event, at)
  if (!stepped.ok) throw new Error(stepped.error.reason)
  return stepped.value
}

/** What a step does, short: reservation, payment, seats, and the errands with their sign. */
function short({ reservation: after, payments, seats, owed, done }: Step): string {
  const states = [after?.state ?? '=', ...payments.map(({ paymentId, state }) => `${paymentId}:${state}`)]
  const errands = [...owed.map(({ kind }) => `+${kind}`), ...done.map(({ kind }) => `-${kind}`)]
  return [...states, seats ?? '=', ...errands].join(' ')
}

const SUCCESS: OrderEvent = { kind: 'payment_succeeded', paymentId: 'p1', amount: 2_000 }
const DECLINE: OrderEvent = { kind: 'payment_declined', paymentId: 'p1', as: 'failed' }
const LAPSE: OrderEvent = { kind: 'payment_declined', paymentId: 'p1', as: 'expired' }
const UNKNOWN: OrderEvent = { kind: 'payment_unknown', paymentId: 'p1' }
const REFUNDED: OrderEvent = { kind: 'payment_refunded', paymentId: 'p1' }
const GIVEN_UP: OrderEvent = { kind: 'given_up' }
const HOLD_OVER: OrderEvent = { kind: 'hold_over' }
const WANTED: OrderEvent = {
  kind: 'payment_wanted',
  payment: payment({ paymentId: 'p2' }),
  admissionId: 'a',
}

const SOLD = 'paid p1:paid sold +complete +webhook -close'
const REFUND = 'refund_due p1:refund_due = +refund -close'

describe('a payment that succeeds', () => {
  const cases: [ReservationState, PaymentState, free: boolean, string][] = [
    ['paying', 'pending', false, SOLD],
    ['stuck', 'stuck', false, SOLD],
    ['held', 'failed', false, SOLD],
    ['held', 'expired', false, SOLD],
    ['paying', 'failed', false, SOLD],
    ['expired', 'expired', true, SOLD],
    ['failed', 'failed', true, SOLD],
    ['expired', 'stuck', true, SOLD],
    ['expired', 'expired', false, REFUND],
    ['failed', 'failed', false, REFUND],
    ['cancelled', 'failed', true, REFUND],
    ['refunded', 'failed', true, REFUND],
    ['refund_due', 'failed', true, REFUND],
    ['paid', 'pending', false, '= p1:refund_due = +refund -close'],
  ]
  it.each(cases)(
    'of a reservation that is %s, itself %s, seats free: %s, comes to %s',
    (state, paid, free, outcome) => {
      expect(short(stepOf(orderIn(state, paid), SUCCESS, context(900_000, free)))).toBe(outcome)
    },
  )

  it.each(
    RESERVATION_STATES.flatMap((state) =>
      (['paid', 'refund_due', 'refunded'] as const).map((paid) => [state, paid] as const),
    ),
  )('once more changes nothing: reservation %s, payment %s', (state, paid) => {
    expect(short(stepOf(orderIn(state, paid), SUCCESS, context(900_000, true)))).toBe('= =')
  })

  it.each(RESERVATION_STATES)(
    'with another amount than was asked for sells nothing and waits for the operator: %s',
    (state) => {
      const outcome = short(
        stepOf(orderIn(state, 'pending'), { ...SUCCESS, amount: 1_999 }, context(20_000, true)),
      )
      const waits = state === 'paying' || state === 'stuck'
      expect(outcome).toBe(`${waits ? 'stuck' : '='} p1:stuck = -close`)
    },
  )

  it('calls back the other payment that is under way, and gives its money back if it comes all the same', () => {
    const order: Order = {
      reservation: reservation({ state: 'paying', paymentId: 'p2' }),
      payments: [payment({ state: 'failed' }), payment({ paymentId: 'p2' })],
    }
    const sold = stepOf(order, SUCCESS)
    expect(sold.owed.map(({ kind, subject, dueAtMs }) => [kind, subject, dueAtMs])).toContainEqual([
      'close',
      'p2',
      20_000,
    ])
    const after = orderAfter(order, sold)
    expect(after.reservation).toMatchObject({ state: 'paid', paymentId: 'p1' })
    expect(short(stepOf(after, { kind: 'payment_succeeded', paymentId: 'p2', amount: 2_000 }))).toBe(
      '= p2:refund_due = +refund -close',
    )
    expect(short(stepOf(after, { kind: 'payment_declined', paymentId: 'p2', as: 'expired' }))).toBe(
      '= p2:expired = -close',
    )
  })
})

describe('a payment that is declined', () => {
  it('gives the seats back to the hold while there is one, and costs them when it is over', () => {
    expect(short(stepOf(orderIn('paying', 'pending'), DECLINE, context(HOLD_ENDS - 1)))).toBe(
      'held p1:failed held -close',
    )
    expect(short(stepOf(orderIn('paying', 'pending'), DECLINE, context(HOLD_ENDS)))).toBe(
      'failed p1:failed free +webhook -close',
    )
    expect(short(stepOf(orderIn('paying', 'pending'), LAPSE, context(DEADLINE)))).toBe(
      'expired p1:expired free +webhook -close',
    )
    expect(short(stepOf(orderIn('stuck', 'stuck'), DECLINE, context(DEADLINE)))).toBe(
      'failed p1:failed free +webhook -close',
    )
    expect(short(stepOf(orderIn('paying', 'pending', 'wallet'), DECLINE))).toBe('held p1:failed held -debit')
  })

  const settled = PAYMENT_STATES.filter((state) => state !== 'pending' && state !== 'stuck')
  it.each(RESERVATION_STATES.flatMap((state) => settled.map((paid) => [state, paid] as const)))(
    'after it was settled changes nothing: reservation %s, payment %s',
    (state, paid) => {
      expect(short(stepOf(orderIn(state, paid), DECLINE))).toBe('= =')
      expect(short(stepOf(orderIn(state, paid), LAPSE))).toBe('= =')
    },
  )

  it.each(RESERVATION_STATES.filter((state) => state !== 'paying' && state !== 'stuck'))(
    'does not touch the seats of a reservation that does not wait for it: %s',
    (state) => {
      expect(short(stepOf(orderIn(state, 'pending'), DECLINE))).toBe('= p1:failed = -close')
    },
  )
})

describe('a payment of which nobody knows', () => {
  it('keeps the seats until an operator says how it went', () => {
    expect(short(stepOf(orderIn('paying', 'pending'), UNKNOWN, context(DEADLINE)))).toBe(
      'stuck p1:stuck = -close',
    )
  })

  it.each(PAYMENT_STATES.filter((state) => state !== 'pending'))('is known when it is %s', (state) => {
    expect(short(stepOf(orderIn('paying', state), UNKNOWN))).toBe('= =')
  })
})

describe('a refund', () => {
  it('is done once', () => {
    expect(short(stepOf(orderIn('refund_due', 'refund_due'), REFUNDED))).toBe(
      'refunded p1:refunded = -refund',
    )
    expect(short(stepOf(orderIn('refunded', 'refunded'), REFUNDED))).toBe('= =')
  })

  it('of a second payment leaves the sale as it is', () => {
    expect(short(stepOf(orderIn('paid', 'refund_due'), REFUNDED))).toBe('= p1:refunded = -refund')
  })

  it.each(PAYMENT_STATES.filter((state) => state !== 'refund_due'))(
    'of a payment that is %s is none',
    (state) => {
      expect(short(stepOf(orderIn('paid', state), REFUNDED))).toBe('= =')
    },
  )
})

describe('the time of a hold', () => {
  it.each(RESERVATION_STATES)(
    'frees the seats of a reservation only while nothing else has happened: %s',
    (state) => {
      const late = short(stepOf(orderIn(state, 'pending'), HOLD_OVER, context(HOLD_ENDS)))
      expect(late).toBe(state === 'held' ? 'expired free +webhook' : '= =')
      expect(short(stepOf(orderIn(state, 'pending'), HOLD_OVER, context(HOLD_ENDS - 1)))).toBe('= =')
    },
  )
})

describe('giving up', () => {
  const outcomes: Record<ReservationState, string> = {
    held: 'cancelled free',
    paying: 'paying p1:pending = +close',
    paid: 'reservation-paid',
    stuck: 'payment-in-progress',
    failed: '= =',
    expired: '= =',
    cancelled: '= =',
    refund_due: '= =',
    refunded: '= =',
  }
  it.each(RESERVATION_STATES)('a reservation that is %s', (state) => {
    const stepped = step(orderIn(state, 'pending'), GIVEN_UP, context(20_000))
    expect(stepped.ok ? short(stepped.value) : stepped.error.reason).toBe(outcomes[state])
  })

  it('while a checkout is open closes it there first, and the seats are free only when it is closed', () => {
    const order = orderIn('paying', 'pending')
    const closing = stepOf(order, GIVEN_UP)
    expect(closing.owed).toMatchObject([{ kind: 'close', subject: 'p1', dueAtMs: 20_000 }])
    const after = orderAfter(order, closing)
    expect(short(stepOf(after, LAPSE, context(21_000)))).toBe('expired p1:expired free +webhook -close')
    expect(short(stepOf(after, SUCCESS, context(21_000)))).toBe(SOLD)
  })

  it('while a wallet is being debited has to wait for it', () => {
    expect(step(orderIn('paying', 'pending', 'wallet'), GIVEN_UP, context(20_000))).toMatchObject({
      ok: false,
      error: { reason: 'payment-in-progress' },
    })
  })
})

describe('wanting to pay', () => {
  const outcomes: Record<ReservationState, string> = {
    held: 'paying p2:pending paying +close',
    paying: '= =',
    paid: '= =',
    stuck: 'payment-in-progress',
    failed: 'reservation-expired',
    expired: 'reservation-expired',
    cancelled: 'reservation-expired',
    refund_due: 'reservation-expired',
    refunded: 'reservation-expired',
  }
  it.each(RESERVATION_STATES)('for a reservation that is %s', (state) => {
    const stepped = step(orderIn(state, 'pending'), WANTED, context(20_000))
    expect(stepped.ok ? short(stepped.value) : stepped.error.reason).toBe(outcomes[state])
  })

  it('is too late when the hold is over, even if nobody has noticed yet', () => {
    expect(step(orderIn('held', 'failed'), WANTED, context(HOLD_ENDS))).toMatchObject({
      ok: false,
      error: { reason: 'reservation-expired' },
    })
  })

  it('with another admission than the seats were held with is refused', () => {
    expect(step(orderIn('held', 'failed'), { ...WANTED, admissionId: 'b' }, context(20_000))).toMatchObject({
      ok: false,
      error: { reason: 'other-admission' },
    })
  })

  it('with another method than the payment under way is refused', () => {
    expect(step(orderIn('paying', 'pending', 'wallet'), WANTED, context(20_000))).toMatchObject({
      ok: false,
      error: { reason: 'payment-in-progress' },
    })
  })

  it('by wallet owes the debit, by provider the closing of the checkout at its deadline', () => {
    const held: Order = { reservation: reservation(), payments: [] }
    const byWallet = payment({ method: 'wallet', createdAtMs: 20_000, deadlineAtMs: 20_000 })
    expect(stepOf(held, { ...WANTED, payment: byWallet }).owed).toMatchObject([
      { kind: 'debit', subject: 'p1', dueAtMs: 23_000 },
    ])
    expect(stepOf(held, { ...WANTED, payment: payment() }).owed).toMatchObject([
      { kind: 'close', subject: 'p1', dueAtMs: DEADLINE },
    ])
  })
})

it('an open checkout is remembered', () => {
  const opened: OrderEvent = {
    kind: 'checkout_opened',
    paymentId: 'p1',
    reference: 'cs_1',
    checkoutUrl: 'https://pay.example/1',
  }
  expect(stepOf(orderIn('paying', 'pending'), opened).payments).toEqual([
    payment({ reference: 'cs_1', checkoutUrl: 'https://pay.example/1' }),
  ])
})

it('a payment of another order is a defect', () => {
  expect(() => step(orderIn('paying', 'pending'), { ...SUCCESS, paymentId: 'other' }, context(0))).toThrow(
    'another order',
  )
})

it('the order after a step has what the step changed, and the rest as it was', () => {
  const order = orderIn('held', 'failed')
  const after = orderAfter(order, stepOf(order, WANTED))
  expect(after.reservation).toMatchObject({ state: 'paying', paymentId: 'p2' })
  expect(after.payments.map(({ paymentId, state }) => [paymentId, state])).toEqual([
    ['p1', 'failed'],
    ['p2', 'pending'],
  ])
  expect(ok(orderAfter(order, stepOf(order, HOLD_OVER, context(0))))).toEqual(ok(order))
})
