/** The check of every rush for coupons: what it must see, and what it must not. */
import { describe, expect, it } from 'vitest'
import { violationsOf, type Books, type Told } from '../../support/drops/books.ts'

const refused: Told = { status: 410, claimId: null, state: null, code: null, problem: 'sold-out' }

function issued(userId: string, code: string, status: number): Told {
  return { status, claimId: `claim of ${userId}`, state: 'issued', code, problem: null }
}

function pending(userId: string, status: number): Told {
  return { status, claimId: `claim of ${userId}`, state: 'pending', code: null, problem: null }
}

/** Two coupons and three visitors with two tries each; all is well. */
function rightBooks(change: Partial<Books> = {}): Books {
  return {
    stock: 2,
    codes: new Set(['X', 'Y']),
    told: new Map([
      ['ann', [issued('ann', 'X', 201), issued('ann', 'X', 200)]],
      ['ben', [pending('ben', 202), issued('ben', 'Y', 200)]],
      ['eve', [refused, refused]],
    ]),
    mine: new Map([
      ['ann', issued('ann', 'X', 200)],
      ['ben', issued('ben', 'Y', 200)],
    ]),
    rows: [
      { userId: 'ann', code: 'X' },
      { userId: 'ben', code: 'Y' },
    ],
    reconciled: { stock: 2, issued: 2, pending: 0, failed: 0, remaining: 0, consistent: true },
    lost: 'nothing',
    ...change,
  }
}

function toldOf(userId: string, ...answers: Told[]): Pick<Books, 'told'> {
  return { told: new Map([...rightBooks().told, [userId, answers]]) }
}

it('a drop that kept its promises is not accused', () => {
  expect(violationsOf(rightBooks())).toEqual([])
})

it('a claim that was never shown as issued may be lost with the store, and only then', () => {
  const told = new Map([...rightBooks().told, ['eve', [pending('eve', 202), refused]]])
  expect(violationsOf(rightBooks({ told, lost: 'pending' }))).toEqual([])
  expect(violationsOf(rightBooks({ told, lost: 'answers' }))).not.toEqual([])
})

it('whoever lost the first answer hears of the claim by a repetition', () => {
  const change = toldOf('ann', issued('ann', 'X', 200))
  expect(violationsOf(rightBooks({ ...change, lost: 'answers' }))).toEqual([])
  expect(violationsOf(rightBooks(change)).join()).toContain('that they had not made')
})

describe('a breach of INV-11 is seen:', () => {
  const row = (userId: string, code: string) => ({ userId, code })
  const breaches: readonly (readonly [string, string, Partial<Books>])[] = [
    ['more than the stock', 'oversold', { stock: 1 }],
    ['less than the stock while others were refused', 'undersold', { stock: 3 }],
    ['two coupons for one visitor', 'two coupons', { rows: [row('ann', 'X'), row('ann', 'Y')] }],
    ['one code for two visitors', 'issued twice', { rows: [row('ann', 'X'), row('ben', 'X')] }],
    ['a code that the operator never gave', "nobody's", { codes: new Set(['X']) }],
    [
      'another code on a repetition',
      'two codes',
      toldOf('ann', issued('ann', 'X', 201), issued('ann', 'Y', 200)),
    ],
    [
      'another claim on a repetition',
      'two claims',
      toldOf('ann', issued('ann', 'X', 201), { ...issued('ann', 'X', 200), claimId: 'other' }),
    ],
    [
      'a repetition that is a new claim',
      'anew',
      toldOf('ann', issued('ann', 'X', 201), issued('ann', 'X', 201)),
    ],
    ['a winner who is told sold-out', 'told sold-out', toldOf('ann', issued('ann', 'X', 201), refused)],
    [
      'an answer that the contract does not have',
      'something else',
      toldOf('eve', { ...refused, status: 404 }),
    ],
    ['an acknowledged code that is not recorded', 'not recorded', toldOf('eve', issued('eve', 'Z', 201))],
    ['an acknowledged claim that is gone', 'claims are gone', toldOf('eve', pending('eve', 202))],
    ['a coupon that nobody was told of', 'never told', toldOf('ben', refused)],
    [
      '"issued" without its code',
      'without a code',
      toldOf('ann', { ...issued('ann', 'X', 201), code: null }),
    ],
    [
      'another word at the end than in the records',
      'not told what is recorded',
      { mine: new Map([['ann', issued('ann', 'X', 200)]]) },
    ],
    [
      'a sum that is not the stock',
      'not issued + pending + remaining',
      { reconciled: { ...rightBooks().reconciled, remaining: 1 } },
    ],
    [
      'a claim that is never written',
      'not at rest',
      { reconciled: { ...rightBooks().reconciled, issued: 1, pending: 1 } },
    ],
    [
      'stores that do not agree',
      'do not agree',
      { reconciled: { ...rightBooks().reconciled, consistent: false } },
    ],
  ]

  it.each(breaches)('%s', (_name, words, change) => {
    expect(violationsOf(rightBooks(change)).join('; ')).toContain(words)
  })
})
