/** Cron's beat follows the wall clock. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { everyMinute } from '../../dev/every-minute.ts'

beforeEach(() => vi.useFakeTimers({ now: Date.parse('2026-01-01T00:00:59.500Z') }))
afterEach(() => vi.useRealTimers())

it('comes at each full minute with its time, until it is stopped', () => {
  const beats: string[] = []
  const beat = everyMinute((scheduledTimeMs) =>
    beats.push(new Date(scheduledTimeMs).toISOString().slice(14, 23)),
  )
  vi.advanceTimersByTime(499)
  expect(beats).toEqual([])
  vi.advanceTimersByTime(1)
  expect(beats).toEqual(['01:00.000'])
  vi.advanceTimersByTime(120_000)
  expect(beats).toEqual(['01:00.000', '02:00.000', '03:00.000'])
  beat.stop()
  vi.advanceTimersByTime(120_000)
  expect(beats).toHaveLength(3)
})
