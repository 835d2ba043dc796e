/** What a visitor who asks again is told, by the office that did what was asked. */
import { beforeEach, describe, expect, it } from 'vitest'
import { err, ok } from '../../../src/core/result.ts'
import { OfficeWorld, operation } from './office-world.ts'
import { ScriptedProvider } from './scripted-provider.ts'

const DAY_MS = 86_400_000
const PAID = { paymentId: expect.any(String), state: 'paid', amount: 12_000 }

let world: OfficeWorld
let reservationId: string

beforeEach(async () => {
  world = new OfficeWorld(new ScriptedProvider())
  reservationId = await world.held()
})

function pay(name = operation('pay')) {
  return world.engine.payByWallet({
    operation: name,
    reservationId,
    userId: 'ann',
    admissionId: 'admission',
  })
}

function hold(name = operation('o'), seatIds = ['A-1-1', 'A-1-2']) {
  const selection = { kind: 'seats', seatIds } as const
  return world.engine.hold({ operation: name, userId: 'ann', admissionId: 'admission', selection, holdMs: 1 })
}

describe('an operation', () => {
  it('is answered as at first, whatever became of it since, and also by an office that started again', async () => {
    const first = await pay()
    expect(first).toEqual(ok({ answer: PAID, isReplay: false }))
    const held = await hold()
    expect(held).toMatchObject({ value: { answer: { reservationId, state: 'held' }, isReplay: true } })
    expect(await world.state(reservationId)).toBe('paid')
    world.restart()
    expect([await pay(), await hold()]).toEqual([ok({ ...(first.ok && first.value), isReplay: true }), held])
    expect(await world.engine.answered(operation('pay'))).toEqual(await pay())
  })

  it('is not taken for another request with the same key', async () => {
    await pay()
    const other = { operationId: 'pay', requestHash: 'other' }
    const refused = err({ reason: 'idempotency-key-reused' })
    expect([await pay(other), await hold(other), await world.engine.answered(other)]).toEqual([
      refused,
      refused,
      refused,
    ])
  })

  it('is being answered to the first who asked; others are told so, and may ask again', async () => {
    const wallet = Promise.withResolvers<void>()
    world.wallet = async () => {
      await wallet.promise
      return ok({ answer: { balance: 0 }, isReplay: false })
    }
    const first = pay()
    expect(await pay()).toEqual(err({ reason: 'request-in-progress' }))
    expect(await pay({ operationId: 'pay', requestHash: 'other' })).toEqual(
      err({ reason: 'idempotency-key-reused' }),
    )
    wallet.resolve()
    expect(await first).toEqual(ok({ answer: PAID, isReplay: false }))
    expect(await pay()).toEqual(ok({ answer: PAID, isReplay: true }))
  })

  it('that was refused is not kept: it may be tried anew', async () => {
    world.wallet = async () => err({ reason: 'insufficient-balance' })
    expect(await pay()).toEqual(err({ reason: 'insufficient-balance' }))
    world.wallet = async () => ok({ answer: { balance: 0 }, isReplay: false })
    expect(await pay()).toEqual(ok({ answer: PAID, isReplay: false }))
  })

  it('that died with the office is carried on by whoever asks again', async () => {
    world.wallet = () => new Promise(() => {})
    void pay()
    world.restart()
    world.wallet = async () => ok({ answer: { balance: 0 }, isReplay: false })
    expect(await pay()).toEqual(ok({ answer: PAID, isReplay: false }))
  })

  it('is forgotten after a day, by the alarm, and then another one may have its name', async () => {
    expect(world.rows.oldestOperationAtMs()).toBe(world.nowMs)
    await world.pass(DAY_MS - 1)
    expect(await world.engine.answered(operation('o'))).not.toBeNull()
    await world.pass(1)
    expect(world.rows.oldestOperationAtMs()).toBeNull()
    const again = await hold()
    expect(again).toMatchObject({ value: { isReplay: false } })
    expect(again).not.toMatchObject({ value: { answer: { reservationId } } })
  })
})

describe('that the line knows of a sale', () => {
  it('is written with the next decision or by the alarm, and told again when it was lost', async () => {
    const owed = () => world.rows.load()?.errands.map(({ kind }) => kind)
    await pay()
    expect([world.completed, owed()]).toEqual([['admission'], ['complete']])
    await hold(operation('next'), ['A-1-3'])
    expect(owed()).toEqual([])
    world = new OfficeWorld(new ScriptedProvider())
    reservationId = await world.held()
    await pay()
    world.restart()
    await world.pass(10_000)
    expect([world.completed, owed()]).toEqual([['admission', 'admission'], []])
  })
})
