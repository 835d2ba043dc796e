/** `seats` events, at the line and at its shards. */
import { describe, expect, it } from 'vitest'
import type { SeatsNews } from '../../../src/core/seats-feed.ts'
import { lineWith, promote } from '../core/fixtures.ts'
import { ShardWorld, type Client } from './shard-world.ts'

function news(previousVersion: number, version: number, seatId: string): SeatsNews {
  return { version, previousVersion, seats: [{ seatId, state: 'held' }] }
}

function seatsOf(client: Client): SeatsNews[] {
  return Array.from(client.text.matchAll(/event: seats\ndata: (.*)\n/g), ([, data = '']) => JSON.parse(data))
}

/** Ann is inside, Bob waits; both listen, at the line or at a shard. */
async function listeners(where: 'line' | 'shard') {
  const world = new ShardWorld(lineWith({ capacity: 1 }))
  world.joinAll('ann', 'bob')
  promote(world.line, world.nowMs)
  const holder = where === 'line' ? world.streams : world.shard()
  const [ann, bob] = [await world.open(holder, 'ann'), await world.open(holder, 'bob')]
  await world.pass(1_000)
  return { world, holder, ann, bob }
}

describe.each(['line', 'shard'] as const)('a stream at the %s', (where) => {
  it('tells who is inside of seats that change, by the next tick, and nobody else', async () => {
    const { world, ann, bob } = await listeners(where)
    world.streams.seatsChanged(news(4, 5, 'A-1-1'))
    await world.pass(1_000)
    expect(seatsOf(ann)).toEqual([
      {
        type: 'SEATS',
        eventId: 'demo',
        version: 5,
        previousVersion: 4,
        seats: [{ seatId: 'A-1-1', state: 'held' }],
        timestamp: expect.any(Number),
      },
    ])
    await world.pass(5_000)
    expect([seatsOf(ann).length, seatsOf(bob).length]).toEqual([1, 0])
  })

  it('tells at most once a second, and leaves out nothing', async () => {
    const { world, ann } = await listeners(where)
    for (let version = 5; version < 25; version += 1) {
      world.streams.seatsChanged(news(version - 1, version, `A-1-${version}`))
      await world.pass(250)
    }
    await world.pass(2_000)
    const told = seatsOf(ann)
    expect(told.length).toBeLessThanOrEqual(6)
    for (const [index, { previousVersion }] of told.entries())
      expect(previousVersion).toBeLessThanOrEqual(told[index - 1]?.version ?? 4)
    expect(new Set(told.flatMap(({ seats }) => seats.map(({ seatId }) => seatId))).size).toBe(20)
  })

  it('shows who comes back which map there is by now', async () => {
    const { world, holder } = await listeners(where)
    world.streams.seatsChanged(news(4, 5, 'A-1-1'))
    await world.pass(1_000)
    const again = await world.open(holder, 'ann')
    await world.pass(1_000)
    expect(seatsOf(again)).toMatchObject([{ version: 5, previousVersion: 4 }])
  })
})

describe('a shard', () => {
  it('hears again of what an answer that was lost has told', async () => {
    const { world, ann } = await listeners('shard')
    world.link = 'deaf'
    await world.pass(250)
    world.streams.seatsChanged(news(4, 5, 'A-1-1'))
    await world.pass(2_000)
    world.link = 'good'
    await world.pass(12_000)
    expect(seatsOf(ann)).toMatchObject([{ version: 5, previousVersion: 4 }])
  })
})
