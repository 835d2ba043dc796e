/** The chapter Purchase of the HTTP contract: the wallet, the seats and the payment. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expectFaults, expectProblem, expectRetryAfter, fieldsOf, ISO_TIME } from '../../support/contract.ts'
import { HALL, key, openSale, stateOf } from '../../support/sale.ts'
import { ShopApi } from '../../support/shop.ts'
import { startTestUsher, type Api, type TestUsher } from '../../support/usher.ts'

let usher: TestUsher
let api: Api
let shop: ShopApi

beforeAll(async () => {
  usher = await startTestUsher()
  api = usher.api
  shop = new ShopApi(api)
})

afterAll(() => usher.stop())

describe('the wallet', () => {
  it('is empty at first, and charged once for each key', async () => {
    const ann = await api.visitor()
    expect(await shop.balance(ann)).toBe(0)
    const once = key()
    expect((await shop.charge(ann, 5_000, once)).body).toEqual({ balance: 5_000 })
    const again = await shop.charge(ann, 5_000, once)
    expect(again).toMatchObject({ status: 200, body: { balance: 5_000 } })
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    expectProblem(await shop.charge(ann, 6_000, once), 422, 'idempotency-key-reused')
    expect((await shop.charge(ann, 1, key())).body).toEqual({ balance: 5_001 })
  })

  it('charged twenty times at once with one key has the money once', async () => {
    const ann = await api.visitor()
    const once = key()
    const answers = await Promise.all(Array.from({ length: 20 }, () => shop.charge(ann, 700, once)))
    for (const answer of answers) {
      if (answer.status === 200) expect(answer.body).toEqual({ balance: 700 })
      else {
        expectProblem(answer, 409, 'request-in-progress')
        expectRetryAfter(answer)
      }
    }
    expect(await shop.balance(ann)).toBe(700)
  })

  it.each([0, -1, 10_000_001, 1.5, '100', null, undefined])('is not charged by %s', async (amount) => {
    const ann = await api.visitor()
    expectFaults(await shop.charge(ann, amount, key()), '/amount')
    expect(await shop.balance(ann)).toBe(0)
  })

  it('takes the largest and the smallest amount', async () => {
    const ann = await api.visitor()
    expect((await shop.charge(ann, 10_000_000, key())).body).toEqual({ balance: 10_000_000 })
    expect((await shop.charge(ann, 1, key())).body).toEqual({ balance: 10_000_001 })
  })

  it('has a statement, page by page, that adds up to the balance', async () => {
    const { eventId, ann } = await openSale(api)
    for (const amount of [100, 200, 4_000]) await shop.charge(ann, amount, key())
    const { body: held } = await shop.hold(eventId, ann, { seatIds: ['A-1-1'] }, key())
    const { body: paid } = await shop.pay(eventId, ann, held.reservationId, key())
    const first = await shop.statement(ann, '?limit=3')
    expect(first.body.entries.map(({ kind, amount }: any) => [kind, amount])).toEqual([
      ['payment', -1_500],
      ['charge', 4_000],
      ['charge', 200],
    ])
    expect(first.body.entries[0]).toMatchObject({
      balance: 2_800,
      reference: paid.paymentId,
      at: expect.stringMatching(ISO_TIME),
    })
    const last = await shop.statement(ann, `?limit=3&before=${first.body.next}`)
    expect(last.body).toMatchObject({ entries: [{ kind: 'charge', amount: 100 }], next: null })
    const all = [...first.body.entries, ...last.body.entries]
    expect(all.reduce((sum: number, { amount }: any) => sum + amount, 0)).toBe(await shop.balance(ann))
    expectFaults(await shop.statement(ann, '?limit=0'), '/limit')
    expectFaults(await shop.statement(ann, '?limit=101'), '/limit')
    expectFaults(await shop.statement(ann, '?before=x'), '/before')
  })

  it('needs a visitor, and shows nobody else its own', async () => {
    expectProblem(await api.request('GET', '/api/v1/wallet'), 401, 'unauthenticated')
    const [ann, bob] = [await api.visitor(), await api.visitor()]
    await shop.charge(ann, 50, key())
    expect(await shop.balance(bob)).toBe(0)
    expect((await shop.statement(bob)).body).toEqual({ entries: [], next: null })
  })
})

describe('the seats', () => {
  it('are planned by the operator and shown to anybody', async () => {
    const eventId = await api.event()
    expect(await shop.plan(eventId, HALL)).toMatchObject({ status: 200, body: { seatCount: 17 } })
    const { status, body, headers } = await shop.seats(eventId)
    expect(status).toBe(200)
    expect(fieldsOf(body)).toEqual(['seats', 'version'])
    expect(body.seats).toHaveLength(17)
    expect(body.seats[0]).toEqual({
      seatId: 'A-1-1',
      section: 'A',
      row: 1,
      number: 1,
      price: 1_500,
      state: 'free',
    })
    expect(body.seats[16]).toMatchObject({ seatId: '나 구역-1-2', section: '나 구역', price: 900 })
    expect(headers.get('content-type')).toMatch(/^application\/json/)
  })

  it('have a version that grows with what changes, and is the ETag', async () => {
    const { eventId, ann } = await openSale(api)
    const before = await shop.seats(eventId)
    const etag = before.headers.get('etag') ?? ''
    expect(etag).toBe(`"${before.body.version}"`)
    const same = await shop.seats(eventId, { 'if-none-match': etag })
    expect(same).toMatchObject({ status: 304, body: '' })
    expect(same.headers.get('etag')).toBe(etag)
    await shop.hold(eventId, ann, { seatIds: ['A-1-1'] })
    const after = await shop.seats(eventId, { 'if-none-match': etag })
    expect(after.status).toBe(200)
    expect(after.body.version).toBeGreaterThan(before.body.version)
    expect(after.body.seats[0]).toMatchObject({ seatId: 'A-1-1', state: 'held' })
    expect((await shop.seats(eventId, { 'if-none-match': '"nonsense"' })).status).toBe(200)
  })

  it('of an event without any are none, of no event a problem', async () => {
    const eventId = await api.event()
    expect(await shop.seats(eventId)).toMatchObject({ status: 200, body: { seats: [], version: 0 } })
    expectProblem(await shop.seats('no-such-event'), 404, 'event-not-found')
    expectProblem(await shop.plan('no-such-event', HALL), 404, 'event-not-found')
    expectFaults(await shop.seats('-bad'), '/eventId')
    const ann = await shop.buyer(eventId)
    expectFaults(await shop.hold(eventId, ann, { seatIds: ['A-1-1'] }), '/seatIds')
    expectFaults(await shop.hold(eventId, ann, { section: 'A', count: 1 }), '/section')
  })

  it.each([
    [{}, ['/sections']],
    [{ sections: [] }, ['/sections']],
    [
      { sections: [{ name: '', rows: 1, seatsPerRow: 1, price: 1 }] },
      ['/sections/0/name', '/sections/0/name'],
    ],
    [
      { sections: [{ name: 'A', rows: 0, seatsPerRow: 1_001, price: -1 }] },
      ['/sections/0/rows', '/sections/0/seatsPerRow', '/sections/0/price'],
    ],
    [{ sections: [{ name: 'A', rows: 1, seatsPerRow: 1 }] }, ['/sections/0/price']],
    [{ sections: [{ name: 'A', rows: 1, seatsPerRow: 1, price: 1, colour: 'red' }] }, ['/sections/0/colour']],
    [{ sections: [HALL[0], HALL[0]] }, ['/sections']],
    [
      { sections: [1, 2].map((n) => ({ name: `${n}`, rows: 1_000, seatsPerRow: 30, price: 1 })) },
      ['/sections'],
    ],
  ])('are not planned by %j', async (body, pointers) => {
    const eventId = await api.event()
    expectFaults(await api.admin('PUT', `events/${eventId}/seats`, body), ...pointers)
    expect((await shop.seats(eventId)).body.seats).toEqual([])
  })

  it('are planned by nobody but the operator', async () => {
    const { eventId, ann } = await openSale(api)
    const path = `/api/v1/admin/events/${eventId}/seats`
    expectProblem(
      await api.request('PUT', path, { token: ann.token, body: { sections: HALL } }),
      403,
      'forbidden',
    )
    expectProblem(await api.request('PUT', path, { body: { sections: HALL } }), 401, 'unauthenticated')
  })

  it('may be planned again as long as nobody loses a seat; what is held keeps its price', async () => {
    const { eventId, ann } = await openSale(api)
    const { body: held } = await shop.hold(eventId, ann, { seatIds: ['A-3-5'] })
    const smaller = await shop.plan(eventId, [{ name: 'A', rows: 2, seatsPerRow: 5, price: 1 }])
    expectProblem(smaller, 409, 'seats-in-use')
    expect(smaller.body.seatIds).toEqual(['A-3-5'])
    const { version } = (await shop.seats(eventId)).body
    expect((await shop.plan(eventId, HALL)).status).toBe(200)
    expect((await shop.seats(eventId)).body.version).toBe(version)
    await shop.plan(eventId, [{ name: 'A', rows: 4, seatsPerRow: 5, price: 9_000 }])
    expect(await stateOf(shop, eventId, 'A-3-5')).toBe('held')
    await shop.charge(ann, 1_500)
    expect((await shop.pay(eventId, ann, held.reservationId)).body).toMatchObject({
      state: 'paid',
      amount: 1_500,
    })
  })
})

describe('a payment by wallet', () => {
  it('sells the seats, takes the money once and ends the admission as completed', async () => {
    const { eventId, ann } = await openSale(api)
    await shop.charge(ann, 5_000)
    const { body: held } = await shop.hold(eventId, ann, { seatIds: ['A-1-1', 'A-1-2'] }, key())
    const once = key()
    const paid = await shop.pay(eventId, ann, held.reservationId, once)
    expect(paid.status).toBe(200)
    expect(paid.body).toEqual({
      paymentId: expect.stringMatching(new RegExp(`^${eventId}\\.[A-Za-z0-9_-]{22}$`)),
      state: 'paid',
      amount: 3_000,
    })
    expect(await shop.balance(ann)).toBe(2_000)
    expect(await stateOf(shop, eventId, 'A-1-2')).toBe('sold')
    expect((await api.origin('GET', ann.admissionId)).body).toMatchObject({
      state: 'ended',
      outcome: 'completed',
    })
    expect((await api.place(eventId, ann)).body.state).toBe('COMPLETED')
    // With the key, without one, and with another: the same answer, and no more money.
    for (const headers of [once, {}, key()]) {
      expect(await shop.pay(eventId, ann, held.reservationId, headers)).toMatchObject({
        status: 200,
        body: paid.body,
      })
    }
    expect(await shop.balance(ann)).toBe(2_000)
    expectProblem(await shop.giveUp(eventId, ann, held.reservationId), 409, 'reservation-paid')
    expect((await shop.reservation(eventId, ann, held.reservationId)).body).toMatchObject({
      state: 'paid',
      paymentId: paid.body.paymentId,
    })
  })

  it('asked for twenty times at once takes the money once', async () => {
    const { eventId, ann } = await openSale(api)
    await shop.charge(ann, 10_000)
    const { body: held } = await shop.hold(eventId, ann, { seatIds: ['A-1-1'] })
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => shop.pay(eventId, ann, held.reservationId, key())),
    )
    const [first] = answers
    for (const answer of answers) expect(answer).toMatchObject({ status: 200, body: first?.body })
    expect(await shop.balance(ann)).toBe(8_500)
  })

  it('admits the next fan at once, not at the next minute', async () => {
    const { eventId, ann } = await openSale(api, { capacity: 1 })
    const bob = await api.visitor()
    await api.join(eventId, bob)
    const stream = await api.stream(eventId, bob)
    await stream.next('position')
    await shop.charge(ann, 1_500)
    const { body: held } = await shop.hold(eventId, ann, { seatIds: ['A-1-1'] })
    const atMs = Date.now()
    await shop.pay(eventId, ann, held.reservationId)
    expect((await stream.next('promotion')).atMs - atMs).toBeLessThan(900)
    stream.close()
  })

  it('without the money keeps the hold and the admission, and goes through once there is some', async () => {
    const { eventId, ann } = await openSale(api)
    const { body: held } = await shop.hold(eventId, ann, { seatIds: ['A-1-1'] })
    await shop.charge(ann, 1_499)
    const once = key()
    expectProblem(await shop.pay(eventId, ann, held.reservationId, once), 402, 'insufficient-balance')
    expect((await shop.reservation(eventId, ann, held.reservationId)).body).toMatchObject({
      state: 'held',
      expiresAt: held.expiresAt,
    })
    expect((await api.place(eventId, ann)).body.state).toBe('ADMITTED')
    expect(await shop.balance(ann)).toBe(1_499)
    await shop.charge(ann, 1)
    expect((await shop.pay(eventId, ann, held.reservationId, once)).status).toBe(200)
    expect(await shop.balance(ann)).toBe(0)
  })

  it.each([{}, { method: 'cash' }, { method: null }])('is not made by %j', async (body) => {
    const { eventId, ann } = await openSale(api)
    const { body: held } = await shop.hold(eventId, ann, { seatIds: ['A-1-1'] })
    expectFaults(await shop.pay(eventId, ann, held.reservationId, {}, body), '/method')
  })
})
