import { describe, expect, it } from 'vitest'
import { CallLane } from '../../../src/call-lane.ts'
import { LanesByLine } from '../../../src/line-lanes.ts'
import { Overloaded } from '../../../src/ports/overloaded.ts'

/** A call that ends when the test says so. */
function openCall() {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let isStarted = false
  const call = (): Promise<string> => {
    isStarted = true
    return promise
  }
  return { call, resolve, reject, isStarted: () => isStarted }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('a lane', () => {
  it('lets its width through at once, and the others in the order of their arrival', async () => {
    const lane = new CallLane({ width: 2, waiting: 10, waitMs: 60_000 })
    const calls = Array.from({ length: 4 }, openCall)
    const answers = calls.map(({ call }) => lane.run(call))
    await settled()
    expect(calls.map(({ isStarted }) => isStarted())).toEqual([true, true, false, false])
    calls[1]?.resolve('second')
    await settled()
    expect(calls.map(({ isStarted }) => isStarted())).toEqual([true, true, true, false])
    for (const { resolve } of calls) resolve('done')
    expect(await Promise.all(answers)).toEqual(['done', 'second', 'done', 'done'])
    expect(lane.isIdle).toBe(true)
  })

  it('refuses at once what would wait behind too many, and calls nothing for it', async () => {
    const lane = new CallLane({ width: 1, waiting: 1, waitMs: 60_000 })
    const calls = Array.from({ length: 3 }, openCall)
    const answers = calls.map(({ call }) => lane.run(call))
    await expect(answers[2]).rejects.toBeInstanceOf(Overloaded)
    for (const { resolve } of calls) resolve('done')
    expect(await Promise.all(answers.slice(0, 2))).toEqual(['done', 'done'])
    expect(calls.map(({ isStarted }) => isStarted())).toEqual([true, true, false])
  })

  it('refuses what has waited too long, and lets the next one have the turn', async () => {
    const lane = new CallLane({ width: 1, waiting: 2, waitMs: 20 })
    const first = openCall()
    const answer = lane.run(first.call)
    const late = openCall()
    await expect(lane.run(late.call)).rejects.toBeInstanceOf(Overloaded)
    const next = lane.run(async () => 'next')
    first.resolve('first')
    expect([await answer, await next, late.isStarted()]).toEqual(['first', 'next', false])
  })

  it('gives a place back when the call fails', async () => {
    const lane = new CallLane({ width: 1, waiting: 0, waitMs: 0 })
    await expect(lane.run(() => Promise.reject(new Error('lost')))).rejects.toThrow('lost')
    expect(await lane.run(async () => 'again')).toBe('again')
    expect(lane.isIdle).toBe(true)
  })
})

describe('the lanes of a line', () => {
  it('are the same while anything is under way, and forgotten after', async () => {
    const lanes = new LanesByLine()
    const busy = lanes.of('busy')
    const { call, resolve } = openCall()
    const answer = busy.joins.run(call)
    expect(lanes.of('another').joins).not.toBe(busy.joins)
    expect(lanes.of('busy')).toBe(busy)
    resolve('done')
    await answer
    lanes.of('one more')
    expect(lanes.of('busy')).not.toBe(busy)
  })

  it('keep joins and visits apart: a full lane of joins refuses no poll', async () => {
    const { joins, visits } = new LanesByLine().of('demo')
    const { call, resolve } = openCall()
    const answers = Array.from({ length: 5_000 }, () => joins.run(call).catch((error: unknown) => error))
    expect(await visits.run(async () => 'seen')).toBe('seen')
    resolve('joined')
    const refused = (await Promise.all(answers)).filter((answer) => answer instanceof Overloaded)
    expect(refused.length).toBe(5_000 - 64 - 2_048)
  })
})
