import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { posted, visitorAccount, type Operation } from '../../../src/purchase/core/ledger.ts'
import { WalletStorage } from '../../../src/purchase/objects/wallet-storage.ts'
import type { PostCall } from '../../../src/purchase/ports.ts'
import { SqliteDatabase } from '../../long/sqlite-database.ts'
import { Random } from '../../sim/random.ts'

const DAY_MS = 86_400_000
const NOW_MS = 1_000_000

let database: SqliteDatabase
let wallet: WalletStorage

beforeEach(() => {
  database = new SqliteDatabase()
  wallet = new WalletStorage(database)
})

afterEach(() => database.close())

function call(over: Partial<PostCall> = {}): PostCall {
  return {
    operationId: 'o1',
    requestHash: '',
    kind: 'charge',
    userId: 'ann',
    amount: 100,
    reference: '',
    ...over,
  }
}

const payment = (over: Partial<PostCall> = {}) =>
  call({ operationId: 'payment:p', kind: 'payment', reference: 'p', ...over })

function kept(balance: number, isReplay: boolean) {
  return { ok: true, value: { answer: { balance }, isReplay } }
}

describe('a ledger', () => {
  it('balances after every operation, whatever they are, and keeps no account of a visitor below zero', () => {
    const random = new Random(5)
    const balances = new Map<string, number>()
    const answers = new Map<string, number>()
    for (let index = 0; index < 2_000; index += 1) {
      const kind = random.pick(['charge', 'payment', 'payment', 'refund'] as const)
      const userId = random.pick(['ann', 'bob', 'cem'])
      const amount = random.between(0, 500)
      const operationId = `o${random.between(0, 1_500)}`
      const known = database.sql
        .exec('SELECT 1 FROM operations WHERE operation_id = ?', operationId)
        .toArray()
      const result = wallet.post(
        { operationId, requestHash: '', kind, userId, amount, reference: '' },
        NOW_MS,
      )
      const before = balances.get(userId) ?? 0
      const isNew = known.length === 0 && result.ok
      const after = isNew ? before + (kind === 'payment' ? -amount : amount) : before
      balances.set(userId, after)
      if (isNew) answers.set(operationId, after)
      if (result.ok)
        expect(result.value).toEqual({ answer: { balance: answers.get(operationId) }, isReplay: !isNew })
      expect(after).toBeGreaterThanOrEqual(0)
      const { visitors, funding, sales, entries } = wallet.totals()
      expect([visitors + funding + sales, entries]).toEqual([0, 0])
      expect(visitors).toBe([...balances.values()].reduce((sum, balance) => sum + balance, 0))
    }
  })

  it('carries an operation out once, however often it is asked', () => {
    for (const isReplay of [false, true, true])
      expect(wallet.post(call(), NOW_MS)).toEqual(kept(100, isReplay))
    for (const isReplay of [false, true, true])
      expect(wallet.post(payment({ amount: 70 }), NOW_MS)).toEqual(kept(30, isReplay))
    expect(wallet.statement('ann', null, 10)).toHaveLength(2)
  })

  it('answers an operation that is asked for again as it did at first, whatever came since', () => {
    wallet.post(call(), NOW_MS)
    wallet.post(call({ operationId: 'o2' }), NOW_MS)
    expect(wallet.post(call(), NOW_MS)).toEqual(kept(100, true))
  })

  it('takes another request with a key that was used for no repetition of it', () => {
    wallet.post(call(), NOW_MS)
    const refused = { ok: false, error: { reason: 'idempotency-key-reused' } }
    expect(wallet.post(call({ amount: 101, requestHash: 'other' }), NOW_MS)).toEqual(refused)
    expect(wallet.balance(visitorAccount('ann'))).toBe(100)
  })

  it('refuses a payment beyond the balance, and keeps refusing the same one when there is money later', () => {
    const refused = { ok: false, error: { reason: 'insufficient-balance' } }
    expect(wallet.post(payment(), NOW_MS)).toEqual(refused)
    wallet.post(call({ amount: 5_000 }), NOW_MS)
    expect(wallet.post(payment(), NOW_MS)).toEqual(refused)
    expect(wallet.post(payment({ operationId: 'payment:q' }), NOW_MS)).toMatchObject({
      value: { answer: { balance: 4_900 } },
    })
    expect(wallet.totals().operations).toBe(2)
  })

  it('forgets the key of a charge after a day, and that of a payment never', () => {
    wallet.post(call({ amount: 500 }), NOW_MS)
    wallet.post(payment(), NOW_MS)
    expect(wallet.post(call({ amount: 500 }), NOW_MS + DAY_MS - 1)).toEqual(kept(500, true))
    expect(wallet.post(call({ amount: 500 }), NOW_MS + DAY_MS)).toEqual(kept(900, false))
    expect(wallet.post(payment(), NOW_MS + 400 * DAY_MS)).toEqual(kept(400, true))
  })

  it('takes nothing for nothing, and says so in the statement', () => {
    expect(wallet.post(payment({ amount: 0 }), NOW_MS)).toEqual(kept(0, false))
    expect(wallet.statement('ann', null, 10)).toMatchObject([{ kind: 'payment', amount: 0, balance: 0 }])
  })

  it('shows the newest entries first, page by page, and each visitor only the own ones', () => {
    for (let n = 1; n <= 5; n += 1) wallet.post(call({ operationId: `a${n}`, amount: n }), NOW_MS)
    wallet.post(call({ operationId: 'b', userId: 'bob' }), NOW_MS)
    const first = wallet.statement('ann', null, 2)
    expect(first.map(({ amount }) => amount)).toEqual([5, 4])
    expect(wallet.statement('ann', first[1]?.entryId ?? 0, 9).map(({ amount }) => amount)).toEqual([3, 2, 1])
  })

  it('would rather stop than count beyond what numbers can', () => {
    const operation: Operation = { ...call({ amount: 1 }), atMs: 0 }
    expect(() => posted(operation, () => Number.MAX_SAFE_INTEGER)).toThrow('beyond counting')
    expect(() => posted({ ...operation, amount: 0.5 }, () => 0)).toThrow('not an amount')
    expect(() => posted({ ...operation, amount: -1 }, () => 0)).toThrow('not an amount')
  })
})
