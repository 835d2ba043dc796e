import { expect, it } from 'vitest'
import { OverloadAnswers } from '../../../src/http/overload.ts'
import { Overloaded } from '../../../src/ports/overloaded.ts'

function answersAt(clock: { nowMs: number }) {
  const logged: unknown[] = []
  const keep = (_event: string, fields?: object): void => void logged.push(fields)
  const answers = new OverloadAnswers({
    log: { info: keep, warn: keep, error: keep },
    nowMs: () => clock.nowMs,
  })
  const refuse = (count: number): number[] =>
    Array.from({ length: count }, () => {
      const failure = answers.answer(new Overloaded('busy'), 'request')
      return failure.reason === 'overloaded' ? failure.retryAfterSeconds : NaN
    })
  return { refuse, logged }
}

it('a few are sent away for one to three seconds', () => {
  const { refuse } = answersAt({ nowMs: 1_000_000 })
  expect(new Set(refuse(200))).toEqual(new Set([1, 2, 3]))
})

it('many are spread so far that two hundred come back in a second, and nobody for more than half a minute', () => {
  const clock = { nowMs: 1_000_000 }
  const { refuse } = answersAt(clock)
  refuse(3_000)
  const later = refuse(200)
  expect(Math.max(...later)).toBeGreaterThan(10)
  expect(Math.max(...later)).toBeLessThanOrEqual(18)
  expect(Math.max(...refuse(20_000))).toBeLessThanOrEqual(31)
  clock.nowMs += 30_000
  expect(Math.max(...refuse(200))).toBeLessThanOrEqual(3)
})

it('the log says once a second how many', () => {
  const clock = { nowMs: 1_000_000 }
  const { refuse, logged } = answersAt(clock)
  refuse(500)
  clock.nowMs += 1_000
  refuse(1)
  expect(logged).toMatchObject([{ refused: 1 }, { refused: 500 }])
})
