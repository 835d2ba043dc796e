import { describe, expect, it } from 'vitest'
import { windowAt, windowEndMs, type JoinReport } from '../../../src/core/join-windows.ts'
import { JOIN_LATENESS_MS } from '../../../src/core/limits.ts'
import type { LineState } from '../../../src/core/line-state.ts'
import type { Change } from '../../../src/core/records.ts'
import { BlockJoins } from '../../../src/durable/block-joins.ts'
import { lineWith, T0 } from '../core/fixtures.ts'

const W0 = windowAt(T0)

class World {
  line: LineState | null = lineWith()
  nowMs = windowEndMs(W0) + 40
  readonly commits: Change[][] = []
  created = 0
  #waiting: { atMs: number; go: () => void }[] = []
  readonly blocks = new BlockJoins({
    line: () => this.line,
    nowMs: () => this.nowMs,
    wait: (ms) => new Promise((go) => void this.#waiting.push({ atMs: this.nowMs + ms, go })),
    commit: ({ changes }) => void this.commits.push([...changes]),
    background: (work) => void work,
    joined: (created) => void (this.created += created),
    admit: async () => {},
  })

  async pass(ms: number): Promise<void> {
    this.nowMs += ms
    const due = this.#waiting.filter(({ atMs }) => atMs <= this.nowMs)
    this.#waiting = this.#waiting.filter(({ atMs }) => atMs > this.nowMs)
    for (const { go } of due) go()
    await new Promise((resolve) => setImmediate(resolve))
  }
}

function report(shard: number, nth: number, ...userIds: string[]): JoinReport {
  const window = W0 + nth
  const startMs = windowEndMs(window - 1)
  return {
    shard,
    window,
    joiners: userIds.map((userId, index) => ({ userId, arrivedAtMs: startMs + 10 * index + shard })),
  }
}

async function numbers(told: ReturnType<BlockJoins['report']>): Promise<(number | string)[]> {
  const answers = await told
  if (!answers.ok) return [answers.error.reason]
  return answers.value.map((answer) => (answer.ok ? answer.value.place.joinNumber : answer.error.reason))
}

describe('the joins of several shards', () => {
  it('INV-4: are one decision of contiguous numbers in the order of arrival', async () => {
    const world = new World()
    await world.blocks.report(report(0, 0, 'a'))
    const late = numbers(world.blocks.report(report(1, 0, 'b')))
    await world.pass(250)
    const first = numbers(world.blocks.report(report(0, 1, 'c', 'e')))
    const second = numbers(world.blocks.report(report(1, 1, 'd', 'f')))
    // `b` was late for the first window, and came before all of the second.
    expect([await late, await first, await second]).toEqual([[2], [3, 5], [4, 6]])
    expect(world.commits.map((changes) => changes.length)).toEqual([1, 5])
    expect(world.created).toBe(6)
  })

  it('INV-4: who has a place keeps it, whatever shard asks', async () => {
    const world = new World()
    expect(await numbers(world.blocks.report(report(0, 0, 'a', 'b')))).toEqual([1, 2])
    const again = world.blocks.report(report(1, 0, 'b', 'a'))
    await world.pass(1_000)
    expect(await numbers(again)).toEqual([2, 1])
    expect(world.created).toBe(2)
  })

  it('are joined by the clock when a shard has died', async () => {
    const world = new World()
    await world.blocks.report(report(0, 0, 'a'))
    void world.blocks.report(report(1, 0, 'b'))
    const waiting = numbers(world.blocks.report(report(1, 1, 'c')))
    await world.pass(JOIN_LATENESS_MS + 249)
    await world.pass(1)
    expect(await waiting).toEqual([3])
  })

  it('are refused as the line refuses, and told so when the event is gone meanwhile', async () => {
    const world = new World()
    world.line = lineWith({ queueing: 'reject' })
    expect(await numbers(world.blocks.report(report(0, 0, 'a')))).toEqual(['queue-rejecting'])
    const waiting = numbers(world.blocks.report(report(1, 0, 'b')))
    world.line = null
    await world.pass(2_000)
    expect(await waiting).toEqual(['event-not-found'])
    expect(await numbers(world.blocks.report(report(0, 1, 'c')))).toEqual(['event-not-found'])
  })
})
