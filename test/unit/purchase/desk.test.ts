/** INV-10 at the payment desk: whatever a provider says, when and how often, a seat is sold once and money taken once. */
import { beforeEach, describe, expect, it } from 'vitest'
import { PAYMENT_GRACE_MS } from '../../../src/purchase/core/limits.ts'
import { PAYMENT_STATES } from '../../../src/purchase/core/records.ts'
import { DeskWorld, HOLD_MS, PRICE, WAYS } from './desk-world.ts'
import { AWAY, known, paid } from './scripted-provider.ts'

let world: DeskWorld

beforeEach(async () => {
  world = new DeskWorld()
  await world.begin()
})

describe('a checkout', () => {
  it('is opened for a payment that is written down before', () => {
    expect(world.payment()).toMatchObject({ reference: 'ref', checkoutUrl: 'https://pay.example/ref' })
    expect(world.stands()).toBe('paying pending paying')
  })

  it('that the provider refuses gives the visitor back to the hold', async () => {
    const other = new DeskWorld()
    other.provider.creates = { kind: 'refused', code: 'parameter_invalid' }
    await other.begin()
    expect(other.stands()).toBe('held failed held')
  })

  it('whose opening nobody answered can be opened again', async () => {
    const other = new DeskWorld()
    other.provider.creates = AWAY
    await other.begin()
    expect(other.stands()).toBe('paying pending paying')
    other.provider.creates = { kind: 'created', reference: 'ref', checkoutUrl: 'https://pay.example/ref' }
    expect(await other.desk.open('p1')).toBe('opened')
  })

  it('whose opening nobody answered is closed at the provider all the same before the seats are free', async () => {
    const other = new DeskWorld()
    other.provider.creates = AWAY
    await other.begin()
    other.afterDeadline()
    await other.desk.close('p1')
    expect(other.provider.asked).toEqual(['create', 'cancel'])
    expect(other.stands()).toBe('expired expired free')
  })
})

describe('signed news', () => {
  it('of a payment in time sells the seats and owes the completion', () => {
    expect(world.desk.hear('e1', 'p1', paid(PRICE))).toBe('settled')
    expect(world.stands()).toBe('paid paid sold')
    expect(world.owes('complete')).toBe(true)
    expect(world.owes('close')).toBe(false)
  })

  it('that come twice are heard once', () => {
    world.desk.hear('e1', 'p1', paid(PRICE))
    expect(world.desk.hear('e1', 'p1', paid(PRICE))).toBe('repeated')
    expect(world.stands()).toBe('paid paid sold')
  })

  it.each([
    ['failed after paid', { kind: 'failed' }],
    ['closed after paid', { kind: 'closed' }],
    ['open after paid', { kind: 'open' }],
    ['paid after paid, in another event', paid(PRICE)],
  ] as const)('out of order change nothing: %s', (_name, state) => {
    world.desk.hear('e1', 'p1', paid(PRICE))
    world.desk.hear('e2', 'p1', state)
    expect(world.stands()).toBe('paid paid sold')
    expect(world.owes('refund')).toBe(false)
  })

  it('of a payment that failed give the visitor back to the hold, which is then as long as it was', () => {
    world.desk.hear('e1', 'p1', { kind: 'failed' })
    expect(world.stands()).toBe('held failed held')
    expect(world.order.reservation.holdEndsAtMs).toBe(world.order.reservation.createdAtMs + HOLD_MS)
  })

  it('of a success after a failure are believed: the money is there', () => {
    world.desk.hear('e1', 'p1', { kind: 'failed' })
    world.desk.hear('e2', 'p1', paid(PRICE))
    expect(world.stands()).toBe('paid paid sold')
  })

  it('of a success after the end sell the seats that are still free', async () => {
    await WAYS.expired(world)
    expect(world.stands()).toBe('expired expired free')
    world.desk.hear('e1', 'p1', paid(PRICE))
    expect(world.stands()).toBe('paid paid sold')
  })

  it('of a success after the end give the money back when somebody else has the seats', async () => {
    await WAYS.expired(world)
    world.takenByAnother()
    world.desk.hear('e1', 'p1', paid(PRICE))
    expect(world.stands()).toBe('refund_due refund_due sold')
    expect(world.owes('refund')).toBe(true)
    await world.desk.refund('p1')
    expect(world.stands()).toBe('refunded refunded sold')
    expect(world.owes('refund')).toBe(false)
  })

  it.each([
    ['less', paid(PRICE - 1)],
    ['more', paid(PRICE + 1)],
    ['as much in another currency', paid(PRICE, 'USD')],
  ])('of %s than the price sell nothing and free nothing: an operator has to look', (_name, state) => {
    world.desk.hear('e1', 'p1', state)
    expect(world.stands()).toBe('stuck stuck paying')
    expect(world.logged).toEqual(['payment_stuck'])
  })

  it('whose change could not be written are heard when they are repeated', () => {
    world.refusesWrites = true
    expect(() => world.desk.hear('e1', 'p1', paid(PRICE))).toThrow('the disk is full')
    world.refusesWrites = false
    expect(world.desk.hear('e1', 'p1', paid(PRICE))).toBe('settled')
    expect(world.stands()).toBe('paid paid sold')
  })

  it('of a payment that is not ours change nothing', () => {
    expect(world.desk.hear('e1', 'p9', paid(PRICE))).toBe('payment-unknown')
    expect(world.stands()).toBe('paying pending paying')
  })

  it('of a refund that somebody made at the provider do not take sold seats away', () => {
    world.desk.hear('e1', 'p1', paid(PRICE))
    world.desk.hear('e2', 'p1', { kind: 'refunded' })
    expect(world.stands()).toBe('paid paid sold')
    expect(world.logged).toContain('refunded_elsewhere')
  })

  it.each(PAYMENT_STATES)('never make a sold seat free nor take money twice, from %s', async (state) => {
    for (const news of [
      { kind: 'open' },
      { kind: 'failed' },
      { kind: 'closed' },
      { kind: 'refunded' },
      paid(PRICE),
    ] as const) {
      const other = new DeskWorld()
      await other.begin()
      await WAYS[state](other)
      expect(other.payment().state).toBe(state)
      const wasSold = other.stands().endsWith('sold')
      other.desk.hear('e1', 'p1', news)
      other.desk.hear('e2', 'p1', paid(PRICE))
      if (wasSold) expect(other.stands()).toMatch(/sold$/)
      // The money is ours exactly when the seats are the visitor's; else it goes back, or an operator looks.
      const { reservation } = other.order
      expect(other.payment().state === 'paid').toBe(reservation.state === 'paid')
    }
  })
})

describe('a hint that anybody may have sent', () => {
  it('makes the provider be asked, and only what it says counts', async () => {
    expect(await world.desk.look('p1')).toBe('settled')
    expect(world.stands()).toBe('paying pending paying')
    world.nowMs += 1_000
    world.provider.says = { kind: 'known', state: paid(PRICE) }
    expect(await world.desk.look('p1')).toBe('settled')
    expect(world.stands()).toBe('paid paid sold')
  })

  it('does not make the provider be asked more often than once a second, nor about what is over', async () => {
    await world.desk.look('p1')
    expect(await world.desk.look('p1')).toBe('later')
    world.desk.hear('e1', 'p1', paid(PRICE))
    world.nowMs += 1_000
    expect(await world.desk.look('p1')).toBe('settled')
    expect(world.provider.asked).toEqual(['create', 'fetch'])
  })

  it('is to be repeated when the provider does not answer', async () => {
    world.provider.says = AWAY
    expect(await world.desk.look('p1')).toBe('later')
    expect(world.stands()).toBe('paying pending paying')
  })

  it('about a payment that is not ours asks nobody', async () => {
    expect(await world.desk.look('p9')).toBe('payment-unknown')
    expect(world.provider.asked).toEqual(['create'])
  })

  it('frees a payment that is stuck as soon as the provider can tell', async () => {
    world.provider.cancels = AWAY
    world.afterDeadline(PAYMENT_GRACE_MS)
    await world.desk.close('p1')
    expect(world.stands()).toBe('stuck stuck paying')
    world.provider.says = { kind: 'known', state: paid(PRICE) }
    await world.desk.look('p1')
    expect(world.stands()).toBe('paid paid sold')
  })
})

describe('a visitor who comes back with a proof', () => {
  it('is charged, and the seats are sold', async () => {
    world.provider.says = { kind: 'known', state: paid(PRICE) }
    await world.desk.confirm('p1', 'proof')
    expect(world.provider.asked).toEqual(['create', 'confirm'])
    expect(world.stands()).toBe('paid paid sold')
  })

  it('after the deadline is not charged', async () => {
    world.afterDeadline()
    await world.desk.confirm('p1', 'proof')
    expect(world.provider.asked).toEqual(['create', 'fetch'])
  })

  it('and whose charge nobody answered keeps the seats until it can be known', async () => {
    world.provider.says = AWAY
    world.nowMs = world.payment().deadlineAtMs - 1
    expect(await world.desk.confirm('p1', 'proof')).toBe('later')
    world.afterDeadline()
    // The provider would say "not paid", which is true only until the charge arrives.
    await expect(world.desk.close('p1')).rejects.toThrow('a confirmation is under way')
    expect(world.stands()).toBe('paying pending paying')
    world.nowMs += 60_000
    await world.desk.close('p1')
    expect(world.stands()).toBe('expired expired free')
  })
})

describe('at the deadline', () => {
  it('the checkout is closed at the provider before the seats are free', async () => {
    world.afterDeadline()
    let seatsMeanwhile = ''
    world.provider.meanwhile = () => {
      seatsMeanwhile = world.stands()
    }
    await world.desk.close('p1')
    expect(seatsMeanwhile).toBe('paying pending paying')
    expect(world.stands()).toBe('expired expired free')
  })

  it('what was paid in the last moment is sold', async () => {
    world.provider.cancels = { kind: 'known', state: paid(PRICE) }
    world.afterDeadline()
    await world.desk.close('p1')
    expect(world.stands()).toBe('paid paid sold')
  })

  it('news that come while the checkout is being closed are not overwritten', async () => {
    world.afterDeadline()
    world.provider.meanwhile = () => void world.desk.hear('e1', 'p1', paid(PRICE))
    await world.desk.close('p1')
    expect(world.stands()).toBe('paid paid sold')
  })

  it('news that come while nobody answers the closing are what counts', async () => {
    world.provider.cancels = AWAY
    world.afterDeadline(PAYMENT_GRACE_MS)
    world.provider.meanwhile = () => void world.desk.hear('e1', 'p1', paid(PRICE))
    await world.desk.close('p1')
    expect(world.stands()).toBe('paid paid sold')
    expect(world.logged).not.toContain('payment_stuck')
  })

  it('a provider that does not answer is asked again until the grace is over, then an operator', async () => {
    world.provider.cancels = AWAY
    world.afterDeadline(PAYMENT_GRACE_MS - 1)
    await expect(world.desk.close('p1')).rejects.toThrow('not closed')
    expect(world.stands()).toBe('paying pending paying')
    world.afterDeadline(PAYMENT_GRACE_MS)
    await world.desk.close('p1')
    expect(world.stands()).toBe('stuck stuck paying')
    expect(world.logged).toContain('payment_stuck')
  })

  it('a provider that neither closes nor decides it leaves it to an operator, not to the next buyer', async () => {
    world.provider.cancels = known('open')
    world.afterDeadline(PAYMENT_GRACE_MS)
    await world.desk.close('p1')
    expect(world.stands()).toBe('stuck stuck paying')
  })
})

describe('a refund', () => {
  beforeEach(async () => {
    await WAYS.refund_due(world)
  })

  it('that is not answered is tried again', async () => {
    world.provider.refunds = AWAY
    await expect(world.desk.refund('p1')).rejects.toThrow('refund unknown')
    expect(world.payment().state).toBe('refund_due')
    world.provider.refunds = { kind: 'refunded' }
    await world.desk.refund('p1')
    expect(world.payment().state).toBe('refunded')
  })

  it('that is on its way is asked about every ten minutes', async () => {
    world.provider.refunds = { kind: 'pending' }
    await world.desk.refund('p1')
    expect(world.payment().state).toBe('refund_due')
    expect(world.errands.get('refund:p1')).toBe(world.nowMs + 600_000)
  })

  it.each([{ kind: 'pending' }, { kind: 'refused', code: 'charge_disputed' }] as const)(
    'that turns out to be made while the provider says $kind is not tried again',
    async (reply) => {
      world.provider.refunds = reply
      world.provider.meanwhile = () => void world.desk.hear('e9', 'p1', { kind: 'refunded' })
      await world.desk.refund('p1')
      expect(world.payment().state).toBe('refunded')
      expect(world.owes('refund')).toBe(false)
    },
  )

  it('that is refused stays due, is said, and is tried again much later', async () => {
    world.provider.refunds = { kind: 'refused', code: 'balance_insufficient' }
    await world.desk.refund('p1')
    expect(world.payment().state).toBe('refund_due')
    expect(world.logged).toContain('refund_refused')
    expect(world.errands.get('refund:p1')).toBe(world.nowMs + 3_600_000)
  })

  it('that somebody made at the provider is heard', () => {
    world.desk.hear('e9', 'p1', { kind: 'refunded' })
    expect(world.payment().state).toBe('refunded')
  })
})

describe('after a change of provider', () => {
  it('what was begun with the other one is not closed on the word of this one', async () => {
    const other = new DeskWorld('toss')
    other.rows.begin('p1', { provider: 'stripe', origin: 'https://usher.example', description: 'demo' })
    await other.begin()
    other.afterDeadline(PAYMENT_GRACE_MS)
    await other.desk.close('p1')
    expect(other.provider.asked).toEqual([])
    expect(other.stands()).toBe('stuck stuck paying')
  })
})

describe('the events that have been heard', () => {
  it('are forgotten when the provider has long ceased to repeat them', () => {
    world.desk.hear('e1', 'p1', { kind: 'open' })
    world.rows.forgetEvents(world.nowMs, 10)
    expect(world.rows.hasHeard('e1')).toBe(true)
    world.rows.forgetEvents(world.nowMs + 1, 10)
    expect(world.rows.hasHeard('e1')).toBe(false)
  })
})
