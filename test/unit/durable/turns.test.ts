/** Who decides when: at once when nobody else does, together in a rush. */
import { beforeEach, describe, expect, it } from 'vitest'
import { Turns } from '../../../src/durable/turns.ts'

const EVERY_MS = 5

let nowMs: number
let timers: { readonly atMs: number; readonly go: () => void }[]
let turns: Turns
/** When each caller's turn came. */
let decidedAtMs: number[]

beforeEach(() => {
  nowMs = 1_000
  timers = []
  decidedAtMs = []
  turns = new Turns({
    nowMs: () => nowMs,
    wait: (ms) => new Promise((go) => timers.push({ atMs: nowMs + ms, go })),
    everyMs: EVERY_MS,
  })
})

function decide(): void {
  void turns.turn().then(() => decidedAtMs.push(nowMs))
}

async function pass(ms: number): Promise<void> {
  for (const endMs = nowMs + ms; nowMs < endMs;) {
    await new Promise((resolve) => setImmediate(resolve))
    nowMs += 1
    for (const timer of timers.filter(({ atMs }) => atMs <= nowMs)) timer.go()
    timers = timers.filter(({ atMs }) => atMs > nowMs)
  }
  await new Promise((resolve) => setImmediate(resolve))
}

describe('a decision', () => {
  it('after a pause is made at once', async () => {
    decide()
    await pass(EVERY_MS)
    decide()
    await pass(1)
    expect(decidedAtMs).toEqual([1_000, 1_005])
  })

  it('in a rush waits for the next turn, one timer for all, and no longer than a turn', async () => {
    for (let ms = 0; ms < 3; ms += 1) {
      decide()
      decide()
      await pass(1)
    }
    expect(timers).toHaveLength(1)
    await pass(EVERY_MS)
    expect(decidedAtMs).toEqual([1_000, 1_005, 1_005, 1_005, 1_005, 1_005])
  })

  it('has its turns so far apart as long as the rush lasts', async () => {
    for (let ms = 0; ms < 20; ms += 1) {
      decide()
      await pass(1)
    }
    await pass(EVERY_MS)
    expect([...new Set(decidedAtMs)]).toEqual([1_000, 1_005, 1_010, 1_015, 1_020])
  })

  it('does not wait for a clock that was set back', async () => {
    decide()
    nowMs -= 10_000
    decide()
    await pass(1)
    expect(decidedAtMs).toHaveLength(2)
  })
})
