import { describe, expect, it } from 'vitest'
import { columns } from '../../../src/cli/text/columns.ts'
import { count, duration, rate, wait } from '../../../src/cli/text/figures.ts'
import { bar, sparkline } from '../../../src/cli/text/graphs.ts'
import { displayWidth, fitted, harmless } from '../../../src/cli/text/width.ts'

describe('width', () => {
  it.each([
    ['', 0],
    ['abc', 3],
    ['é', 1],
    ['e\u0301', 1],
    ['봄 세일', 7],
    ['日本', 4],
    ['👨‍👩‍👧', 2],
    ['\u001B[32mok\u001B[39m', 2],
  ])('%j takes %i columns', (text, width) => {
    expect(displayWidth(text)).toBe(width)
  })

  it('a cut text never takes more than the room, and says that it is cut', () => {
    expect(fitted('abcdef', 6)).toBe('abcdef')
    expect(fitted('abcdef', 4)).toBe('abc…')
    expect(fitted('봄 세일', 4)).toBe('봄 …')
    expect(fitted('abc', 0)).toBe('')
    for (let width = 0; width < 12; width += 1) {
      expect(displayWidth(fitted('a봄b세c일d', width))).toBeLessThanOrEqual(width)
    }
  })

  it('text of others cannot steer the terminal or begin a line', () => {
    expect(harmless('a\u001B[2Jb\nc\u202Ed\u2028e')).toBe('a [2Jb c d e')
  })
})

it('columns line up, whatever the script', () => {
  expect(
    columns([
      ['a', 'b'],
      ['봄봄', 'c'],
    ]),
  ).toBe('a     b\n봄봄  c')
  expect(
    columns([
      ['a', ''],
      ['bb', ''],
    ]),
  ).toBe('a\nbb')
})

describe('graphs', () => {
  it.each([
    [0, 10, '░░░░'],
    [5, 10, '██░░'],
    [10, 10, '████'],
    [99, 10, '████'],
    [-1, 10, '░░░░'],
    [1, 0, '░░░░'],
  ])('a bar of %i of %i', (value, max, text) => {
    expect(bar(value, max, 4)).toBe(text)
  })

  it('a sparkline shows the last values against their largest; anything is more than nothing', () => {
    expect(sparkline([0, 1, 4, 8], 4)).toBe('▁▂▄█')
    expect(sparkline([0, 0], 4)).toBe('▁▁')
    expect(sparkline([null, 0.001, 1_000], 4)).toBe(' ▂█')
    expect(sparkline([9, 9, 1], 1)).toBe('█')
    expect(sparkline([1, 2], 0)).toBe('')
    expect(sparkline([], 4)).toBe('')
  })
})

it('figures are as precise as they need to be', () => {
  expect(count(12_345)).toBe('12,345')
  expect([rate(null), rate(0), rate(4.26), rate(1_234.5)]).toEqual(['-', '0.0', '4.3', '1,235'])
  expect([
    duration(0),
    duration(89),
    duration(90),
    duration(5_399),
    duration(7_200),
    duration(7_500),
  ]).toEqual(['0 s', '89 s', '2 min', '1 h 30 min', '2 h', '2 h 5 min'])
  expect([wait(null), wait({ low: 20, high: 45 }), wait({ low: 100, high: 110 })]).toEqual([
    '-',
    '20 s to 45 s',
    '2 min',
  ])
})
