/** The bench's own arithmetic: what it says of figures, whatever the figures are. */
import { describe, expect, it } from 'vitest'
import { tenthsOf } from '../../bench/client/closed-loop.ts'
import { clockTicksMs } from '../../bench/measure/cpu.ts'
import { phaseDelayMs } from '../../bench/measure/grid.ts'
import { Latencies } from '../../bench/measure/latency.ts'
import { orderOfRound, ratioSpread, spreadOf } from '../../bench/measure/spread.ts'

describe('a spread', () => {
  it('is the middle, the least and the most, of an odd or an even number of values', () => {
    expect(spreadOf([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3 })
    expect(spreadOf([4, 1, 3, 2])).toEqual({ median: 2.5, min: 1, max: 4 })
    expect(spreadOf([7])).toEqual({ median: 7, min: 7, max: 7 })
  })

  it('is refused where nothing was measured', () => {
    expect(() => spreadOf([])).toThrow('nothing was measured')
  })
})

describe('a ratio', () => {
  it('is of each pair, so that a slow round of the machine does not show', () => {
    expect(ratioSpread([20, 200, 21], [10, 100, 10])).toEqual({ median: 2, min: 2, max: 2.1 })
  })

  it('needs a floor for each figure, and one that measured something', () => {
    expect(() => ratioSpread([1, 2], [1])).toThrow('as many floors')
    expect(() => ratioSpread([1], [0])).toThrow('floor measured nothing')
  })

  it('takes its sides in turns', () => {
    expect([0, 1, 2].map((round) => orderOfRound(round, 'a', 'b').join(''))).toEqual(['ab', 'ba', 'ab'])
  })
})

describe('latencies', () => {
  it('have percentiles of three digits', () => {
    const latencies = new Latencies()
    for (let ms = 1; ms <= 1_000; ms += 1) latencies.record(ms)
    const summary = latencies.summary()
    expect(summary?.count).toBe(1_000)
    expect(summary?.p50Ms).toBeCloseTo(500, -1)
    expect(summary?.p95Ms).toBeCloseTo(950, -1)
    expect(summary?.maxMs).toBeCloseTo(1_000, -1)
  })

  it('of several rounds are one', () => {
    const [all, more] = [new Latencies(), new Latencies()]
    all.record(1)
    more.record(3)
    all.add(more)
    expect(all.summary()?.count).toBe(2)
    expect(all.summary()?.maxMs).toBeCloseTo(3, 1)
  })

  it('are none where nothing was recorded', () => {
    expect(new Latencies().summary()).toBeNull()
  })
})

describe('CPU of a process', () => {
  it('is read behind a command with spaces and brackets in its name', () => {
    const rest = ['S', '1', '1', '1', '0', '-1', '0', '5', '0', '0', '0', '150', '50', '0', '0'].join(' ')
    expect(clockTicksMs(`42 (a (b) c) ${rest}`)).toBe(2_000)
  })
})

describe('the grid of whole seconds', () => {
  it('gives the time to the next moment of that phase, never none', () => {
    expect(phaseDelayMs(10_100, 500)).toBe(400)
    expect(phaseDelayMs(10_900, 500)).toBe(600)
    expect(phaseDelayMs(10_500, 500)).toBe(1_000)
  })
})

describe('the tenths of a run', () => {
  it('are the rates of equal numbers of operations, one after the other', () => {
    const steady = Array.from({ length: 100 }, (_, index) => index + 1)
    expect(tenthsOf(steady)).toEqual(Array.from({ length: 10 }, () => 1_000))
    const slower = steady.map((ms) => (ms <= 90 ? ms : 90 + (ms - 90) * 10))
    expect(tenthsOf(slower).at(0)).toBe(1_000)
    expect(tenthsOf(slower).at(-1)).toBe(100)
  })

  it('are none of a run that has no ten operations', () => {
    expect(tenthsOf([1, 2, 3])).toEqual([])
  })
})
