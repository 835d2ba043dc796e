/** INV-10 over time: deadlines, crashes and retries of payments at a provider, on the office's real rows and alarm. */
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { ok } from '../../../src/core/result.ts'
import { PAYMENT_GRACE_MS } from '../../../src/purchase/core/limits.ts'
import { OfficeWorld, operation, PAYMENT_MS } from './office-world.ts'
import { AWAY, known, paid, ScriptedProvider } from './scripted-provider.ts'

const PRICE = 12_000
const FREE = ['free', 'free', 'free', 'free']
const HELD = ['held', 'held', 'free', 'free']
const SOLD = ['sold', 'sold', 'free', 'free']

let provider: ScriptedProvider
let world: OfficeWorld
let reservationId: string

// What fails here is meant to.
vi.spyOn(console, 'warn').mockImplementation(() => {})

beforeEach(async () => {
  provider = new ScriptedProvider()
  world = new OfficeWorld(provider)
  reservationId = await world.held()
})

describe('a visitor who pays at a provider', () => {
  it('is told where, and the provider what for, how much and where to send the browser', async () => {
    const begun = await world.checkout(reservationId)
    expect(begun).toMatchObject({
      ok: true,
      value: { answer: { state: 'pending', amount: PRICE, checkoutUrl: 'https://pay.example/ref' } },
    })
    expect(provider.last).toMatchObject({
      amount: PRICE,
      currency: 'KRW',
      description: 'demo: A-1-1, A-1-2',
      origin: 'https://usher.example',
    })
  })

  it('is not let wait for a provider that there is not', async () => {
    world.restart(null)
    expect(await world.checkout(reservationId)).toMatchObject({
      error: { reason: 'payment-method-unavailable' },
    })
    expect(await world.state(reservationId)).toBe('held')
  })

  it('pays with the admission that holds the seats, and no other', async () => {
    expect(await world.checkout(reservationId, 'another')).toMatchObject({
      error: { reason: 'other-admission' },
    })
    expect(provider.asked).toEqual([])
    expect(await world.state(reservationId)).toBe('held')
  })

  it('keeps the seats past the end of the hold, until the deadline of the payment', async () => {
    await world.begun(reservationId)
    await world.pass(PAYMENT_MS - 1)
    expect(await world.seats()).toEqual(HELD)
    expect(provider.asked).toEqual(['create'])
  })

  it('and does not has the checkout closed and then, not before, the seats freed', async () => {
    await world.begun(reservationId)
    await world.pass(PAYMENT_MS)
    expect(provider.asked).toEqual(['create', 'cancel'])
    expect(await world.state(reservationId)).toBe('expired')
    expect(await world.seats()).toEqual(FREE)
    await world.pass(PAYMENT_MS)
    expect(provider.asked).toEqual(['create', 'cancel'])
  })

  it('and did in the last second gets the seats, and the line is told at once', async () => {
    await world.begun(reservationId)
    provider.cancels = { kind: 'known', state: paid(PRICE) }
    await world.pass(PAYMENT_MS)
    expect(await world.seats()).toEqual(SOLD)
    expect(world.completed).toEqual(['admission'])
  })

  it('may fail and try again as long as the hold lasts', async () => {
    const first = await world.begun(reservationId)
    await world.engine.provider.hearProvider('e1', first, { kind: 'failed' })
    expect(await world.state(reservationId)).toBe('held')
    const second = await world.begun(reservationId)
    expect(second).not.toBe(first)
    await world.engine.provider.hearProvider('e2', second, paid(PRICE))
    expect(await world.seats()).toEqual(SOLD)
  })

  it('whose two payments both succeed gets the seats once and the other money back', async () => {
    const first = await world.begun(reservationId)
    await world.engine.provider.hearProvider('e1', first, { kind: 'failed' })
    const second = await world.begun(reservationId)
    await world.engine.provider.hearProvider('e2', second, paid(PRICE))
    // The first was charged after all.
    await world.engine.provider.hearProvider('e3', first, paid(PRICE))
    await world.pass(1_000)
    expect(provider.asked.filter((what) => what === 'refund')).toHaveLength(1)
    expect(await world.engine.provider.payments('refunded')).toMatchObject([{ paymentId: first }])
    expect(await world.engine.provider.payments('paid')).toMatchObject([{ paymentId: second }])
    expect(await world.seats()).toEqual(SOLD)
  })
})

describe('a provider that does not answer at the deadline', () => {
  beforeEach(async () => {
    await world.begun(reservationId)
    provider.cancels = AWAY
  })

  it('is asked again and again, and the seats are never freed silently', async () => {
    await world.pass(PAYMENT_MS + PAYMENT_GRACE_MS - 1)
    expect(provider.asked.filter((what) => what === 'cancel').length).toBeGreaterThan(3)
    expect(await world.seats()).toEqual(HELD)
    await world.pass(PAYMENT_GRACE_MS)
    expect(await world.state(reservationId)).toBe('stuck')
    expect(await world.seats()).toEqual(HELD)
    expect(await world.engine.provider.payments('stuck')).toMatchObject([{ reservationId, amount: PRICE }])
  })

  it('and then does, within the grace, is believed', async () => {
    await world.pass(PAYMENT_MS + 30_000)
    provider.cancels = known('closed')
    await world.pass(60_000)
    expect(await world.seats()).toEqual(FREE)
  })

  it.each([
    ['paid', 'paid', SOLD],
    ['failed', 'failed', FREE],
  ] as const)('is what an operator decides in the end: %s', async (as, state, seats) => {
    await world.pass(PAYMENT_MS + 2 * PAYMENT_GRACE_MS)
    const [stuck] = await world.engine.provider.payments('stuck')
    const paymentId = stuck?.paymentId ?? ''
    expect(await world.engine.provider.resolvePayment(paymentId, as)).toMatchObject({ value: { state: as } })
    // Asked twice, it stands as it was resolved; and cannot be resolved to something else.
    expect(await world.engine.provider.resolvePayment(paymentId, as)).toMatchObject({ value: { state: as } })
    const other = as === 'paid' ? 'failed' : 'paid'
    expect(await world.engine.provider.resolvePayment(paymentId, other)).toMatchObject({
      error: { reason: 'payment-not-stuck' },
    })
    expect(await world.state(reservationId)).toBe(state)
    expect(await world.seats()).toEqual(seats)
  })

  it('and sends the news long after is believed: who has paid gets the seats', async () => {
    await world.pass(PAYMENT_MS + 2 * PAYMENT_GRACE_MS)
    const [stuck] = await world.engine.provider.payments('stuck')
    await world.engine.provider.hearProvider('e1', stuck?.paymentId ?? '', paid(PRICE))
    expect(await world.seats()).toEqual(SOLD)
  })
})

describe('a crash', () => {
  it('after the news are written loses nothing: a repetition is known, the line is told', async () => {
    const paymentId = await world.begun(reservationId)
    world.lineIsAway = true
    await world.engine.provider.hearProvider('e1', paymentId, paid(PRICE))
    await world.settled()
    world.restart()
    world.lineIsAway = false
    expect(await world.engine.provider.hearProvider('e1', paymentId, paid(PRICE))).toBe('repeated')
    expect(await world.seats()).toEqual(SOLD)
    await world.pass(10_000)
    expect(world.completed).toEqual(['admission'])
  })

  it('while the checkout was being opened is mended by asking again', async () => {
    provider.meanwhile = () => {
      throw new Error('the object is gone')
    }
    await expect(world.checkout(reservationId)).rejects.toThrow('the object is gone')
    provider.meanwhile = () => {}
    world.restart()
    expect(await world.checkout(reservationId)).toMatchObject({
      value: { answer: { checkoutUrl: 'https://pay.example/ref' } },
    })
    expect(provider.asked).toEqual(['create', 'create'])
  })

  it('while the checkout was being opened, and nobody asking again, ends with its closing', async () => {
    provider.meanwhile = () => {
      throw new Error('the object is gone')
    }
    await expect(world.checkout(reservationId)).rejects.toThrow('the object is gone')
    provider.meanwhile = () => {}
    world.restart()
    await world.pass(PAYMENT_MS)
    expect(provider.asked).toEqual(['create', 'cancel'])
    expect(await world.seats()).toEqual(FREE)
  })

  it('while the checkout was being closed closes it again', async () => {
    await world.begun(reservationId)
    provider.cancels = AWAY
    await world.pass(PAYMENT_MS)
    world.restart()
    provider.cancels = known('closed')
    await world.pass(30_000)
    expect(await world.seats()).toEqual(FREE)
  })

  it('while a refund was under way makes it again', async () => {
    const paymentId = await world.begun(reservationId)
    await world.pass(PAYMENT_MS)
    const other = await world.engine.hold({
      operation: operation('other'),
      userId: 'ben',
      admissionId: 'other',
      selection: { kind: 'seats', seatIds: ['A-1-1'] },
      holdMs: 1_000_000,
    })
    expect(other.ok).toBe(true)
    provider.refunds = AWAY
    await world.engine.provider.hearProvider('e1', paymentId, paid(PRICE))
    await world.pass(1_000)
    world.restart()
    expect(await world.state(reservationId)).toBe('refund_due')
    provider.refunds = { kind: 'refunded' }
    await world.pass(60_000)
    expect(await world.state(reservationId)).toBe('refunded')
  })
})

describe('a refund that the provider refuses', () => {
  it('is asked for again every hour, and an operator can say that it was made by hand', async () => {
    const paymentId = await world.begun(reservationId)
    await world.pass(PAYMENT_MS)
    await world.engine.hold({
      operation: operation('other'),
      userId: 'ben',
      admissionId: 'other',
      selection: { kind: 'seats', seatIds: ['A-1-1'] },
      holdMs: 10_000_000,
    })
    provider.refunds = { kind: 'refused', code: 'balance_insufficient' }
    await world.engine.provider.hearProvider('e1', paymentId, paid(PRICE))
    await world.pass(3 * 3_600_000)
    expect(provider.asked.filter((what) => what === 'refund').length).toBeGreaterThanOrEqual(3)
    expect(provider.asked.filter((what) => what === 'refund').length).toBeLessThanOrEqual(5)
    expect(await world.engine.provider.payments('refund_due')).toHaveLength(1)
    expect(await world.engine.provider.resolvePayment(paymentId, 'refunded')).toMatchObject({
      value: { state: 'refunded' },
    })
    const asked = provider.asked.length
    await world.pass(3 * 3_600_000)
    expect(provider.asked).toHaveLength(asked)
  })
})

describe('a refund to a wallet', () => {
  it('is nothing that an operator could have made by hand', async () => {
    const first = await world.begun(reservationId)
    await world.engine.provider.hearProvider('e1', first, { kind: 'failed' })
    world.wallet = () => Promise.reject(new Error('the wallet is away'))
    await world.engine.payByWallet({
      operation: operation('pay'),
      reservationId,
      userId: 'ann',
      admissionId: 'admission',
    })
    // The provider was paid after all, and then the wallet as well.
    await world.engine.provider.hearProvider('e2', first, paid(PRICE))
    world.wallet = ({ kind }) =>
      kind === 'refund'
        ? Promise.reject(new Error('the wallet is away'))
        : Promise.resolve(ok({ answer: { balance: 0 }, isReplay: false }))
    await world.pass(60_000)
    const [due] = await world.engine.provider.payments('refund_due')
    expect(due).toMatchObject({ method: 'wallet' })
    expect(await world.engine.provider.resolvePayment(due?.paymentId ?? '', 'refunded')).toMatchObject({
      error: { reason: 'payment-not-stuck' },
    })
    world.wallet = async () => ok({ answer: { balance: 0 }, isReplay: false })
    await world.pass(60_000)
    expect(await world.engine.provider.payments('refunded')).toHaveLength(1)
  })
})

describe('an event without seats', () => {
  it('knows no payments, and asking leaves nothing behind', async () => {
    const empty = new OfficeWorld(provider)
    expect(await empty.engine.provider.hearProvider('e1', 'demo.x', paid(PRICE))).toBe('payment-unknown')
    expect(await empty.engine.provider.lookAtPayment('demo.x')).toBe('payment-unknown')
    expect(await empty.engine.provider.payments('stuck')).toEqual([])
    expect(await empty.engine.provider.resolvePayment('demo.x', 'paid')).toMatchObject({
      error: { reason: 'payment-not-found' },
    })
    empty.restart()
    expect((await empty.engine.map(null)).version).toBe(0)
  })
})
