import { describe, expect, it } from 'vitest'
import { nextUpdateSecond, updateSeconds } from '../../../src/core/update-rate.ts'

const SECOND = 1_800_000_000

describe('the rate at which a position is told', () => {
  it('falls with the distance from the head', () => {
    const positions = [1, 1_000, 1_001, 10_000, 10_001, 50_000, 50_001, 200_000, 200_001, 1_000_000]
    expect(positions.map(updateSeconds)).toEqual([1, 1, 2, 2, 5, 5, 15, 15, 30, 30])
  })

  it('is that of five seconds before a draw, when there is no position', () => {
    expect(updateSeconds(null)).toBe(5)
  })

  it('never lets a stream wait longer than its interval, nor less than a second', () => {
    for (const position of [1, 5_000, 20_000, 100_000, 500_000, null]) {
      for (let phase = 0; phase < 60; phase += 1) {
        const wait = nextUpdateSecond(SECOND + phase, position, phase * 7) - (SECOND + phase)
        expect(wait).toBeGreaterThanOrEqual(1)
        expect(wait).toBeLessThanOrEqual(updateSeconds(position))
      }
    }
  })

  it('spreads streams of one distance evenly over the seconds of their interval', () => {
    const counts = new Map<number, number>()
    for (let phase = 0; phase < 60; phase += 1) {
      const second = nextUpdateSecond(SECOND, 100_000, phase)
      counts.set(second, (counts.get(second) ?? 0) + 1)
    }
    expect([...counts.values()]).toEqual(Array.from({ length: 15 }, () => 4))
  })

  it('comes back to the same second of each interval, however late it was told', () => {
    const first = nextUpdateSecond(SECOND, 20_000, 3)
    expect(nextUpdateSecond(first, 20_000, 3)).toBe(first + 5)
    expect(nextUpdateSecond(first + 2, 20_000, 3)).toBe(first + 5)
  })
})
