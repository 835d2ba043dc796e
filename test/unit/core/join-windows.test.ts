import { describe, expect, it } from 'vitest'
import { JoinWindows, windowAt, windowEndMs, type JoinReport } from '../../../src/core/join-windows.ts'
import { JOIN_LATENESS_MS, JOIN_WINDOW_MS } from '../../../src/core/limits.ts'
import { T0 } from './fixtures.ts'

const W0 = windowAt(T0)

/** A report of one window; each joiner is `[userId, milliseconds since the window's start]`. */
function report(shard: number, nth: number, ...joiners: [string, number][]): JoinReport {
  const window = W0 + nth
  const startMs = windowEndMs(window - 1)
  return {
    shard,
    window,
    joiners: joiners.map(([userId, sinceMs]) => ({ userId, arrivedAtMs: startMs + sinceMs })),
  }
}

/** Reports in the order in which they come, each a call's time after its window's end unless it says otherwise. */
class Timeline {
  readonly windows = new JoinWindows<string>()

  add(one: JoinReport, afterEndMs = 40): string[] {
    const nowMs = windowEndMs(one.window) + afterEndMs
    this.windows.add(one, 'block', nowMs)
    return this.sealAt(nowMs)
  }

  sealAt(nowMs: number): string[] {
    return this.windows.seal(nowMs).map((arrivals) => arrivals.map(({ userId }) => userId).join(' '))
  }
}

describe('a window of joins', () => {
  it('is sealed by the report of a shard that is alone', () => {
    const time = new Timeline()
    expect(time.add(report(0, 0, ['a', 1], ['b', 2]))).toEqual(['a b'])
    expect(time.add(report(0, 1, ['c', 1]))).toEqual(['c'])
  })

  it('waits for every shard that had joiners in the one before, and is in the order of arrival', () => {
    const time = new Timeline()
    time.add(report(0, 0, ['a', 1]))
    time.add(report(1, 0, ['b', 1]))
    time.add(report(0, 1, ['c', 10], ['e', 30]))
    expect(time.windows.held).toBe(3)
    // `b` came too late for the first window, and is before all that arrived after it.
    expect(time.add(report(1, 1, ['d', 20], ['f', 40]))).toEqual(['b c d e f'])
    expect(time.windows.held).toBe(0)
  })

  it('orders those of one millisecond by shard, and then as their shard took them', () => {
    const time = new Timeline()
    time.add(report(0, 0, ['x', 0]))
    time.add(report(2, 0, ['y', 0]))
    time.add(report(2, 1, ['c', 5], ['d', 5]))
    expect(time.add(report(0, 1, ['a', 5], ['b', 5]))).toEqual(['y a b c d'])
  })

  it('does not wait for a shard that said that it has nobody', () => {
    const time = new Timeline()
    time.add(report(0, 0, ['a', 1]))
    time.add(report(1, 0, ['b', 1]))
    time.add(report(1, 1))
    expect(time.add(report(0, 1, ['c', 1]))).toEqual(['b c'])
    expect(time.add(report(0, 2, ['d', 1]))).toEqual(['d'])
    expect(time.add(report(0, 3))).toEqual([])
    expect(time.windows.nextDeadlineMs()).toBeNull()
  })

  it('waits for a shard that has died until its lateness is over, and only once', () => {
    const time = new Timeline()
    time.add(report(0, 0, ['a', 1]))
    time.add(report(1, 0, ['b', 1]))
    expect(time.add(report(0, 1, ['c', 1]))).toEqual([])
    const deadlineMs = windowEndMs(W0 + 1) + JOIN_LATENESS_MS
    expect(time.windows.nextDeadlineMs()).toBe(deadlineMs)
    expect(time.sealAt(deadlineMs - 1)).toEqual([])
    expect(time.sealAt(deadlineMs)).toEqual(['b c'])
    expect(time.add(report(0, 2, ['d', 1]))).toEqual(['d'])
  })

  it('INV-3: takes who comes late with the next one, and loses nobody', () => {
    const time = new Timeline()
    time.add(report(0, 0, ['a', 1]))
    time.add(report(1, 0, ['b', 1]))
    time.add(report(0, 1, ['c', 1]))
    time.sealAt(windowEndMs(W0 + 1) + JOIN_LATENESS_MS)
    expect(time.add(report(1, 1, ['late', 1]), 10_000)).toEqual(['late'])
  })

  it('of two reports of a shard the later may come first', () => {
    const time = new Timeline()
    time.add(report(0, 0, ['a', 1]))
    expect(time.add(report(0, 2, ['c', 1]))).toEqual([])
    expect(time.add(report(0, 1, ['b', 1]), JOIN_WINDOW_MS + 50)).toEqual(['b', 'c'])
  })

  it('INV-4: a report that comes twice is two reports for a line that knows its visitors', () => {
    const time = new Timeline()
    const once = report(0, 0, ['a', 1])
    expect(time.add(once)).toEqual(['a'])
    time.add(once, 60)
    expect(time.add(report(0, 1, ['b', 1]))).toEqual(['a b'])
  })

  it('a clock that is ahead holds nobody up, and gains nothing', () => {
    const time = new Timeline()
    time.add(report(0, 0, ['a', 1]))
    time.add(report(1, 0, ['b', 1]))
    const aheadMs = 3_600_000
    const ahead = report(1, 1 + aheadMs / JOIN_WINDOW_MS, ['fast', 0])
    const nowMs = windowEndMs(W0 + 1) + 20
    time.windows.add(ahead, 'block', nowMs)
    // It promised the window after this one, so that one has the usual lateness and no more.
    time.add(report(0, 1, ['c', 100]))
    const sealed = time.sealAt(nowMs + JOIN_WINDOW_MS + JOIN_LATENESS_MS).join(' ')
    expect(sealed.split(' ').toSorted()).toEqual(['b', 'c', 'fast'])
    expect(sealed.indexOf('fast')).toBeGreaterThan(sealed.indexOf('c'))
  })

  it('a clock that is behind holds nobody up, and an arrival long ago counts as now', () => {
    const time = new Timeline()
    time.add(report(0, 0, ['a', 1]))
    const nowMs = windowEndMs(W0) + 60
    time.windows.add(report(1, -40_000, ['slow', 0]), 'block', nowMs)
    expect(time.sealAt(nowMs)).toEqual([])
    expect(time.add(report(0, 1, ['b', 0]))).toEqual(['b slow'])
    expect(time.windows.nextDeadlineMs()).toBe(windowEndMs(W0 + 2) + JOIN_LATENESS_MS)
  })
})
