import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { windowAt, type JoinReport } from '../../../src/core/join-windows.ts'
import {
  JOIN_BLOCK_TIMEOUT_MS,
  JOIN_WINDOW_MS,
  JOIN_WINDOWS_IN_FLIGHT_MAX,
  JOINERS_OF_A_WINDOW_MAX,
} from '../../../src/core/limits.ts'
import { join } from '../../../src/core/line-visitors.ts'
import { ok } from '../../../src/core/result.ts'
import { JoinCollector } from '../../../src/durable/join-collector.ts'
import type { JoinBlockAnswer, LineResult } from '../../../src/ports/lines.ts'
import { Overloaded } from '../../../src/ports/overloaded.ts'
import { lineWith, T0 } from '../core/fixtures.ts'

type Line = (report: JoinReport) => Promise<LineResult<JoinBlockAnswer>>

/** A line that joins whatever it is told at once. */
function joiningLine(): Line {
  const line = lineWith()
  return async ({ joiners }) =>
    ok({ answers: joiners.map(({ userId }) => join(line, userId, Date.now()).value) })
}

function collectorOf(line: Line): { collector: JoinCollector; reports: JoinReport[] } {
  const reports: JoinReport[] = []
  const collector = new JoinCollector({
    shard: 3,
    nowMs: () => Date.now(),
    wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    report: (report) => {
      reports.push(report)
      return line(report)
    },
    background: (work) => void work,
  })
  return { collector, reports }
}

const OVERLOADED = { ok: false, error: { reason: 'overloaded', retryAfterSeconds: 1 } }

describe('a join shard', () => {
  beforeEach(() => vi.useFakeTimers({ now: T0 + 100 }))
  afterEach(() => vi.useRealTimers())

  it('asks the line once for all who come within a window, at its end', async () => {
    const { collector, reports } = collectorOf(joiningLine())
    const answers = ['a', 'b', 'c'].map((userId) => collector.join(userId))
    await vi.advanceTimersByTimeAsync(JOIN_WINDOW_MS - 101)
    expect(reports).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    const joiners = ['a', 'b', 'c'].map((userId) => ({ userId, arrivedAtMs: T0 + 100 }))
    expect(reports).toEqual([{ shard: 3, window: windowAt(T0), joiners }])
    expect(await Promise.all(answers)).toMatchObject(
      [1, 2, 3].map((joinNumber) => ({ ok: true, value: { created: true, place: { joinNumber } } })),
    )
  })

  it('says once that nobody came, and nothing more until somebody does', async () => {
    const { collector, reports } = collectorOf(joiningLine())
    void collector.join('a')
    await vi.advanceTimersByTimeAsync(10 * JOIN_WINDOW_MS)
    expect(reports.map(({ window, joiners }) => [window - windowAt(T0), joiners.length])).toEqual([
      [0, 1],
      [1, 0],
    ])
    void collector.join('b')
    await vi.advanceTimersByTimeAsync(10 * JOIN_WINDOW_MS)
    expect(reports).toHaveLength(4)
  })

  it('INV-4: asks once for a visitor who joins twice in a window; one of the joins is the one that created', async () => {
    const { collector, reports } = collectorOf(joiningLine())
    const both = [collector.join('a'), collector.join('a')]
    await vi.advanceTimersByTimeAsync(JOIN_WINDOW_MS)
    expect(reports[0]?.joiners).toHaveLength(1)
    const answers = await Promise.all(both)
    expect(answers.map((answer) => answer.ok && answer.value.created)).toEqual([true, false])
    expect(answers.map((answer) => answer.ok && answer.value.place.joinNumber)).toEqual([1, 1])
  })

  it('INV-3: asks again once when the line is lost under its call, and then says that nothing is known', async () => {
    const line = joiningLine()
    let failures = 1
    const { collector, reports } = collectorOf(async (report) => {
      const answer = await line(report)
      failures -= 1
      if (failures >= 0) throw new Error('the line went away')
      return answer
    })
    const first = collector.join('a')
    await vi.advanceTimersByTimeAsync(JOIN_WINDOW_MS)
    // The first call was carried out, so the second one finds the place.
    expect(await first).toMatchObject({ ok: true, value: { created: false, place: { joinNumber: 1 } } })
    expect(reports[0]).toEqual(reports[1])
    await vi.advanceTimersByTimeAsync(2 * JOIN_WINDOW_MS)
    failures = 2
    const second = collector.join('b')
    await vi.advanceTimersByTimeAsync(JOIN_WINDOW_MS)
    expect(await second).toEqual(OVERLOADED)
  })

  it('does not press a line that takes no calls', async () => {
    const { collector, reports } = collectorOf(() => Promise.reject(new Overloaded('too much')))
    const answer = collector.join('a')
    await vi.advanceTimersByTimeAsync(JOIN_WINDOW_MS)
    expect(await answer).toEqual(OVERLOADED)
    expect(reports).toHaveLength(1)
  })

  it('does not wait for a line that does not answer', async () => {
    const { collector, reports } = collectorOf(() => new Promise(() => {}))
    const answer = collector.join('a')
    await vi.advanceTimersByTimeAsync(JOIN_WINDOW_MS + 2 * JOIN_BLOCK_TIMEOUT_MS)
    expect(await answer).toEqual(OVERLOADED)
    expect(reports.filter(({ joiners }) => joiners.length > 0)).toHaveLength(2)
  })

  it('refuses who is too many for a window', async () => {
    const { collector, reports } = collectorOf(joiningLine())
    for (let index = 0; index < JOINERS_OF_A_WINDOW_MAX; index += 1) void collector.join(`u${index}`)
    expect(await collector.join('one too many')).toEqual(OVERLOADED)
    // Who is in it already is no one more.
    const again = collector.join('u1')
    await vi.advanceTimersByTimeAsync(JOIN_WINDOW_MS)
    expect(reports[0]?.joiners).toHaveLength(JOINERS_OF_A_WINDOW_MAX)
    expect(await again).toMatchObject({ ok: true })
  })

  it('refuses while as many windows as are allowed wait for the line', async () => {
    const { collector } = collectorOf(() => new Promise(() => {}))
    for (let window = 0; window < JOIN_WINDOWS_IN_FLIGHT_MAX; window += 1) {
      void collector.join(`u${window}`)
      await vi.advanceTimersByTimeAsync(JOIN_WINDOW_MS)
    }
    expect(await collector.join('one too many')).toEqual(OVERLOADED)
  })

  it('a clock that jumps back delays a window by no more than a window', async () => {
    const { collector, reports } = collectorOf(joiningLine())
    void collector.join('a')
    await vi.advanceTimersByTimeAsync(JOIN_WINDOW_MS)
    void collector.join('b')
    vi.setSystemTime(T0 - 3_600_000)
    await vi.advanceTimersByTimeAsync(2 * JOIN_WINDOW_MS)
    expect(reports.map(({ joiners }) => joiners.length).slice(0, 2)).toEqual([1, 1])
  })
})
