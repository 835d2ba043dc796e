import { describe, expect, it } from 'vitest'
import type { Sample } from '../../../src/pages/admin/model/answers.ts'
import { CHARTS, summaryOf } from '../../../src/pages/admin/model/charts.ts'
import { clockText } from '../../../src/pages/admin/model/format.ts'
import {
  chartStartMs,
  momentsOf,
  nearest,
  peakOf,
  pointsOf,
  sumLately,
  waitsLately,
} from '../../../src/pages/admin/model/samples.ts'

const START_MS = Date.parse('2026-01-05T18:00:00Z')

function sampleAt(seconds: number, more: Partial<Sample> = {}): Sample {
  return {
    at: new Date(START_MS + seconds * 1_000).toISOString(),
    waiting: 100,
    inside: 10,
    capacity: 20,
    streams: 90,
    joined: 0,
    admitted: 20,
    ended: 0,
    noShows: 1,
    errors: 2,
    waitSecondsP50: 5,
    waitSecondsP95: 9,
    ...more,
  }
}

const series = (...samples: Sample[]) => ({ stepSeconds: 10, samples })
const at = (seconds: number): number => START_MS + seconds * 1_000

describe('the moments of a series', () => {
  it('are the ends of its steps, with what happened in them per second', () => {
    const moments = momentsOf(series(sampleAt(0), sampleAt(10, { admitted: 5, waiting: 95 })), at(20))
    expect(moments).toMatchObject([
      { atMs: at(10), admittedPerSecond: 2, waiting: 100 },
      { atMs: at(20), admittedPerSecond: 0.5, waiting: 95 },
    ])
  })

  it('leave out the step that is not over', () => {
    expect(momentsOf(series(sampleAt(0), sampleAt(10)), at(19))).toHaveLength(1)
  })

  it('go on through steps in which nothing happened, with nobody admitted and everything standing', () => {
    const moments = momentsOf(series(sampleAt(0), sampleAt(60)), at(100))
    expect(
      moments.map(({ atMs, admittedPerSecond, waiting, errors }) => [
        atMs,
        admittedPerSecond,
        waiting,
        errors,
      ]),
    ).toEqual([
      [at(10), 2, 100, 2],
      [at(20), 0, 100, 0],
      [at(60), 0, 100, 0],
      [at(70), 2, 100, 2],
      [at(80), 0, 100, 0],
      [at(100), 0, 100, 0],
    ])
  })

  it('forget the waits when nobody has been admitted for so long that there are none', () => {
    const moments = momentsOf(series(sampleAt(0)), at(600))
    expect(moments.map(({ waitSecondsP50 }) => waitSecondsP50)).toEqual([5, 5, null])
  })

  it('are none without samples', () => {
    expect(momentsOf(series(), at(100))).toEqual([])
  })
})

describe('what is read off a chart', () => {
  const moments = momentsOf(
    series(sampleAt(0), sampleAt(10, { admitted: 90 }), sampleAt(20, { admitted: 30 })),
    at(30),
  )

  it('is the peak and when it was, and the value of now', () => {
    expect(peakOf(pointsOf(moments, (moment) => moment.admittedPerSecond))).toEqual({
      atMs: at(20),
      value: 9,
    })
    const [admitted] = CHARTS
    if (admitted === undefined) throw new Error('no chart')
    expect(summaryOf(admitted, moments)).toBe(`now 3, most 9 at ${clockText(at(20))}`)
    expect(summaryOf(admitted, [])).toBe('Nothing has happened in this time.')
  })

  it('is the moment that is nearest', () => {
    expect(nearest(moments, at(24))?.atMs).toBe(at(20))
    expect(nearest([], at(24))).toBeNull()
  })

  it('begins where there is something to show, but not so late that it is all there is', () => {
    expect(chartStartMs(moments, at(3_600), 15)).toBe(at(3_600 - 900))
    expect(chartStartMs(moments, at(600), 60)).toBe(at(10))
    expect(chartStartMs(moments, at(30), 60)).toBe(at(30 - 180))
    expect(chartStartMs([], at(3_600), 60)).toBe(at(0))
  })
})

it('what happened lately is summed up, the step that is not over included', () => {
  const samples = series(sampleAt(0), sampleAt(100), sampleAt(110))
  expect(sumLately(samples, at(112), 1)).toEqual({ noShows: 2, errors: 4 })
})

it('waits are of those who were admitted lately, or of nobody', () => {
  expect(waitsLately(series(sampleAt(0)), at(60))).toEqual({ p50Seconds: 5, p95Seconds: 9 })
  expect(waitsLately(series(sampleAt(0, { waitSecondsP50: null, waitSecondsP95: null })), at(60))).toBeNull()
  expect(waitsLately(series(sampleAt(0)), at(600))).toBeNull()
  expect(waitsLately(series(), at(600))).toBeNull()
})
