/** What one line of a hundred thousand takes: memory for each who waits, and time for what concerns all at once. */
import { describe, expect, it } from 'vitest'
import { act } from '../../src/core/line-operator.ts'
import { restoreLine, type LineState } from '../../src/core/line-state.ts'
import { expireSilent, join } from '../../src/core/line-visitors.ts'
import type { Decision } from '../../src/core/records.ts'
import { LineStorage } from '../../src/durable/line-storage.ts'
import { lineWith, T0, tools } from '../unit/core/fixtures.ts'
import { heapMb } from './audit.ts'
import { SqliteDatabase } from './sqlite-database.ts'

const VISITORS = 100_000
const DAY_MS = 86_400_000

class MeasuredLine {
  readonly database = new SqliteDatabase()
  readonly rows = new LineStorage(this.database)
  readonly line: LineState = lineWith({ capacity: 0 })

  constructor() {
    this.rows.create()
    this.rows.apply([{ kind: 'event_saved', event: this.line.event }])
  }

  /** Decides and writes, as the engine does. Answers how long the object does nothing else. */
  ms(decide: (line: LineState) => Decision<unknown>): number {
    const startedMs = performance.now()
    this.rows.apply(decide(this.line).changes)
    return performance.now() - startedMs
  }

  joinAll(): number {
    let spentMs = 0
    for (let index = 0; index < VISITORS; index += 1) {
      spentMs += this.ms((line) => join(line, crypto.randomUUID(), T0))
    }
    return spentMs
  }
}

describe('a line of a hundred thousand', () => {
  it('takes less than a kilobyte of memory for each who waits', async () => {
    const world = new MeasuredLine()
    const beforeMb = await heapMb()
    world.joinAll()
    const bytes = (((await heapMb()) - beforeMb) * 1_048_576) / VISITORS
    console.log(`memory for each who waits: ${bytes.toFixed(0)} bytes`)
    expect(world.line.waiting.size).toBe(VISITORS)
    expect(bytes).toBeLessThan(1_024)
  })

  it('does what concerns everybody at once within the second', () => {
    const world = new MeasuredLine()
    const joinMs = world.joinAll()
    const wakeMs = elapsed(() => {
      const snapshot = world.rows.load(T0)
      if (snapshot !== null) restoreLine(snapshot, T0)
    })
    const silentMs = world.ms((line) => expireSilent(line, T0 + 31_000))
    const soldOutMs = world.ms((line) => act(line, 'sold-out', T0 + 32_000, tools))
    const portionMs = elapsed(() => world.rows.forget(T0 + DAY_MS, 1_000))
    const figures = { joinEach: joinMs / VISITORS, wakeMs, silentMs, soldOutMs, portionMs }
    console.log(
      Object.entries(figures)
        .map(([what, ms]) => `${what}: ${ms.toFixed(3)} ms`)
        .join('\n'),
    )
    expect(world.line.waiting.size).toBe(0)
    expect(portionMs).toBeLessThan(100)
    expect(Math.max(wakeMs, silentMs, soldOutMs)).toBeLessThan(1_000)
  })
})

function elapsed(work: () => void): number {
  const startedMs = performance.now()
  work()
  return performance.now() - startedMs
}
