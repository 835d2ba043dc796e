import { describe, expect, it } from 'vitest'
import { STREAM_LIFE_MS_MIN, STREAM_LIFE_MS_SPREAD, STREAM_STALLED_MS_MAX } from '../../../src/core/limits.ts'
import { expireSilent, join, leave } from '../../../src/core/line-visitors.ts'
import { LineMeters } from '../../../src/durable/line-meters.ts'
import { LineStreams, type LineStreamsDeps } from '../../../src/durable/line-streams.ts'
import { lineWith, promote, T0 } from '../core/fixtures.ts'

const LIFE_MS = 20_000

/** A line with its streams and a clock; nothing is written, and nobody is admitted but by the test. */
class World {
  nowMs = T0
  skipped = 0
  readonly line = lineWith({ capacity: 1 })
  readonly streams: LineStreams

  constructor(options: Partial<LineStreamsDeps> = {}) {
    this.streams = new LineStreams({
      line: () => this.line,
      nowMs: () => this.nowMs,
      wait: async () => {},
      commit: () => {},
      rows: { latestPlace: () => null },
      meters: this.#meters(),
      ...options,
    })
  }

  #meters(): LineMeters {
    const meters = new LineMeters()
    meters.count = (name) => {
      if (name === 'stream_frames_skipped_total') this.skipped += 1
    }
    return meters
  }

  open(userId: string): ReadableStream<Uint8Array> {
    if (this.line.ledger.ofUser(userId) === undefined) join(this.line, userId, this.nowMs)
    const opened = this.streams.open(userId, false, false)
    if (!opened.ok) throw new Error(opened.error.reason)
    return opened.value
  }

  /** Ticks as the line does, each second. */
  async pass(ms: number): Promise<void> {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs;) {
      this.nowMs += 1_000
      expireSilent(this.line, this.nowMs)
      await this.streams.tick(this.nowMs)
    }
  }
}

/** Milliseconds until a reader that takes nothing has no room for more. */
async function untilStalled(world: World): Promise<number> {
  const startedAtMs = world.nowMs
  while (world.skipped === 0) await world.pass(1_000)
  return world.nowMs - startedAtMs
}

/** All that comes until the stream ends. */
async function textOf(body: ReadableStream<Uint8Array>): Promise<string> {
  return new Response(body).text()
}

describe('the life of a stream', () => {
  it('ends without an `end` event, so that the client comes back, and soon', async () => {
    const world = new World({ streamLifeMs: () => LIFE_MS })
    const text = textOf(world.open('ann'))
    await world.pass(LIFE_MS - 1_000)
    expect(world.streams.size).toBe(1)
    await world.pass(1_000)
    expect(world.streams.size).toBe(0)
    expect(await text).not.toContain('event: end')
    const retryMs = Number(/retry: (\d+)\n$/.exec(await text)?.[1])
    expect(retryMs).toBeGreaterThanOrEqual(500)
    expect(retryMs).toBeLessThanOrEqual(2_000)
  })

  it('keeps the visitor present for the time of a reconnect: who is next goes in, and is told on coming back', async () => {
    const world = new World({ streamLifeMs: () => LIFE_MS })
    void textOf(world.open('ann'))
    await world.pass(LIFE_MS)
    await world.pass(2_000)
    expect(world.line.waiting.presentCount).toBe(1)
    expect(promote(world.line, world.nowMs).map(({ userId }) => userId)).toEqual(['ann'])
    const back = textOf(world.open('ann'))
    world.streams.endAll('closed')
    expect(await back).toContain('event: promotion')
  })

  it('is over for a visitor who does not come back: absent when a poll would have run out', async () => {
    const world = new World({ streamLifeMs: () => LIFE_MS })
    void textOf(world.open('ann'))
    await world.pass(LIFE_MS + 12_000)
    expect([world.line.waiting.size, world.line.waiting.presentCount]).toEqual([1, 0])
  })

  it('is five to ten minutes, and not the same for all', async () => {
    const world = new World()
    const streams = Array.from({ length: 40 }, (_, index) => textOf(world.open(`user-${index}`)))
    await world.pass(STREAM_LIFE_MS_MIN - 1_000)
    expect(world.streams.size).toBe(40)
    await world.pass(STREAM_LIFE_MS_SPREAD / 2)
    expect(world.streams.size).toBeGreaterThan(5)
    expect(world.streams.size).toBeLessThan(35)
    await world.pass(STREAM_LIFE_MS_SPREAD / 2 + 2_000)
    expect(world.streams.size).toBe(0)
    await Promise.all(streams)
  })
})

describe('a reader that takes nothing', () => {
  it('costs no more than its buffer, and is dropped as somebody who is not there', async () => {
    const world = new World({ streamLifeMs: () => Infinity })
    const body = world.open('ann')
    await untilStalled(world)
    await world.pass(STREAM_STALLED_MS_MAX - 1_000)
    expect([world.streams.size, world.line.waiting.presentCount]).toEqual([1, 1])
    await world.pass(1_000)
    expect([world.streams.size, world.line.waiting.presentCount]).toEqual([0, 0])
    await expect(textOf(body)).rejects.toThrow('stream stalled')
  })

  it('that begins to read again in time is shown what is true then', async () => {
    const world = new World({ streamLifeMs: () => Infinity })
    join(world.line, 'zoe', T0)
    const body = world.open('ann')
    await untilStalled(world)
    leave(world.line, 'zoe', world.nowMs)
    await world.pass(STREAM_STALLED_MS_MAX - 2_000)
    const text = textOf(body)
    // The stream takes what waits in turns of its own.
    await new Promise((resolve) => setImmediate(resolve))
    await world.pass(1_000)
    world.streams.endAll('closed')
    const positions = [...(await text).matchAll(/"position":(\d+),/g)].map(([, position]) => Number(position))
    expect(positions).toEqual([2, 1])
  })

  it('is not taken for somebody on the way back when its life ends', async () => {
    const stalledAfterMs = await (async () => {
      const world = new World({ streamLifeMs: () => Infinity })
      world.open('ann')
      return untilStalled(world)
    })()
    const world = new World({ streamLifeMs: () => stalledAfterMs + 5_000 })
    world.open('ann')
    await world.pass(stalledAfterMs + 5_000)
    expect([world.streams.size, world.line.waiting.presentCount]).toEqual([0, 0])
  })
})

describe('more streams than a line can write to', () => {
  it('are refused with a time to come back, but never the second stream of somebody who has one', () => {
    const world = new World({ streamsMax: 2 })
    for (const userId of ['ann', 'bob', 'bob']) world.open(userId)
    join(world.line, 'cid', T0)
    const refused = world.streams.open('cid', false, false)
    expect(refused).toMatchObject({ ok: false, error: { reason: 'overloaded' } })
    expect(world.streams.size).toBe(2)
  })
})
