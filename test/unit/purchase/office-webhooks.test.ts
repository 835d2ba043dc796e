/** What the seat office tells the shop: owed with the decision, until the queue has said that it is over. */
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { WebhookMessage } from '../../../src/outbound/message.ts'
import { OfficeWorld, operation } from './office-world.ts'

const HOLD_MS = 300_000
const RESEND_MS = 120_000

let world: OfficeWorld
let queued: WebhookMessage[]
let isQueueAway: boolean

// What fails here is meant to.
vi.spyOn(console, 'warn').mockImplementation(() => {})

beforeEach(() => {
  queued = []
  isQueueAway = false
  world = new OfficeWorld(null)
  world.webhooks = {
    resendMs: RESEND_MS,
    send: async (messages) => {
      if (isQueueAway) throw new Error('the queue takes nothing')
      queued.push(...messages)
    },
  }
  world.restart()
})

function subjects(): string[] {
  return queued.map(({ subject }) => subject)
}

describe('the office', () => {
  it('tells the shop of an order that is paid, with what was bought', async () => {
    const reservationId = await world.held()
    await world.engine.payByWallet({
      operation: operation('pay'),
      reservationId,
      userId: 'ann',
      admissionId: 'admission',
    })
    await world.pass(1)
    expect(subjects()).toEqual([`order.paid:${reservationId}`])
    expect(JSON.parse(queued[0]?.body ?? '')).toMatchObject({
      type: 'order.paid',
      data: { eventId: 'demo', reservationId, userId: 'ann', seatIds: ['A-1-1', 'A-1-2'], amount: 12_000 },
    })
  })

  it('tells the shop of a hold that is over', async () => {
    const reservationId = await world.held()
    await world.pass(HOLD_MS + 1)
    expect(subjects()).toEqual([`hold.expired:${reservationId}`])
  })

  it('says it again, with the same id, when it hears nothing, and not when it hears that it is over', async () => {
    const reservationId = await world.held()
    await world.pass(HOLD_MS + 1)
    await world.pass(RESEND_MS)
    expect(queued).toHaveLength(2)
    expect(queued[1]).toEqual(queued[0])
    await world.engine.webhooksHeard([{ subject: `hold.expired:${reservationId}`, quietMs: null }])
    await world.pass(RESEND_MS * 5)
    expect(queued).toHaveLength(2)
  })

  it('does not say it again while the queue is trying', async () => {
    const reservationId = await world.held()
    await world.pass(HOLD_MS + 1)
    await world.engine.webhooksHeard([{ subject: `hold.expired:${reservationId}`, quietMs: 3_600_000 }])
    await world.pass(3_600_000)
    expect(queued).toHaveLength(1)
    await world.pass(RESEND_MS)
    expect(queued).toHaveLength(2)
  })

  it('still says it after a crash, and after a time in which the queue took nothing', async () => {
    isQueueAway = true
    const reservationId = await world.held()
    await world.pass(HOLD_MS + 1)
    world.restart()
    isQueueAway = false
    await world.pass(60_000)
    expect(subjects()).toEqual([`hold.expired:${reservationId}`])
  })

  it('that has no shop to tell owes nothing, also what it owed while it had one', async () => {
    isQueueAway = true
    await world.held()
    await world.pass(HOLD_MS + 1)
    world.webhooks = null
    world.restart()
    isQueueAway = false
    await world.pass(RESEND_MS)
    expect(queued).toEqual([])
  })
})
