import { afterEach, describe, expect, it, vi } from 'vitest'
import { err, ok } from '../../../src/core/result.ts'
import { mapBounded, withTimeout } from '../../../src/bounded.ts'
import { objectCaller } from '../../../src/object-caller.ts'
import { Overloaded } from '../../../src/ports/overloaded.ts'
import type { LineApi } from '../../../src/ports/lines.ts'
import { watchEvents } from '../../../src/scheduled.ts'

afterEach(() => {
  vi.useRealTimers()
})

function watchdogOver(lines: Record<string, LineApi['watch']>) {
  const retired: string[] = []
  const logged: string[] = []
  const keep = (event: string, fields: object = {}): void =>
    void logged.push(JSON.stringify({ event, ...fields }))
  const unknown: LineApi['watch'] = async () => err({ reason: 'event-not-found' })
  return {
    retired,
    logged,
    deps: {
      registry: {
        activeEventIds: async () => Object.keys(lines),
        retire: async (eventIds: readonly string[]) => void retired.push(...eventIds),
      },
      line: (eventId: string) => ({ watch: lines[eventId] ?? unknown }),
      log: { info: keep, warn: keep, error: keep },
    },
  }
}

describe('the watchdog', () => {
  it('calls every active line with the time of the round and retires those that are done', async () => {
    const watch = vi.fn<LineApi['watch']>(async () => ok({ active: true }))
    const { deps, retired, logged } = watchdogOver({
      a: watch,
      b: async () => ok({ active: false }),
      c: watch,
    })
    await watchEvents(deps, 60_000)
    expect(watch.mock.calls).toEqual([[60_000], [60_000]])
    expect(retired).toEqual(['b'])
    expect(logged).toEqual([])
  })

  it('goes on past lines that fail or are not created yet, keeps them, and tells of them in one line', async () => {
    const { deps, retired, logged } = watchdogOver({
      broken: () => Promise.reject(new Error('gone')),
      unborn: async () => err({ reason: 'event-not-found' }),
      done: async () => ok({ active: false }),
    })
    await watchEvents(deps, 0)
    expect(retired).toEqual(['done'])
    expect(logged).toHaveLength(1)
    expect(JSON.parse(logged[0] ?? '')).toMatchObject({
      event: 'watch_failed',
      failed: ['broken: Error', 'unborn: event-not-found'],
    })
  })

  it('does not wait for ever for a line that does not answer', async () => {
    vi.useFakeTimers()
    const { deps, retired, logged } = watchdogOver({
      silent: () => new Promise(() => {}),
      done: async () => ok({ active: false }),
    })
    const round = watchEvents(deps, 0)
    await vi.advanceTimersByTimeAsync(10_000)
    await round
    expect(retired).toEqual(['done'])
    expect(logged.join()).toContain('silent: TimedOut')
  })

  it('has at most fifty calls under way', async () => {
    let underWay = 0
    let most = 0
    const watch: LineApi['watch'] = async () => {
      underWay += 1
      most = Math.max(most, underWay)
      await Promise.resolve()
      underWay -= 1
      return ok({ active: true })
    }
    const { deps } = watchdogOver(
      Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`e${index}`, watch])),
    )
    await watchEvents(deps, 0)
    expect(most).toBe(50)
  })
})

describe('bounded work', () => {
  it('keeps the order of the items whatever finishes first', async () => {
    const doubled = await mapBounded([3, 1, 2], 2, async (n) => {
      for (let turn = 0; turn < n; turn += 1) await Promise.resolve()
      return n * 2
    })
    expect(doubled).toEqual([6, 2, 4])
    expect(await mapBounded([], 2, async () => 1)).toEqual([])
  })

  it('passes on what the work answers or throws in time', async () => {
    expect(await withTimeout(Promise.resolve(1), 10)).toBe(1)
    await expect(withTimeout(Promise.reject(new Error('own')), 10)).rejects.toThrow('own')
  })
})

describe('a call to an object', () => {
  const failure = (mark: object) => Object.assign(new Error('platform'), mark)
  const failing = (errors: Error[]) => {
    let calls = 0
    const call = async (): Promise<string> => {
      calls += 1
      const error = errors.shift()
      if (error !== undefined) throw error
      return 'done'
    }
    return { call, calls: () => calls }
  }
  const ask = objectCaller(() => null)

  it('that lost its object is repeated once, where that is harmless', async () => {
    const once = failing([failure({ retryable: true })])
    expect(await ask('repeat', once.call)).toBe('done')
    const twice = failing([failure({ retryable: true }), failure({ retryable: true })])
    await expect(ask('repeat', twice.call)).rejects.toThrow('platform')
    expect(twice.calls()).toBe(2)
    const never = failing([failure({ retryable: true })])
    await expect(ask('never', never.call)).rejects.toThrow('platform')
    expect(never.calls()).toBe(1)
  })

  it('that the object was too busy for is not repeated, and says so', async () => {
    const busy = failing([failure({ retryable: true, overloaded: true })])
    await expect(ask('repeat', busy.call)).rejects.toBeInstanceOf(Overloaded)
    expect(busy.calls()).toBe(1)
    const late = failing([failure({ retryable: true }), failure({ overloaded: true })])
    await expect(ask('repeat', late.call)).rejects.toBeInstanceOf(Overloaded)
  })

  it('that fails otherwise is not repeated', async () => {
    const broken = failing([new Error('bug')])
    await expect(ask('repeat', broken.call)).rejects.toThrow('bug')
    expect(broken.calls()).toBe(1)
  })
})
