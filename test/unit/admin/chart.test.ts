import { describe, expect, it } from 'vitest'
import { areaPath, linePath } from '../../../src/pages/admin/model/chart-path.ts'
import { durationTicks, roundTicks, timeTicks } from '../../../src/pages/admin/model/chart-scale.ts'

const PLANE = { time: { from: 0, to: 100, size: 200 }, value: { from: 0, to: 10, size: 50 } }

describe('the path of a chart', () => {
  it('goes through the points, with zero at the foot', () => {
    const points = [
      { atMs: 0, value: 0 },
      { atMs: 50, value: 5 },
      { atMs: 100, value: 10 },
    ]
    expect(linePath(points, PLANE)).toBe('M0,50L100,25L200,0')
    expect(areaPath(points, PLANE)).toBe('M0,50L0,50L100,25L200,0L200,50Z')
  })

  it('has a gap where nothing is known, and a dot for what stands alone', () => {
    const points = [
      { atMs: 0, value: 10 },
      { atMs: 10, value: null },
      { atMs: 20, value: 10 },
      { atMs: 30, value: 10 },
    ]
    expect(linePath(points, PLANE)).toBe('M0,0h0M40,0L60,0')
    expect(areaPath(points, PLANE)).toBe('M40,50L40,0L60,0L60,50Z')
  })

  it('is empty without points', () => {
    expect([linePath([], PLANE), areaPath([], PLANE)]).toEqual(['', ''])
  })
})

describe('the axes', () => {
  it.each([
    [0, 1, [0, 1]],
    [1, 1, [0, 1]],
    [7, 1, [0, 5, 10]],
    [40, 1, [0, 20, 40]],
    [187, 1, [0, 100, 200]],
    [5.3, 0.1, [0, 2, 4, 6]],
    [0.25, 0.1, [0, 0.1, 0.2, 0.3]],
  ])('values up to %d are marked at round numbers', (most, least, ticks) => {
    expect(roundTicks(most, 3, least)).toEqual(ticks)
  })

  it.each([
    [0, [0, 1]],
    [9, [0, 5, 10]],
    [83, [0, 30, 60, 90]],
    [133, [0, 60, 120, 180]],
    [10_000, [0, 3_600, 7_200, 10_800]],
  ])('durations up to %d s are marked at the round numbers of a clock', (most, ticks) => {
    expect(durationTicks(most, 3)).toEqual(ticks)
  })

  it('times are marked at full minutes of the operator’s zone, and not too many', () => {
    const minute = 60_000
    const at = (text: string): number => Date.parse(`2026-01-05T${text}Z`)
    expect(timeTicks(at('18:00:30'), at('18:15:30'), 5, 0)).toEqual([
      at('18:05:00'),
      at('18:10:00'),
      at('18:15:00'),
    ])
    // Half past in UTC is a full hour in a zone like Kolkata's.
    expect(timeTicks(at('18:00:00'), at('20:00:00'), 2, 330)).toEqual([at('18:30:00'), at('19:30:00')])
    for (const minutes of [1, 15, 60, 240, 2_000])
      expect(timeTicks(0, minutes * minute, 6, 0).length).toBeLessThanOrEqual(7)
  })
})
