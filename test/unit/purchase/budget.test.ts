/** What a purchase costs at the gateway, counted in calls of objects; and what leaving does about seats. */
import { describe, expect, it } from 'vitest'
import { err, ok } from '../../../src/core/result.ts'
import type { Kept } from '../../../src/ports/idempotency.ts'
import type { HoldCall, Payment, Reservation, SeatOfficeApi } from '../../../src/purchase/ports.ts'
import type { GuestSession } from '../../../src/ports/tokens.ts'
import { ADMIN_KEY, bearer, createGateway, jsonBody, problemOf, type Gateway } from '../http/gateway.ts'

const ADMISSION_ID = `demo.${'a'.repeat(22)}`
const RESERVATION_ID = `demo.${'r'.repeat(22)}`
const PAYMENT: Payment = { paymentId: `demo.${'p'.repeat(22)}`, state: 'paid', amount: 100 }
const RESERVATION: Reservation = {
  reservationId: RESERVATION_ID,
  eventId: 'demo',
  seatIds: ['A-1-1'],
  amount: 100,
  expiresAt: new Date(0).toISOString(),
  state: 'held',
  paymentId: null,
}
const BASE = '/api/v1/events/demo'

const NOT_INSIDE = {
  reason: 'not-inside',
  why: { reason: 'entry-token-required', fault: 'ended' },
} as const
const OFFICE: Partial<SeatOfficeApi> = {
  map: async () => ({ version: 3, seats: '[]' }),
  hold: async () => ok(kept(RESERVATION)),
  reservation: async () => ok(RESERVATION),
  giveUp: async () => ok(null),
  payByWallet: async () => ok(kept(PAYMENT)),
  left: async () => {},
}

function kept<T>(answer: T): Kept<T> {
  return { answer, isReplay: false }
}

type Ask = { readonly method: string; readonly path: string; readonly body?: object; readonly key?: string }

/** Asks as a visitor with a good entry token: as this one, or a new one. */
async function ask(gateway: Gateway, request: Ask, visitor?: GuestSession): Promise<Response> {
  const { method, path, body, key } = request
  const { userId, token } = visitor ?? (await gateway.newVisitor())
  const entryToken = await gateway.deps.entryTokens.sign({
    userId,
    eventId: 'demo',
    admissionId: ADMISSION_ID,
    issuedAtMs: Date.now(),
    expiresAtMs: Date.now() + 60_000,
  })
  const sent = body === undefined ? { headers: {} } : jsonBody(body)
  gateway.calls.length = 0
  return gateway.fetch(path, {
    ...sent,
    method,
    headers: {
      ...sent.headers,
      ...bearer(token),
      'Entry-Token': entryToken,
      ...(key !== undefined && { 'Idempotency-Key': key }),
    },
  })
}

const HOLD = { method: 'POST', path: `${BASE}/reservations`, body: { seatIds: ['A-1-1'] } }
const PAY = {
  method: 'POST',
  path: `${BASE}/reservations/${RESERVATION_ID}/payment`,
  body: { method: 'wallet' },
}

describe('the budget of a purchase', () => {
  it.each([
    ['the map', { method: 'GET', path: `${BASE}/seats` }, ['office demo map']],
    ['a hold', HOLD, ['office demo hold']],
    ['a payment', PAY, ['office demo payByWallet']],
    [
      'a look at a reservation',
      { method: 'GET', path: `${BASE}/reservations/${RESERVATION_ID}` },
      ['office demo reservation'],
    ],
    [
      'giving seats back',
      { method: 'DELETE', path: `${BASE}/reservations/${RESERVATION_ID}` },
      ['office demo giveUp'],
    ],
  ])('%s is so many calls of objects', async (_name, request, expected) => {
    const gateway = createGateway({ office: OFFICE })
    expect((await ask(gateway, request)).ok).toBe(true)
    expect(gateway.calls.map(({ what }) => what)).toEqual(expected)
  })

  it('a charge is one call, and so is a balance', async () => {
    const gateway = createGateway({
      wallet: { post: async () => ok(kept({ balance: 1 })), balance: async () => 1 },
    })
    await ask(gateway, { method: 'POST', path: '/api/v1/wallet/charge', body: { amount: 1 } })
    expect(gateway.calls.map(({ what }) => what)).toEqual(['wallet post'])
    await ask(gateway, { method: 'GET', path: '/api/v1/wallet' })
    expect(gateway.calls.map(({ what }) => what)).toEqual(['wallet balance'])
  })
})

describe('leaving', () => {
  const leave = { method: 'DELETE', path: `${BASE}/queue` }

  it('with an admission gives its seats back, without one asks no office', async () => {
    for (const [admissionId, expected] of [
      [ADMISSION_ID, ['line demo leave', 'office demo left']],
      [null, ['line demo leave']],
    ] as const) {
      const gateway = createGateway({ line: { leave: async () => ok({ admissionId }) }, office: OFFICE })
      expect((await ask(gateway, leave)).status).toBe(204)
      expect(gateway.calls.map(({ what }) => what)).toEqual(expected)
    }
  })
})

describe('taking a visitor out of the line', () => {
  it('gives the seats of the admission back, as leaving does', async () => {
    const removeVisitor = async () => ok({ admissionId: ADMISSION_ID })
    const gateway = createGateway({ line: { removeVisitor }, office: OFFICE })
    const path = '/api/v1/admin/events/demo/visitors/v-1'
    expect((await gateway.fetch(path, { method: 'DELETE', headers: bearer(ADMIN_KEY) })).status).toBe(204)
    expect(gateway.calls.map(({ what }) => what)).toEqual(['line demo removeVisitor', 'office demo left'])
  })
})

describe('an operation', () => {
  it('has one name for a visitor and a key, and another for everybody else and without a key', async () => {
    const taken = async () => err({ reason: 'seat-taken', seatIds: ['A-1-1'] } as const)
    const gateway = createGateway({ office: { hold: taken } })
    const [ann, bob] = [await gateway.newVisitor(), await gateway.newVisitor()]
    const operationOf = async (visitor: GuestSession, key: object) => {
      await ask(gateway, { ...HOLD, ...key }, visitor)
      const [call] = gateway.calls.at(-1)?.args ?? []
      return (call as HoldCall).operation.operationId
    }
    const first = await operationOf(ann, { key: 'k' })
    expect(await operationOf(ann, { key: 'k' })).toBe(first)
    const others = [
      await operationOf(ann, { key: 'l' }),
      await operationOf(bob, { key: 'k' }),
      await operationOf(ann, {}),
      await operationOf(ann, {}),
    ]
    expect(new Set([first, ...others]).size).toBe(5)
  })
})

describe('an operation whose admission has ended since', () => {
  it.each([
    ['a hold', HOLD, 201, RESERVATION],
    ['a payment', PAY, 200, PAYMENT],
  ])('is answered as it was at first: %s', async (_name, request, status, first) => {
    const outside = async () => err(NOT_INSIDE)
    const answered = async () => ok({ answer: first as Reservation, isReplay: true })
    const gateway = createGateway({ office: { hold: outside, payByWallet: outside, answered } })
    const response = await ask(gateway, { ...request, key: 'k' })
    expect([response.status, await response.json()]).toEqual([status, first])
    expect(response.headers.get('Idempotency-Replayed')).toBe('true')
  })
})

describe('a hold without a good entry token', () => {
  const request = { method: 'POST', path: `${BASE}/reservations`, body: { seatIds: ['A-1-1'] } }

  async function refused(key: object) {
    const gateway = createGateway({ office: { answered: async () => null } })
    const { token } = await gateway.newVisitor()
    gateway.calls.length = 0
    const sent = jsonBody(request.body)
    const headers = { ...sent.headers, ...bearer(token), 'Entry-Token': 'forged', ...key }
    const response = await gateway.fetch(request.path, { ...sent, method: 'POST', headers })
    expect(response.status).toBe(403)
    return gateway.calls.map(({ what }) => what)
  }

  it('asks no object, or with a key the one that may have answered it before', async () => {
    expect(await refused({})).toEqual([])
    expect(await refused({ 'Idempotency-Key': 'k' })).toEqual(['office demo answered'])
  })
})

describe('what was paid', () => {
  it('is told again when the admission has ended by it, and to nobody whose payment it was not', async () => {
    const payByWallet = async () => err(NOT_INSIDE)
    const paid = { ...RESERVATION, state: 'paid', paymentId: PAYMENT.paymentId } as const
    const again = createGateway({ office: { payByWallet, reservation: async () => ok(paid) } })
    const answer = await ask(again, PAY)
    expect([answer.status, await answer.json()]).toEqual([200, PAYMENT])
    for (const reservation of [
      async () => ok(RESERVATION),
      async () => err({ reason: 'reservation-not-found' } as const),
    ]) {
      const refused = await ask(createGateway({ office: { payByWallet, reservation } }), PAY)
      expect(await problemOf(refused)).toMatchObject({ code: 'entry-token-required', fault: 'ended' })
    }
  })
})
