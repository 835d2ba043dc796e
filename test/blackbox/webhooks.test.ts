/** What the shop is told, by the production bundle and the runtime's own queues. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ShopApi } from '../support/shop.ts'
import { ADMIN_KEY, eventually, startTestUsher, type TestUsher } from '../support/usher.ts'
import { WebhookShop } from '../support/webhook-shop.ts'

/** Long enough for the queue, short enough to wait for. */
const RESEND_SECONDS = 4
const HOLD_SECONDS = 2
const SECTION = { name: 'A', rows: 1, seatsPerRow: 2, price: 500 }

let shop: WebhookShop
let usher: TestUsher
let buyers: ShopApi

beforeAll(async () => {
  shop = await WebhookShop.start()
  usher = await startTestUsher({
    ...shop.bindings,
    SHOP_WEBHOOK_RESEND_SECONDS: String(RESEND_SECONDS),
    PURCHASE_HOLD_SECONDS: String(HOLD_SECONDS),
  })
  buyers = new ShopApi(usher.api)
})

afterEach(() => {
  shop.answer = () => 200
  expect(shop.refused).toEqual([])
})

afterAll(async () => {
  await usher.stop()
  await shop.stop()
})

/** An event with two seats and somebody inside. */
async function sale() {
  const eventId = await usher.api.event()
  await buyers.plan(eventId, [SECTION])
  return { eventId, buyer: await buyers.buyer(eventId) }
}

function deadLetters() {
  return usher.api.admin('GET', 'webhooks/dead-letters')
}

async function deadLetterOf(eventId: string) {
  const { body } = await deadLetters()
  return body.deadLetters.find((letter: { eventId: string }) => letter.eventId === eventId) ?? null
}

async function listedDead(): Promise<number> {
  return (await deadLetters()).body.deadLetters.length
}

/** As the metrics say. */
async function countedDead(): Promise<number> {
  const { body } = await usher.api.request('GET', '/metrics', { token: ADMIN_KEY })
  return Number(/^usher_dead_letters (\d+)$/m.exec(body)?.[1])
}

describe('the shop', () => {
  it('hears of an order that is paid, of the last seat sold and of the end of the admission, each once', async () => {
    const { eventId, buyer } = await sale()
    await buyers.charge(buyer, 1_000, { 'idempotency-key': `charge-${eventId}` })
    const held = await buyers.hold(eventId, buyer, { seatIds: ['A-1-1', 'A-1-2'] })
    const paid = await buyers.pay(eventId, buyer, held.body.reservationId)
    expect(paid.status).toBe(200)
    const [order] = await shop.hears('order.paid', eventId)
    expect(order).toMatchObject({
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      createdAt: expect.stringMatching(/^\d{4}-/),
      data: {
        eventId,
        reservationId: held.body.reservationId,
        paymentId: paid.body.paymentId,
        userId: buyer.userId,
        admissionId: buyer.admissionId,
        seatIds: ['A-1-1', 'A-1-2'],
        amount: 1_000,
      },
    })
    expect((await shop.hears('event.sold_out', eventId))[0]?.data).toEqual({ eventId, seats: 2 })
    expect((await shop.hears('admission.ended', eventId))[0]?.data).toMatchObject({
      admissionId: buyer.admissionId,
      userId: buyer.userId,
      outcome: 'completed',
    })
    // Longer than anybody waits for a word from the queue.
    const deadlineMs = Date.now() + (RESEND_SECONDS + 2) * 1_000
    await eventually(() => (Date.now() > deadlineMs ? true : null), 10_000)
    for (const type of ['order.paid', 'event.sold_out', 'admission.ended'])
      expect(shop.of(type, eventId)).toHaveLength(1)
  })

  it('hears of a hold that nobody paid for, and of nothing else', async () => {
    const { eventId, buyer } = await sale()
    const held = await buyers.hold(eventId, buyer, { seatIds: ['A-1-1'] })
    const [expired] = await shop.hears('hold.expired', eventId)
    expect(expired?.data).toMatchObject({ reservationId: held.body.reservationId, seatIds: ['A-1-1'] })
    expect(shop.heard.filter(({ data }) => data.eventId === eventId)).toHaveLength(1)
  })

  it('that answers 500 hears the same again, to the letter and signed anew', async () => {
    let refusals = 1
    shop.answer = () => (refusals-- > 0 ? 500 : 200)
    const { eventId, buyer } = await sale()
    await usher.api.release(buyer.admissionId, 'cancelled')
    const [first, second] = await shop.hears('admission.ended', eventId, 2)
    expect(second?.body).toBe(first?.body)
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThan(1_900)
  })

  it('that is silent is asked again', async () => {
    let silences = 1
    shop.answer = () => (silences-- > 0 ? 'silence' : 204)
    const { eventId, buyer } = await sale()
    await usher.api.leave(eventId, buyer)
    const [first, second] = await shop.hears('admission.ended', eventId, 2, 30_000)
    expect(second?.id).toBe(first?.id)
    expect(second?.data).toMatchObject({ outcome: 'left' })
  })

  it('that wants no news any more (410) gets it as a dead letter, which an operator has delivered again', async () => {
    shop.answer = () => 410
    const { eventId, buyer } = await sale()
    await usher.api.release(buyer.admissionId)
    const letter = await eventually(() => deadLetterOf(eventId))
    expect(await countedDead()).toBe(await listedDead())
    expect(await countedDead()).toBeGreaterThan(0)
    const [refused] = shop.of('admission.ended', eventId)
    expect(letter).toMatchObject({
      id: refused?.id,
      cause: 'status 410',
      replayedAt: null,
      webhook: { id: refused?.id, type: 'admission.ended', data: { admissionId: buyer.admissionId } },
    })
    shop.answer = () => 200
    const replay = await usher.api.admin('POST', `webhooks/dead-letters/${letter.id}/replay`)
    expect([replay.status, replay.body.id]).toEqual([202, letter.id])
    const [, again] = await shop.hears('admission.ended', eventId, 2)
    expect(again?.body).toBe(refused?.body)
    await eventually(async () => ((await deadLetterOf(eventId)) === null ? true : null))
    expect(await countedDead()).toBe(await listedDead())
    expect((await usher.api.admin('POST', `webhooks/dead-letters/${letter.id}/replay`)).status).toBe(404)
  })

  it('hears of what happened before workerd was killed, with the same id', async () => {
    shop.answer = () => 503
    const { eventId, buyer } = await sale()
    await usher.api.release(buyer.admissionId)
    const [before] = await shop.hears('admission.ended', eventId)
    const pid = usher.runtime.workerdPid()
    if (pid === null) throw new Error('no workerd')
    // What was in the queue is gone with it.
    process.kill(pid, 'SIGKILL')
    const killedMs = Date.now()
    shop.answer = () => 200
    const after = await eventually(
      () => shop.of('admission.ended', eventId).find(({ atMs }) => atMs > killedMs) ?? null,
      30_000,
    )
    expect(after.body).toBe(before?.body)
  })

  it('hears of the admissions of an event that was deleted', async () => {
    const { eventId } = await sale()
    await usher.api.admin('POST', `events/${eventId}/close`)
    expect((await usher.api.admin('DELETE', `events/${eventId}`)).status).toBe(204)
    expect((await shop.hears('admission.ended', eventId))[0]?.data).toMatchObject({ outcome: 'revoked' })
  })
})

describe('the dead letters', () => {
  it('are for operators', async () => {
    const path = '/api/v1/admin/webhooks/dead-letters'
    const visitor = await usher.api.visitor()
    expect((await usher.api.request('GET', path)).status).toBe(401)
    expect((await usher.api.request('GET', path, { token: visitor.token })).status).toBe(403)
    expect((await usher.api.admin('GET', 'webhooks/dead-letters?before=x')).status).toBe(400)
  })
})
