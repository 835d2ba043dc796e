/** What operators see of a sale is what its rows say, whatever has happened. */
import { beforeEach, describe, expect, it } from 'vitest'
import { ok } from '../../../src/core/result.ts'
import type { Log } from '../../../src/observability/log.ts'
import { PAYMENT_GRACE_MS } from '../../../src/purchase/core/limits.ts'
import { ERRAND_AGAIN_MS } from '../../../src/purchase/core/orders.ts'
import type { SaleFigures } from '../../../src/purchase/ports.ts'
import { SaleRounds } from '../../../src/purchase/sale-rounds.ts'
import { OfficeWorld, operation, PAYMENT_MS } from './office-world.ts'
import { AWAY, paid, ScriptedProvider } from './scripted-provider.ts'

const PRICE = 12_000

describe('the figures of a sale', () => {
  let provider: ScriptedProvider
  let world: OfficeWorld

  beforeEach(() => {
    provider = new ScriptedProvider()
    world = new OfficeWorld(provider)
  })

  /** An office that has counted from the beginning, and one that counts its rows now, say the same. */
  async function figures(): Promise<SaleFigures> {
    // That the line has heard is written a little later.
    await world.pass(ERRAND_AGAIN_MS)
    const kept = await world.engine.figures()
    world.restart()
    expect(await world.engine.figures()).toEqual(kept)
    return kept
  }

  it('are all zero where no seats are sold, and ask for no rows', async () => {
    const { seats, payments, oldestStuckAt } = await world.engine.figures()
    expect(seats).toEqual({ free: 0, held: 0, sold: 0 })
    expect(new Set(Object.values(payments).flatMap((states) => Object.values(states)))).toEqual(new Set([0]))
    expect(oldestStuckAt).toBe(null)
  })

  it('follow a sale by wallet from the hold to the end', async () => {
    await world.engine.figures()
    const reservationId = await world.held()
    expect((await world.engine.figures()).seats).toEqual({ free: 2, held: 2, sold: 0 })
    await world.engine.payByWallet({
      operation: operation('pay'),
      reservationId,
      userId: 'ann',
      admissionId: 'admission',
    })
    await world.settled()
    const { seats, payments, owed } = await figures()
    expect(seats).toEqual({ free: 2, held: 0, sold: 2 })
    expect(payments.wallet).toMatchObject({ pending: 0, paid: 1 })
    expect(owed).toMatchObject({ debit: 0, complete: 0 })
  })

  it('say since when the oldest stuck payment waits for an operator, until it is resolved', async () => {
    const begunAtMs = world.nowMs
    const paymentId = await world.begun(await world.held())
    expect((await world.engine.figures()).payments.provider).toMatchObject({ pending: 1, stuck: 0 })
    provider.cancels = AWAY
    await world.pass(PAYMENT_MS + 2 * PAYMENT_GRACE_MS)
    const stuck = await figures()
    expect(stuck.payments.provider).toMatchObject({ pending: 0, stuck: 1 })
    expect(stuck.oldestStuckAt).toBe(new Date(begunAtMs).toISOString())
    expect(stuck.seats).toMatchObject({ held: 2 })
    await world.engine.provider.resolvePayment(paymentId, 'paid')
    const resolved = await figures()
    expect(resolved.payments.provider).toMatchObject({ stuck: 0, paid: 1 })
    expect(resolved.oldestStuckAt).toBe(null)
  })

  it('show a refund that is due until the provider has made it', async () => {
    const reservationId = await world.held()
    const first = await world.begun(reservationId)
    await world.engine.provider.hearProvider('e1', first, { kind: 'failed' })
    const second = await world.begun(reservationId)
    await world.engine.provider.hearProvider('e2', second, paid(PRICE))
    provider.refunds = AWAY
    await world.engine.provider.hearProvider('e3', first, paid(PRICE))
    await world.pass(1_000)
    const due = await figures()
    expect(due.payments.provider).toMatchObject({ paid: 1, refund_due: 1 })
    expect(due.owed).toMatchObject({ refund: 1 })
    provider.refunds = { kind: 'refunded' }
    await world.pass(60_000)
    expect((await figures()).payments.provider).toMatchObject({ refund_due: 0, refunded: 1 })
  })

  it('count the news that the shop has not taken', async () => {
    world.webhooks = { send: async () => {}, resendMs: 60_000 }
    world.wallet = async () => ok({ answer: { balance: 0 }, isReplay: false })
    world.restart()
    const reservationId = await world.held()
    await world.engine.payByWallet({
      operation: operation('pay'),
      reservationId,
      userId: 'ann',
      admissionId: 'admission',
    })
    expect((await figures()).owed.webhook).toBe(1)
  })
})

describe('asking all offices', () => {
  const NO_LOG: Log = { info: () => {}, warn: () => {}, error: () => {} }
  const FIVE_MINUTES_MS = 300_000
  let rounds: SaleRounds
  let asked: string[]
  let nowMs: number

  beforeEach(() => {
    rounds = new SaleRounds()
    asked = []
    nowMs = 1_000_000
  })

  /** Who is asked for these events; those whose name begins with an s sell seats, and the broken do not answer. */
  async function round(
    eventIds: readonly string[],
    log = NO_LOG,
  ): Promise<{ asked: string[]; told: string[] }> {
    asked = []
    const ask = async (eventId: string): Promise<SaleFigures> => {
      asked.push(eventId)
      if (eventId.startsWith('broken')) throw new Error('away')
      const figures = await new OfficeWorld(null).engine.figures()
      return { ...figures, eventId, seats: { ...figures.seats, free: eventId.startsWith('s') ? 1 : 0 } }
    }
    const told = await rounds.figures(eventIds, ask, { nowMs, log })
    return { asked: asked.toSorted(), told: told.map(({ eventId }) => eventId) }
  }

  it('leaves those that sell no seats in peace for five minutes', async () => {
    const eventIds = ['plain', 'selling']
    expect(await round(eventIds)).toEqual({ asked: eventIds, told: ['selling'] })
    nowMs += FIVE_MINUTES_MS - 1
    expect((await round(eventIds)).asked).toEqual(['selling'])
    nowMs += 1
    expect((await round(eventIds)).asked).toEqual(eventIds)
  })

  it('asks at once where seats have been planned', async () => {
    await round(['plain'])
    rounds.planned('plain')
    expect((await round(['plain'])).asked).toEqual(['plain'])
  })

  it('goes without those that do not answer, and asks them again', async () => {
    expect(await round(['broken', 'selling'])).toEqual({ asked: ['broken', 'selling'], told: ['selling'] })
    expect((await round(['broken'])).asked).toEqual(['broken'])
  })

  it('asks three hundred at once, says how many it did not, and comes to them when others sell nothing', async () => {
    const plain = Array.from({ length: 300 }, (_, index) => `plain-${index}`)
    const warned: unknown[] = []
    const log = {
      ...NO_LOG,
      warn: (event: string, fields: object = {}) => void warned.push({ event, ...fields }),
    }
    expect((await round([...plain, 'selling'], log)).told).toEqual([])
    expect(asked).toHaveLength(300)
    expect(warned).toEqual([{ event: 'sales_unasked', unasked: 1 }])
    expect(await round([...plain, 'selling'])).toEqual({ asked: ['selling'], told: ['selling'] })
  })
})
