import { expect, it } from 'vitest'
import { etaSeconds, positionBound, progressAfterMs, type Step } from '../../../src/client/position-bound.ts'

/** Twenty wait under 101 to 120; of 121 to 220 every second one has gone; 70 wait in all. */
const STEPS: readonly Step[] = [
  [101, 1],
  [120, 20],
  [219, 69],
  [230, 80],
]

it('a number on a step, or behind one with nobody gone in between, is told its exact position', () => {
  expect([101, 110, 120, 219, 225, 230].map((number) => positionBound(STEPS, number))).toEqual([
    1, 10, 20, 69, 75, 80,
  ])
})

it('between two steps the nearer of them bounds the position', () => {
  expect(positionBound(STEPS, 130)).toBe(30)
  expect(positionBound(STEPS, 200)).toBe(69)
})

it('who joined after the document was made counts every join since', () => {
  expect(positionBound(STEPS, 250)).toBe(100)
  expect(positionBound([[0, 0]], 3)).toBe(3)
})

it('a position that was shown does not grow, whichever document comes next', () => {
  expect(positionBound(STEPS, 200, 55)).toBe(55)
  expect(positionBound(STEPS, 200, 90)).toBe(69)
  expect(positionBound([], 200, 55)).toBe(55)
})

it('there is no position before the draw, and none below 1', () => {
  expect(positionBound([], 7)).toBeNull()
  expect(positionBound([[0, 0]], 0)).toBe(1)
})

it('the document is asked for every 5 s near the head, every 10 s behind 1,000 and every 15 s behind 10,000', () => {
  const delays = [null, 1, 1_000, 1_001, 10_000, 10_001].map(progressAfterMs)
  expect(delays).toEqual([5_000, 5_000, 5_000, 10_000, 10_000, 15_000])
})

it('the wait is a range of whole seconds, and absent without a pace', () => {
  expect(etaSeconds({ low: 50, high: 70 }, 100)).toEqual({ low: 85, high: 120 })
  expect(etaSeconds(null, 100)).toBeNull()
})
