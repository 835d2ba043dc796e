import { describe, expect, it } from 'vitest'
import { occupancyOf, percentile } from '../../../../src/cli/load/statistics.ts'

describe('percentile', () => {
  it.each([
    [[], 0.5, null],
    [[7], 0.95, 7],
    [[4, 1, 3, 2], 0.5, 2],
    [[4, 1, 3, 2], 0, 1],
    [[4, 1, 3, 2], 1, 4],
    [[10, 9, 8], 0.95, 10],
  ])('of %j at %d is %j, a sample that was really taken', (samples, share, expected) => {
    expect(percentile(samples, share)).toBe(expected)
  })
})

describe('occupancyOf', () => {
  it('counts each arrival that found the house full', () => {
    const stays = [
      { fromMs: 0, toMs: 10 },
      { fromMs: 2, toMs: 8 },
      { fromMs: 4, toMs: 6 },
      { fromMs: 5, toMs: 7 },
    ]
    expect(occupancyOf(stays, 2)).toEqual({ peak: 4, overCapacityInstants: 2 })
    expect(occupancyOf(stays, 4)).toEqual({ peak: 4, overCapacityInstants: 0 })
  })

  it('who goes in the same millisecond makes room for who comes', () => {
    const handover = [
      { fromMs: 0, toMs: 5 },
      { fromMs: 5, toMs: 9 },
    ]
    expect(occupancyOf(handover, 1)).toEqual({ peak: 1, overCapacityInstants: 0 })
  })

  it('a stay without length counts for nothing, and an empty house has no peak', () => {
    expect(occupancyOf([{ fromMs: 5, toMs: 5 }], 0)).toEqual({ peak: 0, overCapacityInstants: 0 })
    expect(occupancyOf([], 1)).toEqual({ peak: 0, overCapacityInstants: 0 })
  })
})
