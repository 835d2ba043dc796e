import { describe, expect, it } from 'vitest'
import { LineClock } from '../../../src/durable/line-clock.ts'

const T0 = Date.UTC(2026, 10, 21)

function clockOver(raw: { ms: number }): LineClock {
  return new LineClock(() => raw.ms)
}

describe('the clock of a line', () => {
  it('is the platform’s while that goes forward, jumps included', () => {
    const raw = { ms: T0 }
    const clock = clockOver(raw)
    for (const step of [0, 1, 999, 600_000]) {
      raw.ms += step
      expect(clock.nowMs()).toBe(raw.ms)
    }
  })

  it('never goes back and never stands still, and meets the platform’s again', () => {
    const raw = { ms: T0 }
    const clock = clockOver(raw)
    raw.ms -= 60_000
    let last = clock.nowMs()
    expect(last).toBe(T0)
    for (let second = 1; second <= 120; second += 1) {
      raw.ms += 1_000
      const now = clock.nowMs()
      expect(now - last).toBe(500)
      last = now
    }
    expect(last).toBe(raw.ms)
    raw.ms += 1_000
    expect(clock.nowMs()).toBe(raw.ms)
  })

  it('sets an alarm as far ahead of the platform’s clock as it is of its own', () => {
    const raw = { ms: T0 }
    const clock = clockOver(raw)
    raw.ms -= 300_000
    const now = clock.nowMs()
    expect(clock.toRaw(now + 1_000)).toBe(raw.ms + 1_000)
    expect(clock.fromRaw(clock.toRaw(now + 1_000))).toBe(now + 1_000)
  })
})
