/** The objects of the purchase service in workerd, with a clock that can be moved. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ok } from '../../src/core/result.ts'
import { shardOf } from '../../src/core/scale.ts'
import { ERRAND_AGAIN_MS } from '../../src/purchase/core/orders.ts'
import { WALLET_SHARDS } from '../../src/purchase/core/limits.ts'
import { EventLine } from '../../src/durable/event-line.ts'
import type { Entry } from '../../src/ports/lines.ts'
import type { OperationName } from '../../src/ports/idempotency.ts'
import type { HoldRequest } from '../../src/purchase/ports.ts'
import { admissionOf } from '../unit/http/views.ts'

const HOLD_MS = 300_000
const DAY_MS = 86_400_000
const SECTIONS = [{ name: 'A', rows: 2, seatsPerRow: 3, price: 1_000 }]

let offices = 0

function freshOffice() {
  offices += 1
  return env.SEAT_OFFICE.getByName(`gig-${offices}`)
}

type Office = ReturnType<typeof freshOffice>

async function planned(): Promise<Office> {
  const office = freshOffice()
  await office.plan(SECTIONS)
  return office
}

function operation(operationId: string): OperationName {
  return { operationId, requestHash: '' }
}

function call(over: Partial<HoldRequest> = {}): HoldRequest {
  return {
    operation: operation('o1'),
    userId: 'ann',
    admissionId: 'admission of ann',
    sessionDigest: 'session of ann',
    selection: { kind: 'seats', seatIds: ['A-1-1', 'A-1-2'] },
    holdMs: HOLD_MS,
    ...over,
  }
}

async function held(office: Office, over: Partial<HoldRequest> = {}) {
  const result = await office.hold(call(over))
  if (!result.ok) throw new Error(result.error.reason)
  return result.value.answer
}

function insideBy({ admissionId }: Entry) {
  return ok(admissionOf(admissionId, 'ann'))
}

async function states(office: Office): Promise<string> {
  const { seats } = await office.map(null)
  return JSON.parse(seats ?? '[]')
    .map(({ state }: { state: string }) => state[0])
    .join('')
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2040, 0, 1) })
  // Everybody is inside; who is not is the matter of other tests.
  vi.spyOn(EventLine.prototype, 'enterAll').mockImplementation(async (entries) => entries.map(insideBy))
})

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

describe('a seat office', () => {
  it('leaves nothing behind for an event whose seats were never planned', async () => {
    const office = freshOffice()
    expect(await office.map(null)).toEqual({ version: 0, seats: '[]' })
    expect(await office.hold(call())).toMatchObject({ ok: false, error: { reason: 'seat-unknown' } })
    expect(await office.reservation('x', 'ann')).toMatchObject({ error: { reason: 'reservation-not-found' } })
    await office.left('admission of ann')
    const tables = await runInDurableObject(office, (_object, state) =>
      state.storage.sql
        .exec("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '_cf%'")
        .toArray(),
    )
    expect(tables).toEqual([])
  })

  it('INV-10: is the same after it went away: seats, versions, reservations, and what is owed', async () => {
    const office = await planned()
    const reservation = await held(office)
    const before = await office.map(null)
    await evictDurableObject(office)
    expect(await office.map(null)).toEqual(before)
    expect(await office.map(before.version)).toEqual({ version: before.version, seats: null })
    expect(await office.reservation(reservation.reservationId, 'ann')).toEqual({
      ok: true,
      value: reservation,
    })
    expect(await office.hold(call({ operation: operation('o2'), admissionId: 'b' }))).toMatchObject({
      error: { reason: 'seat-taken', seatIds: ['A-1-1', 'A-1-2'] },
    })
  })

  it('INV-10: the same operation is the same reservation, also when its answer was lost with the object', async () => {
    const office = await planned()
    const first = await held(office)
    await evictDurableObject(office)
    expect(await held(office)).toEqual(first)
    expect(await states(office)).toBe('hhffff')
    // A day later it is another request.
    vi.setSystemTime(Date.now() + DAY_MS)
    const second = await held(office)
    expect(second.reservationId).not.toBe(first.reservationId)
  })

  it('ends holds by its alarm, without anybody asking, and sleeps when there are none', async () => {
    const office = await planned()
    const { reservationId } = await held(office)
    vi.setSystemTime(Date.now() + HOLD_MS - 1)
    await runDurableObjectAlarm(office)
    expect(await states(office)).toBe('hhffff')
    vi.setSystemTime(Date.now() + 1)
    expect(await runDurableObjectAlarm(office)).toBe(true)
    const stored = await runInDurableObject(office, (_object, state) =>
      state.storage.sql.exec('SELECT state FROM reservations WHERE reservation_id = ?', reservationId).one(),
    )
    expect(stored).toEqual({ state: 'expired' })
    // A day later the answer to the request is forgotten, and nothing is left to do.
    vi.setSystemTime(Date.now() + DAY_MS)
    await runDurableObjectAlarm(office)
    expect(await runDurableObjectAlarm(office)).toBe(false)
  })

  it('deletes a reservation that nobody paid for a day after it was made, and never one with a payment', async () => {
    const office = await planned()
    const gone = await held(office)
    const paid = await held(office, {
      operation: operation('o2'),
      selection: { kind: 'section', section: 'A', count: 1 },
    })
    await office.payByWallet({
      ...paid,
      operation: operation('pay'),
      userId: 'ann',
      admissionId: 'admission of ann',
    })
    vi.setSystemTime(Date.now() + HOLD_MS)
    await runDurableObjectAlarm(office)
    vi.setSystemTime(Date.now() + DAY_MS)
    await held(office, { operation: operation('o3'), admissionId: 'c' })
    vi.setSystemTime(Date.now() + HOLD_MS)
    await runDurableObjectAlarm(office)
    expect(await office.reservation(gone.reservationId, 'ann')).toMatchObject({ ok: false })
    expect(await office.reservation(paid.reservationId, 'ann')).toMatchObject({ value: { state: 'expired' } })
  })

  it('holds a map of fifty thousand seats', async () => {
    const office = freshOffice()
    const sections = Array.from({ length: 50 }, (_, n) => ({
      name: `S${n}`,
      rows: 25,
      seatsPerRow: 40,
      price: 1,
    }))
    expect(await office.plan(sections)).toEqual({ ok: true, value: { seatCount: 50_000 } })
    await held(office, { selection: { kind: 'section', section: 'S49', count: 4 } })
    const { seats } = await office.map(null)
    expect(JSON.parse(seats ?? '')).toHaveLength(50_000)
    await evictDurableObject(office)
    expect((await states(office)).replaceAll('f', '')).toBe('hhhh')
  })
})

describe('paying', () => {
  it('INV-10: takes the money once, however often it is asked and whatever goes away', async () => {
    const office = await planned()
    const { reservationId } = await held(office, { userId: 'rich', admissionId: 'r' })
    const walletOfRich = await walletWith('rich', 5_000)
    const paid = await office.payByWallet({
      operation: operation('pay'),
      reservationId,
      userId: 'rich',
      admissionId: 'r',
    })
    expect(paid).toMatchObject({ ok: true, value: { answer: { state: 'paid', amount: 2_000 } } })
    await evictDurableObject(office)
    await evictDurableObject(walletOfRich)
    expect(
      await office.payByWallet({
        operation: operation('pay'),
        reservationId,
        userId: 'rich',
        admissionId: 'r',
      }),
    ).toEqual({
      ...paid,
      value: { ...(paid.ok && paid.value), isReplay: true },
    })
    expect(await walletOfRich.balance('rich')).toBe(3_000)
    expect(await states(office)).toBe('ssffff')
  })

  it('for nothing in the wallet keeps the hold, and is tried anew as a payment of its own', async () => {
    const office = await planned()
    const { reservationId } = await held(office, { userId: 'poor', admissionId: 'p' })
    expect(
      await office.payByWallet({
        operation: operation('pay'),
        reservationId,
        userId: 'poor',
        admissionId: 'p',
      }),
    ).toMatchObject({
      error: { reason: 'insufficient-balance' },
    })
    expect(await office.reservation(reservationId, 'poor')).toMatchObject({ value: { state: 'held' } })
    await walletWith('poor', 2_000)
    expect(
      await office.payByWallet({
        operation: operation('pay'),
        reservationId,
        userId: 'poor',
        admissionId: 'p',
      }),
    ).toMatchObject({
      value: { answer: { state: 'paid' } },
    })
  })

  it('owes nothing to a line that does not know the admission', async () => {
    const office = await planned()
    const { reservationId } = await held(office, { userId: 'eve', admissionId: 'unknown' })
    await walletWith('eve', 2_000)
    await office.payByWallet({
      operation: operation('pay'),
      reservationId,
      userId: 'eve',
      admissionId: 'unknown',
    })
    // That it is done is written with whatever comes next.
    vi.setSystemTime(Date.now() + ERRAND_AGAIN_MS)
    await runDurableObjectAlarm(office)
    const owed = await runInDurableObject(office, (_object, state) =>
      state.storage.sql.exec('SELECT kind, subject FROM errands').toArray(),
    )
    expect(owed).toEqual([])
  })
})

/** The shard that keeps the visitor's wallet, with this much in it. */
async function walletWith(userId: string, amount: number) {
  const wallet = env.WALLET_SHARD.getByName(String(shardOf(userId, WALLET_SHARDS)))
  await wallet.post({
    requestHash: '',
    operationId: `charge of ${userId} ${amount}`,
    kind: 'charge',
    userId,
    amount,
    reference: '',
  })
  return wallet
}
