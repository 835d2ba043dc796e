import { describe, expect, it } from 'vitest'
import { fillingOf, type OwedClaim } from '../../../src/drops/core/filling.ts'
import type { ClaimRecord } from '../../../src/drops/core/records.ts'

const recorded = (userId: string, code: string): ClaimRecord => ({ userId, code, claimedAtMs: 1 })
const owed = (userId: string, code: string, claimedAtMs = 2): OwedClaim => ({
  userId,
  code,
  claimedAtMs,
  isParked: false,
})

describe('the filling of a store that starts again from the records', () => {
  it('INV-11: leaves free what nobody has, in its order', () => {
    const filling = fillingOf(['A', 'B', 'C', 'D'], [recorded('ann', 'C')], [owed('bob', 'A')])
    expect(filling).toMatchObject({ codes: ['B', 'D'], owed: [{ userId: 'bob', code: 'A' }], extra: 0 })
  })

  it('INV-11: a visitor whose record is written is owed nothing any more', () => {
    const filling = fillingOf(['A', 'B'], [recorded('ann', 'A')], [owed('ann', 'B')])
    expect(filling).toMatchObject({ codes: ['B'], owed: [] })
  })

  it('INV-11: a code that is recorded for somebody else is exchanged, the earliest claim first', () => {
    const claims = [owed('late', 'A', 9), owed('early', 'A', 3), owed('other', 'B', 4)]
    const filling = fillingOf(['A', 'B', 'C'], [recorded('ann', 'A')], claims)
    expect(filling.owed.map(({ userId, code }) => [userId, code])).toEqual([
      ['other', 'B'],
      ['early', 'C'],
    ])
    expect(filling).toMatchObject({ reassigned: 1, codes: [], unserved: [{ userId: 'late' }] })
  })

  it('INV-11: a code that is no longer one of the drop is exchanged, too', () => {
    expect(fillingOf(['A'], [], [owed('ann', 'GONE')])).toMatchObject({ owed: [{ code: 'A' }], codes: [] })
  })

  it('INV-11: of two visitors who are owed the same code one keeps it', () => {
    const filling = fillingOf(['A', 'B'], [], [owed('ann', 'A', 5), owed('bob', 'A', 4)])
    expect(new Set(filling.owed.map(({ code }) => code))).toEqual(new Set(['A', 'B']))
  })

  it('counts records of unknown codes apart, and keeps their visitors from claiming again', () => {
    const filling = fillingOf(['A'], [recorded('ann', 'UNKNOWN')], [owed('ann', 'A')])
    expect(filling).toMatchObject({ codes: ['A'], extra: 1, owed: [], recorded: [{ userId: 'ann' }] })
  })

  it('of several claims of a visitor the first named counts, parked or not', () => {
    const parked = { ...owed('ann', 'A'), isParked: true }
    expect(fillingOf(['A', 'B'], [], [parked, owed('ann', 'B')])).toMatchObject({
      owed: [{ code: 'A', isParked: true }],
      codes: ['B'],
    })
  })
})
