/** The chapter Purchase of the HTTP contract: holds, what they need, and what becomes of them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectFaults, expectProblem, ISO_TIME } from '../../support/contract.ts'
import { key, openSale, stateOf } from '../../support/sale.ts'
import { ShopApi } from '../../support/shop.ts'
import { eventually, startTestUsher, type Api, type TestUsher } from '../../support/usher.ts'

let usher: TestUsher
let api: Api
let shop: ShopApi

beforeAll(async () => {
  usher = await startTestUsher()
  api = usher.api
  shop = new ShopApi(api)
})

afterAll(() => usher.stop())

describe('a hold', () => {
  it('takes all of its seats, at the prices of the catalogue', async () => {
    const { eventId, ann } = await openSale(api)
    const beforeMs = Date.now()
    const body = { seatIds: ['A-1-1', '나 구역-1-1'], amount: 1, price: 1 }
    const held = await shop.hold(eventId, ann, body, key())
    expect(held.status).toBe(201)
    expect(held.body).toEqual({
      reservationId: expect.stringMatching(new RegExp(`^${eventId}\\.[A-Za-z0-9_-]{22}$`)),
      eventId,
      seatIds: body.seatIds,
      amount: 2_400,
      expiresAt: expect.stringMatching(ISO_TIME),
      state: 'held',
      paymentId: null,
    })
    const heldMs = Date.parse(held.body.expiresAt) - beforeMs
    expect(heldMs).toBeGreaterThanOrEqual(300_000)
    expect(heldMs).toBeLessThan(305_000)
    expect(await stateOf(shop, eventId, 'A-1-1')).toBe('held')
    expect((await shop.reservation(eventId, ann, held.body.reservationId)).body).toEqual(held.body)
  })

  it('that cannot have all takes none, and says which are taken', async () => {
    const { eventId, ann } = await openSale(api)
    const bob = await shop.buyer(eventId)
    await shop.hold(eventId, ann, { seatIds: ['A-1-2', 'A-1-3'] })
    const refused = await shop.hold(eventId, bob, { seatIds: ['A-1-1', 'A-1-2', 'A-1-3'] })
    expectProblem(refused, 409, 'seat-taken')
    expect(refused.body.seatIds).toEqual(['A-1-2', 'A-1-3'])
    expect(await stateOf(shop, eventId, 'A-1-1')).toBe('free')
    expect((await shop.hold(eventId, bob, { seatIds: ['A-1-1'] })).status).toBe(201)
  })

  it('with the same key is the same, with the key and another body refused', async () => {
    const { eventId, ann } = await openSale(api)
    const once = key()
    const [first, second] = [
      await shop.hold(eventId, ann, { seatIds: ['A-1-1'] }, once),
      await shop.hold(eventId, ann, { seatIds: ['A-1-1'] }, once),
    ]
    expect(second).toMatchObject({ status: 201, body: first.body })
    expectProblem(await shop.hold(eventId, ann, { seatIds: ['A-1-2'] }, once), 422, 'idempotency-key-reused')
  })

  it('that was refused may be tried again with the same key', async () => {
    const { eventId, ann } = await openSale(api)
    const bob = await shop.buyer(eventId)
    const { body: held } = await shop.hold(eventId, ann, { seatIds: ['A-1-1'] })
    const once = key()
    expectProblem(await shop.hold(eventId, bob, { seatIds: ['A-1-1'] }, once), 409, 'seat-taken')
    await shop.giveUp(eventId, ann, held.reservationId)
    expect((await shop.hold(eventId, bob, { seatIds: ['A-1-1'] }, once)).status).toBe(201)
  })

  it('of the best seats of a section puts them side by side, in front and near the middle', async () => {
    const { eventId, ann } = await openSale(api)
    const bob = await shop.buyer(eventId)
    expect((await shop.hold(eventId, ann, { section: 'A', count: 3 })).body.seatIds).toEqual([
      'A-1-2',
      'A-1-3',
      'A-1-4',
    ])
    expect((await shop.hold(eventId, bob, { section: 'A', count: 2 })).body.seatIds).toEqual([
      'A-2-2',
      'A-2-3',
    ])
    expectFaults(await shop.hold(eventId, bob, { section: 'B', count: 1 }), '/section')
    const carl = await shop.buyer(eventId)
    expectProblem(await shop.hold(eventId, carl, { section: '나 구역', count: 3 }), 409, 'section-sold-out')
  })

  it('never gives one admission more than four seats', async () => {
    const { eventId, ann } = await openSale(api)
    await shop.hold(eventId, ann, { seatIds: ['A-1-1', 'A-1-2', 'A-1-3'] })
    const refused = await shop.hold(eventId, ann, { seatIds: ['A-2-1', 'A-2-2'] })
    expectProblem(refused, 409, 'too-many-seats')
    expect(refused.body.seatsMax).toBe(4)
    expect((await shop.hold(eventId, ann, { seatIds: ['A-2-1'] })).status).toBe(201)
  })

  it.each([
    [{}, ['/seatIds']],
    [{ seatIds: [] }, ['/seatIds']],
    [{ seatIds: ['A-1-1', 'A-1-2', 'A-1-3', 'A-1-4', 'A-1-5'] }, ['/seatIds']],
    [{ seatIds: ['A-1-1', 'A-1-1'] }, ['/seatIds']],
    [{ seatIds: 7 }, ['/seatIds']],
    [{ seatIds: ['A-9-9', 'A-1-1'] }, ['/seatIds']],
    [{ seatIds: [5] }, ['/seatIds/0']],
    [{ section: 'A' }, ['/seatIds']],
    [{ section: 'A', count: 5 }, ['/count']],
    [{ section: 'A', count: 1, seatIds: ['A-1-1'] }, ['/seatIds']],
  ])('is not made by %j', async (body, pointers) => {
    const { eventId, ann } = await openSale(api)
    expectFaults(await shop.hold(eventId, ann, body), ...pointers)
    expect(await stateOf(shop, eventId, 'A-1-1')).toBe('free')
  })
})

describe('the entry token', () => {
  const held = { seatIds: ['A-1-1'] }

  it('is required, of this event, and of this visitor', async () => {
    const { eventId, ann } = await openSale(api)
    const other = await openSale(api)
    const refusals = [
      ['missing', { ...ann, entryToken: '' }],
      ['invalid', { ...ann, entryToken: 'nonsense' }],
      ['invalid', { ...ann, entryToken: `${ann.entryToken.slice(0, -4)}AAAA` }],
      ['invalid', { ...ann, entryToken: (await shop.buyer(eventId)).entryToken }],
    ] as const
    for (const [fault, buyer] of refusals) {
      const refused = await shop.hold(eventId, buyer, held)
      expectProblem(refused, 403, 'entry-token-required')
      expect(refused.body.fault).toBe(fault)
    }
    const foreign = await shop.hold(eventId, { ...ann, entryToken: other.ann.entryToken }, held)
    expectProblem(foreign, 403, 'entry-token-wrong-event')
    expect(await stateOf(shop, eventId, 'A-1-1')).toBe('free')
  })

  it('serves fresh, redeemed here, and redeemed by the server of the shop', async () => {
    const { eventId, ann } = await openSale(api)
    expect((await shop.hold(eventId, ann, held)).status).toBe(201)
    expect((await shop.hold(eventId, ann, { seatIds: ['A-1-2'] })).status).toBe(201)
    const bob = await shop.buyer(eventId)
    expect((await api.redeem(bob.entryToken, 'session-of-bob')).status).toBe(200)
    expect((await shop.hold(eventId, bob, { seatIds: ['A-1-3'] })).status).toBe(201)
  })

  it('of an admission that has ended holds nothing and pays nothing', async () => {
    const { eventId, ann } = await openSale(api)
    const { body: reservation } = await shop.hold(eventId, ann, held)
    await shop.charge(ann, 10_000)
    await api.admin('POST', `admissions/${ann.admissionId}/revoke`)
    for (const refused of [
      await shop.hold(eventId, ann, { seatIds: ['A-1-2'] }),
      await shop.pay(eventId, ann, reservation.reservationId),
    ]) {
      expectProblem(refused, 403, 'entry-token-required')
      expect(refused.body.fault).toBe('ended')
    }
    expect(await shop.balance(ann)).toBe(10_000)
  })

  it('of a later admission does not pay for seats that were held with an earlier one', async () => {
    const { eventId, ann } = await openSale(api)
    const { body: reservation } = await shop.hold(eventId, ann, held)
    await shop.charge(ann, 10_000)
    await api.release(ann.admissionId, 'cancelled')
    const again = await shop.enter(eventId, ann)
    const refused = await shop.pay(eventId, again, reservation.reservationId)
    expectProblem(refused, 403, 'entry-token-required')
    expect(refused.body.fault).toBe('other-admission')
    expect((await shop.giveUp(eventId, again, reservation.reservationId)).status).toBe(204)
    const { body: anew } = await shop.hold(eventId, again, held)
    expect((await shop.pay(eventId, again, anew.reservationId)).status).toBe(200)
    expect((await api.place(eventId, ann)).body.state).toBe('COMPLETED')
  })

  it('that was not used in time has expired', async () => {
    const { eventId, ann } = await openSale(api, { entryTokenTtlSeconds: 1 })
    await eventually(async () => ((await api.place(eventId, ann)).body.state === 'EXPIRED' ? true : null))
    const expired = await shop.hold(eventId, ann, held)
    expectProblem(expired, 403, 'entry-token-required')
    expect(expired.body.fault).toBe('expired')
  })

  it('is needed for giving seats back and for paying too', async () => {
    const { eventId, ann } = await openSale(api)
    const { body: reservation } = await shop.hold(eventId, ann, held)
    const naked = { ...ann, entryToken: '' }
    expectProblem(await shop.giveUp(eventId, naked, reservation.reservationId), 403, 'entry-token-required')
    expectProblem(await shop.pay(eventId, naked, reservation.reservationId), 403, 'entry-token-required')
    expect(await stateOf(shop, eventId, 'A-1-1')).toBe('held')
  })
})

describe('a reservation', () => {
  it('is its holder’s alone', async () => {
    const { eventId, ann } = await openSale(api)
    const bob = await shop.buyer(eventId)
    const { body: held } = await shop.hold(eventId, ann, { seatIds: ['A-1-1'] })
    expectProblem(await shop.reservation(eventId, bob, held.reservationId), 404, 'reservation-not-found')
    expectProblem(await shop.giveUp(eventId, bob, held.reservationId), 404, 'reservation-not-found')
    expectProblem(await shop.pay(eventId, bob, held.reservationId), 404, 'reservation-not-found')
    expectProblem(await shop.reservation(eventId, ann, 'nonsense'), 404, 'reservation-not-found')
    expectProblem(
      await shop.reservation(eventId, ann, `${eventId}.${'x'.repeat(22)}`),
      404,
      'reservation-not-found',
    )
    expect(await stateOf(shop, eventId, 'A-1-1')).toBe('held')
  })

  it('that is given back frees its seats and keeps the admission, however often it is said', async () => {
    const { eventId, ann } = await openSale(api)
    const { body: held } = await shop.hold(eventId, ann, { seatIds: ['A-1-1', 'A-1-2'] })
    for (let time = 0; time < 2; time += 1) {
      const gone = await shop.giveUp(eventId, ann, held.reservationId)
      expect(gone).toMatchObject({ status: 204, body: '' })
    }
    expect(await stateOf(shop, eventId, 'A-1-1')).toBe('free')
    expect((await shop.reservation(eventId, ann, held.reservationId)).body).toMatchObject({
      state: 'cancelled',
    })
    expectProblem(await shop.pay(eventId, ann, held.reservationId), 410, 'reservation-expired')
    expect((await api.place(eventId, ann)).body.state).toBe('ADMITTED')
    expect((await shop.hold(eventId, ann, { seatIds: ['A-1-1'] })).status).toBe(201)
  })

  it('goes with the admission when the visitor leaves', async () => {
    const { eventId, ann } = await openSale(api, { capacity: 1 })
    const bob = await api.visitor()
    await api.join(eventId, bob)
    const { body: held } = await shop.hold(eventId, ann, { seatIds: ['A-1-1'] })
    expect((await api.leave(eventId, ann)).status).toBe(204)
    expect(await stateOf(shop, eventId, 'A-1-1')).toBe('free')
    expect((await shop.reservation(eventId, ann, held.reservationId)).body).toMatchObject({
      state: 'cancelled',
    })
    expect((await api.origin('GET', ann.admissionId)).body).toMatchObject({ state: 'ended', outcome: 'left' })
    await api.admitted(eventId, bob)
    expect((await api.leave(eventId, ann)).status).toBe(204)
  })
})
