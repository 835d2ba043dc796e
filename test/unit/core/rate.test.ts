import { describe, expect, it } from 'vitest'
import { allowance, spend, type RateState } from '../../../src/core/rate.ts'
import vectors from '../../vectors/rate.json' with { type: 'json' }
import { T0 } from './fixtures.ts'

function admissionsOver(ratePerMinute: number, seconds: number, stepMs: number): number[] {
  let state: RateState = { tatMs: 0 }
  const times: number[] = []
  for (let nowMs = T0; nowMs < T0 + seconds * 1_000; nowMs += stepMs) {
    const allowed = allowance(state, ratePerMinute, nowMs, 1_000)
    state = spend(state, ratePerMinute, nowMs, allowed)
    for (let n = 0; n < allowed; n += 1) times.push(nowMs)
  }
  return times
}

describe('admission rate', () => {
  it.each([1, 7, 8, 59, 60, 61, 90, 600, 6_000])('never exceeds %i in any half-open minute', (rate) => {
    for (const stepMs of [1_000, 137]) {
      const times = admissionsOver(rate, 200, stepMs)
      let from = 0
      for (const [index, time] of times.entries()) {
        while ((times[from] ?? 0) <= time - 60_000) from += 1
        expect(index - from + 1).toBeLessThanOrEqual(rate)
      }
    }
  })

  it.each([10, 25, 50, 60, 61, 100, 119, 179, 600, 6_000])(
    'uses at least 85 %% of %i a minute while people wait',
    (rate) => {
      expect(admissionsOver(rate, 600, 1_000).length).toBeGreaterThanOrEqual(rate * 8.5)
    },
  )

  it('spreads the minute instead of spending it in one tick (D20)', () => {
    expect(allowance({ tatMs: 0 }, 600, T0, 1_000)).toBe(11)
  })

  it('costs a minute, not more, after the clock has jumped back', () => {
    const jumped = spend({ tatMs: T0 + 3_600_000 }, 6, T0, 0)
    expect(allowance(jumped, 6, T0 + 59_999, 5)).toBe(0)
    expect(allowance(jumped, 6, T0 + 60_000, 5)).toBe(1)
  })

  it.each(vectors.map((vector) => [vector.ratePerMinute, vector] as const))(
    'agrees with the vectors that the script of the shared pool is held to (%i a minute)',
    (_rate, vector) => {
      let state: RateState = { tatMs: 0 }
      const allowed = vector.steps.map((step) => {
        const n = allowance(state, vector.ratePerMinute, step.nowMs, step.wanted)
        state = spend(state, vector.ratePerMinute, step.nowMs, n)
        return n
      })
      expect(allowed).toEqual(vector.steps.map((step) => step.allowed))
    },
  )
})
