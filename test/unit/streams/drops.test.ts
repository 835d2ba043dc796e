/** `drop` events, at the line and at its shards. */
import { describe, expect, it } from 'vitest'
import type { DropNews } from '../../../src/core/drop-news.ts'
import { lineWith, promote } from '../core/fixtures.ts'
import { ShardWorld, type Client } from './shard-world.ts'

function told({ text }: Client): string[] {
  const data = Array.from(text.matchAll(/event: drop\ndata: (.*)\n/g), ([, json = '']) => JSON.parse(json))
  return data.map(({ dropId, status, epoch }) => `${dropId} ${status} ${epoch}`)
}

function news(status: DropNews['status'], epoch = 1): DropNews {
  return { dropId: 'coupons', status, epoch, atMs: epoch }
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
  it('tells everybody, inside or waiting, within two seconds that a drop is sold out and open again, each once', async () => {
    const { world, ann, bob } = await listeners(where)
    world.streams.dropChanged(news('sold_out'))
    world.streams.dropChanged(news('sold_out'))
    await world.pass(2_000)
    expect([told(ann), told(bob)]).toEqual([['coupons sold_out 1'], ['coupons sold_out 1']])
    world.streams.dropChanged(news('open', 2))
    await world.pass(2_000)
    await world.pass(10_000)
    expect(told(bob)).toEqual(['coupons sold_out 1', 'coupons open 2'])
    expect(told(ann)).toEqual(told(bob))
  })

  it('shows who comes back how the drops stand by now', async () => {
    const { world, holder } = await listeners(where)
    world.streams.dropChanged(news('open'))
    world.streams.dropChanged(news('sold_out'))
    await world.pass(2_000)
    const again = await world.open(holder, 'bob')
    await world.pass(1_000)
    expect(told(again)).toEqual(['coupons sold_out 1'])
  })
})
