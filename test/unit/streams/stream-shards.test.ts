import { describe, expect, it } from 'vitest'
import { HEARTBEAT_MS, SHARD_SILENT_MS } from '../../../src/core/limits.ts'
import { leave } from '../../../src/core/line-visitors.ts'
import { lineWith, promote } from '../core/fixtures.ts'
import { ShardWorld } from './shard-world.ts'

describe('a stream at a shard', () => {
  it('shows what a stream at the line shows: the first position at once, each change by the tick', async () => {
    const world = new ShardWorld()
    world.joinAll('zoe', 'ann')
    const ann = await world.open(world.shard(), 'ann')
    await world.pass(250)
    expect(ann.positions).toEqual([2])
    leave(world.line, 'zoe', world.nowMs)
    await world.pass(1_000)
    expect(ann.positions).toEqual([2, 1])
  })

  it('hears of its admission at once, not with the next tick', async () => {
    const world = new ShardWorld()
    world.joinAll('ann')
    const ann = await world.open(world.shard(), 'ann')
    await world.pass(1_000)
    promote(world.line, world.nowMs)
    world.announce({ kind: 'admitted', userId: 'ann' })
    await world.pass(0)
    expect(ann.count('promotion')).toBe(1)
    await world.pass(60_000)
    expect(ann.count('promotion')).toBe(1)
  })

  it('joins, and is refused, as a stream at the line does', async () => {
    const world = new ShardWorld()
    const shard = world.shard()
    expect(await shard.open('nobody', false, false)).toMatchObject({ error: { reason: 'not-in-queue' } })
    const ann = await world.open(shard, 'ann', true)
    await world.pass(250)
    expect(ann.positions).toEqual([1])
    expect(world.line.waiting.presentCount).toBe(1)
  })

  it('ends with its place, and says how', async () => {
    const world = new ShardWorld()
    world.joinAll('ann')
    const ann = await world.open(world.shard(), 'ann')
    world.announce(...leave(world.line, 'ann', world.nowMs).notices)
    await world.pass(1_000)
    expect([ann.endReason, ann.isOver, world.streams.size]).toEqual(['left', true, 0])
  })

  it('is about the new place, and its presence, from the moment in which its visitor joins anew', async () => {
    const world = new ShardWorld()
    world.joinAll('ann')
    const ann = await world.open(world.shard(), 'ann')
    await world.pass(1_000)
    // The shard did not hear of the end, and asks for those inside twice a minute only.
    promote(world.line, world.nowMs)
    world.announce({ kind: 'admitted', userId: 'ann' })
    await world.pass(1_000)
    leave(world.line, 'ann', world.nowMs)
    world.joinAll('bob', 'ann')
    world.streams.joined('ann')
    await world.pass(0)
    expect(ann.positions).toEqual([1, 2])
    await world.pass(20_000)
    expect(world.line.waiting.get('ann')?.absentSinceMs).toBeNull()
  })

  it('is ended when the event is gone', async () => {
    const world = new ShardWorld()
    world.joinAll('ann')
    const ann = await world.open(world.shard(), 'ann')
    world.streams.endAll('closed')
    await world.pass(1_000)
    expect([ann.endReason, ann.isOver]).toEqual(['closed', true])
  })

  it('hears of a new status at once', async () => {
    const world = new ShardWorld()
    world.joinAll('ann')
    const ann = await world.open(world.shard(), 'ann')
    await world.pass(1_000)
    world.line.event = { ...world.line.event, status: 'paused' }
    world.announce({ kind: 'status_changed', status: 'paused' })
    await world.pass(0)
    expect(ann.text).toContain('"status":"paused"')
  })

  it('lives as long as one at the line, and leaves its visitor present for the time of a reconnect', async () => {
    const world = new ShardWorld()
    world.joinAll('ann')
    const ann = await world.open(
      world.shard(() => 20_000),
      'ann',
    )
    await world.pass(22_000)
    expect([ann.isOver, ann.endReason, world.line.waiting.presentCount]).toEqual([true, null, 1])
    await world.pass(12_000)
    expect([world.line.waiting.size, world.line.waiting.presentCount]).toEqual([1, 0])
  })

  it('counts its frames among those of the line', async () => {
    const world = new ShardWorld()
    world.joinAll('ann')
    await world.open(world.shard(), 'ann')
    await world.pass(3_000)
    expect(world.meters.snapshot('demo', {} as never).counters.stream_frames_total).toBeGreaterThanOrEqual(2)
  })
})

describe('how often a position is told', () => {
  const POSITIONS = [1_000, 10_000, 50_000] as const

  it('INV-8: near each second, further back every 2 and every 5; none grows, and the last is the truth', async () => {
    const world = new ShardWorld(lineWith({ disconnectGraceSeconds: 3_600 }))
    const userIds = Array.from({ length: 60_000 }, (_, index) => `user-${index}`)
    world.joinAll(...userIds)
    const shard = world.shard()
    const clients = await Promise.all(
      POSITIONS.map((position) => world.open(shard, userIds[position - 1] ?? '')),
    )
    await world.pass(250)
    for (let second = 0; second < 30; second += 1) {
      leave(world.line, userIds[second] ?? '', world.nowMs)
      await world.pass(1_000)
    }
    for (const { positions } of clients) {
      expect(positions).toEqual(positions.toSorted((a, b) => b - a))
    }
    const told = clients.map(({ positions }) => positions.length - 1)
    expect(told[0]).toBeGreaterThanOrEqual(29)
    expect(told[1]).toBeGreaterThanOrEqual(14)
    expect(told[1]).toBeLessThanOrEqual(16)
    expect(told[2]).toBeGreaterThanOrEqual(5)
    expect(told[2]).toBeLessThanOrEqual(7)
    await world.pass(5_000)
    expect(clients.map(({ positions }) => positions.at(-1))).toEqual(
      POSITIONS.map((position) => position - 30),
    )
  })
})

describe('a visitor with several streams', () => {
  it('keeps the newest, wherever it is; the others are told that they were replaced', async () => {
    const world = new ShardWorld()
    world.joinAll('ann')
    const [one, two] = [world.shard(), world.shard()]
    const clients = []
    for (const holder of [one, one, two, world.streams, two]) {
      clients.push(await world.open(holder, 'ann'))
      await world.pass(1_000)
    }
    await world.pass(2_000)
    expect(clients.map(({ endReason }) => endReason)).toEqual([
      'replaced',
      'replaced',
      'replaced',
      'replaced',
      null,
    ])
    expect([world.streams.size, one.size, two.size]).toEqual([1, 0, 1])
    expect(world.line.waiting.presentCount).toBe(1)
  })
})

describe('a shard that is gone', () => {
  it('has lost its streams after five seconds: its visitors are absent, and keep their places', async () => {
    const world = new ShardWorld()
    world.joinAll('ann', 'bob')
    const { shard, kill } = world.mortalShard()
    await world.open(shard, 'ann')
    await world.pass(60_000)
    expect(world.line.waiting.get('ann')?.absentSinceMs).toBeNull()
    kill()
    await world.pass(SHARD_SILENT_MS + 2_000)
    expect(world.streams.size).toBe(0)
    expect(world.line.waiting.get('ann')?.absentSinceMs).not.toBeNull()
    const ann = await world.open(world.shard(), 'ann')
    await world.pass(250)
    expect(ann.positions).toEqual([1])
    expect(world.line.waiting.get('ann')?.absentSinceMs).toBeNull()
  })

  it('takes nothing from a visitor who has come back to another one meanwhile', async () => {
    const world = new ShardWorld()
    world.joinAll('ann')
    const { shard, kill } = world.mortalShard()
    await world.open(shard, 'ann')
    await world.pass(1_000)
    kill()
    await world.open(world.shard(), 'ann')
    await world.pass(SHARD_SILENT_MS + 2_000)
    expect([world.streams.size, world.line.waiting.presentCount]).toEqual([1, 1])
  })
})

describe('a line that starts again', () => {
  it('INV-9: hears of all streams from their shards; no client notices, and each keeps its place', async () => {
    const world = new ShardWorld()
    world.joinAll('zoe', 'ann', 'bob')
    const shards = [world.shard(), world.shard()] as const
    const clients = [await world.open(shards[0], 'ann'), await world.open(shards[1], 'bob')]
    await world.pass(2_000)
    world.restartLine()
    await world.pass(5_000)
    expect(world.streams.size).toBe(2)
    leave(world.line, 'zoe', world.nowMs)
    await world.pass(60_000)
    expect(world.line.waiting.presentCount).toBe(2)
    expect(clients.map(({ positions }) => positions)).toEqual([
      [2, 1],
      [3, 2],
    ])
    expect(clients.map(({ isOver }) => isOver)).toEqual([false, false])
  })

  it('that is away for a while finds the streams open, with their heartbeats; who hung up meanwhile is absent', async () => {
    const world = new ShardWorld()
    world.joinAll('ann')
    const shard = world.shard()
    const ann = await world.open(shard, 'ann')
    await world.pass(1_000)
    const before = ann.count('heartbeat')
    world.link = 'away'
    await world.pass(4 * HEARTBEAT_MS)
    expect(ann.count('heartbeat') - before).toBeGreaterThanOrEqual(3)
    expect(world.line.waiting.get('ann')?.absentSinceMs).not.toBeNull()
    world.link = 'good'
    await world.pass(2_000)
    expect([ann.isOver, world.line.waiting.presentCount]).toEqual([false, 1])
  })
})

describe('a call whose answer is lost', () => {
  it('INV-5: takes no admission with it: the token is told again', async () => {
    const world = new ShardWorld()
    world.joinAll('ann')
    const ann = await world.open(world.shard(), 'ann')
    await world.pass(1_000)
    world.link = 'deaf'
    promote(world.line, world.nowMs)
    world.announce({ kind: 'admitted', userId: 'ann' })
    await world.pass(1_000)
    expect(ann.count('promotion')).toBe(0)
    world.link = 'good'
    await world.pass(4_000)
    expect(ann.count('promotion')).toBe(1)
  })

  it('leaves no stream behind that nobody has, and the visitor the one that is still there', async () => {
    const world = new ShardWorld()
    world.joinAll('ann', 'bob')
    const shard = world.shard()
    const bob = await world.open(shard, 'bob')
    await world.pass(1_000)
    world.link = 'deaf'
    const failed = Promise.all(
      ['ann', 'bob'].map((userId) => expect(shard.open(userId, false, false)).rejects.toThrow()),
    )
    await world.pass(6_000)
    await failed
    world.link = 'good'
    await world.pass(6_000)
    expect(world.streams.size).toBe(1)
    expect(bob.isOver).toBe(false)
    expect(world.line.waiting.get('ann')?.absentSinceMs).not.toBeNull()
    expect(world.line.waiting.get('bob')?.absentSinceMs).toBeNull()
  })
})
