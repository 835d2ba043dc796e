/**
 * INV-10 under chance: whatever visitors, the provider, webhooks, the clock and crashes do in whatever order, in the end
 * who has given money has the seats or the money, and no seat has two owners.
 */
import { describe, expect, it, vi } from 'vitest'
import { Random } from '../../sim/random.ts'
import { ModelProvider } from './model-provider.ts'
import { OfficeWorld, PAYMENT_MS } from './office-world.ts'

// What fails here is meant to.
vi.spyOn(console, 'warn').mockImplementation(() => {})

const RUNS = 200
const STEPS = 80
const VISITORS = ['ann', 'ben', 'cem']

/** How often each of them happens, in proportion. */
const NAMES = [
  'hold',
  'hold',
  'hold',
  'pay',
  'pay',
  'pay',
  'giveUp',
  'visitorPays',
  'visitorDeclines',
  'slowBank',
  'slowBank',
  'webhook',
  'webhook',
  'webhook',
  'hint',
  'moments',
  'moments',
  'minutes',
  'away',
  'losses',
  'crash',
] as const

/** One run: chance for a while, then everything works again and comes to rest. */
async function run(seed: number): Promise<{ world: OfficeWorld; provider: ModelProvider; steps: string[] }> {
  const random = new Random(seed)
  const provider = new ModelProvider(random)
  const world = new OfficeWorld(provider)
  await world.engine.plan([{ name: 'A', rows: 1, seatsPerRow: 3, price: 6_000 }])
  const steps: string[] = []
  const reservations: { reservationId: string; userId: string; admissionId: string }[] = []
  const anyPayment = (): string => random.pick([...provider.ids(), 'demo.unknown'])
  const acts: Readonly<Record<(typeof NAMES)[number], () => Promise<unknown>>> = {
    hold: async () => {
      const userId = random.pick(VISITORS)
      const seatIds = random.pick([['A-1-1'], ['A-1-2', 'A-1-3'], ['A-1-1', 'A-1-2', 'A-1-3']])
      const operationId = `o${steps.length}`
      const held = await world.engine.hold({
        operation: { operationId, requestHash: '' },
        userId,
        // Each hold is of a visit of its own.
        admissionId: operationId,
        selection: { kind: 'seats', seatIds },
        holdMs: random.between(10_000, 300_000),
      })
      if (held.ok)
        reservations.push({
          reservationId: held.value.answer.reservationId,
          userId,
          admissionId: operationId,
        })
    },
    pay: async () => {
      if (reservations.length === 0) return
      const origin = 'https://usher.example'
      await world.engine.provider.payByProvider({
        ...random.pick(reservations.slice(-3)),
        operation: { operationId: `p${steps.length}`, requestHash: '' },
        origin,
      })
    },
    giveUp: async () => {
      if (reservations.length === 0) return
      const { reservationId, userId } = random.pick(reservations.slice(-3))
      await world.engine.giveUp(reservationId, userId)
    },
    visitorPays: async () => provider.visitor(anyPayment(), 'paid'),
    visitorDeclines: async () => provider.visitor(anyPayment(), 'failed'),
    slowBank: async () => {
      const closed = provider.ids().filter((paymentId) => provider.kindOf(paymentId) === 'closed')
      if (closed.length > 0) provider.payLate(random.pick(closed))
    },
    webhook: async () => {
      if (provider.news.length === 0) return
      const { eventId, paymentId, state } = random.pick(provider.news)
      await world.engine.provider.hearProvider(eventId, paymentId, state)
    },
    hint: () => world.engine.provider.lookAtPayment(anyPayment()),
    moments: () => world.pass(random.between(1, 5_000)),
    minutes: () => world.pass(random.between(60_000, 2 * PAYMENT_MS)),
    away: async () => void (provider.isAway = !provider.isAway),
    losses: async () => void (provider.lostShare = random.pick([0, 0.3])),
    crash: async () => world.restart(),
  }
  for (let step = 0; step < STEPS; step += 1) {
    // Several at once, so that they meet in the middle of each other's waiting.
    const names = Array.from({ length: random.between(1, 3) }, () => random.pick(NAMES))
    steps.push(names.join('+'))
    const { death } = world
    await Promise.race([Promise.all(names.map((name) => acts[name]())), death.promise])
  }
  await comeToRest(world, provider)
  return { world, provider, steps }
}

/** The provider is back, every webhook arrives in the end, and operators settle what is left by looking at the provider. */
async function comeToRest(world: OfficeWorld, provider: ModelProvider): Promise<void> {
  provider.isAway = false
  provider.lostShare = 0
  await world.pass(2 * PAYMENT_MS)
  const { provider: desk } = world.engine
  for (const { eventId, paymentId, state } of provider.news.slice())
    await desk.hearProvider(eventId, paymentId, state)
  for (const { paymentId } of await desk.payments('stuck'))
    await desk.resolvePayment(paymentId, provider.kindOf(paymentId) === 'paid' ? 'paid' : 'failed')
  await world.pass(3 * 3_600_000)
}

describe('INV-10 under chance', () => {
  it(`in ${RUNS} runs who has given money has the seats or the money back, and no seat has two owners`, async () => {
    const ended: Record<string, number> = {}
    for (let seed = 1; seed <= RUNS; seed += 1) {
      const { world, provider, steps } = await run(seed)
      const told = `seed ${seed}: ${steps.join(' ')}`
      const { provider: desk } = world.engine
      const paid = await desk.payments('paid')
      // The provider has exactly the money that we count as ours.
      expect(provider.paidIds().toSorted(), told).toEqual(paid.map(({ paymentId }) => paymentId).toSorted())
      // Each sold reservation was paid once, and its seats are its own.
      const sold = paid.map(({ reservationId }) => reservationId)
      expect(new Set(sold).size, told).toBe(sold.length)
      const owners = world.owners()
      for (const { reservationId } of paid) expect(owners.get(reservationId), told).toBe('sold')
      for (const [reservationId, state] of owners)
        expect([reservationId, state], told).toEqual([reservationId, 'sold'])
      expect(owners.size, told).toBe(sold.length)
      for (const state of ['pending', 'stuck', 'refund_due'] as const)
        expect(await desk.payments(state), told).toEqual([])
      for (const state of ['paid', 'failed', 'expired', 'refunded'] as const)
        ended[state] = (ended[state] ?? 0) + (await desk.payments(state)).length
    }
    // The runs were about something.
    for (const state of ['paid', 'failed', 'expired', 'refunded'])
      expect(ended[state], state).toBeGreaterThan(20)
  }, 30_000)
})
