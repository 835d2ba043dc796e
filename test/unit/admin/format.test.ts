import { describe, expect, it } from 'vitest'
import {
  durationText,
  instantOfLocalInput,
  localInputOf,
  peopleText,
  rateText,
  shortDurationText,
  utcText,
  zoneText,
} from '../../../src/pages/admin/model/format.ts'

it.each([
  [0, '0 s'],
  [59.4, '59 s'],
  [59.6, '1 min'],
  [200, '3 min 20 s'],
  [3_600, '1 h'],
  [3_900, '1 h 05 min'],
  [-3, '0 s'],
])('%d seconds read %s', (seconds, text) => {
  expect(durationText(seconds)).toBe(text)
})

it.each([
  [0, '0'],
  [0.01, '< 0.1'],
  [2.345, '2.3'],
  [300, '300'],
  [1_234.5, '1,235'],
])('a rate of %d reads %s', (rate, text) => {
  expect(rateText(rate)).toBe(text)
})

it('an axis writes durations like a clock', () => {
  expect([45, 100, 3_900].map(shortDurationText)).toEqual(['45 s', '1:40', '1:05:00'])
})

it('one person is one person', () => {
  expect([peopleText(0), peopleText(1), peopleText(12_345)]).toEqual([
    '0 people',
    '1 person',
    '12,345 people',
  ])
})

describe('times in the operator’s zone', () => {
  it('an instant that is written into an input and read again is the same instant', () => {
    for (const instant of [
      '2026-01-05T18:00:00.000Z',
      '2026-07-05T18:00:59.000Z',
      '2028-02-29T00:00:00.000Z',
    ])
      expect(instantOfLocalInput(localInputOf(instant))).toBe(instant)
  })

  it('an input without seconds is a time too, and one without a time is none', () => {
    const instant = instantOfLocalInput('2026-01-05T18:00')
    expect(localInputOf(instant)).toBe('2026-01-05T18:00:00')
    for (const text of ['', '2026-01-05', 'tomorrow', '2026-13-05T18:00'])
      expect(instantOfLocalInput(text)).toBeNull()
    expect(localInputOf(null)).toBe('')
  })

  it('UTC is written out', () => {
    expect(utcText(Date.UTC(2026, 0, 5, 18, 0, 7))).toBe('2026-01-05 18:00:07 UTC')
    expect(zoneText(0)).toMatch(/^[\w/+-]+ \((UTC|GMT)([+-]\d+(:\d+)?)?\)$/)
  })
})
