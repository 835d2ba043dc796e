/** The short form of `npm run test:scale`: a rush through 64 shards, and what is left of the order in which people came. */
import { expect, it } from 'vitest'
import { joinRush, RUSH, waitQuantileMs } from '../scale/join-rush.ts'
import { quantileOf } from '../scale/order.ts'

const JOINS = 40_000

it('INV-3, INV-4: a rush through the shards loses nobody, takes nobody twice, and leaves no gap', async () => {
  const { acknowledged, refused, order, line } = await joinRush({
    ...RUSH,
    joins: JOINS,
    seconds: 20,
    seed: 7,
  })
  expect({ acknowledged, refused, faults: order.faults() }).toEqual({
    acknowledged: JOINS,
    refused: 0,
    faults: 0,
  })
  expect([line.waiting.size, line.joinedTotal]).toEqual([JOINS, JOINS])
})

it('99 of 100 are overtaken by nobody who came more than 0.3 s later, nobody by more than the slowest call', async () => {
  const { order, waits } = await joinRush({ ...RUSH, joins: JOINS, seconds: 20, seed: 8 })
  const inversionsMs = order.inversionsMs()
  expect(quantileOf(inversionsMs, 0.99)).toBeLessThanOrEqual(300)
  // A call of three seconds, its window, and the one in which it was taken at last.
  expect(quantileOf(inversionsMs, 1)).toBeLessThanOrEqual(4_000)
  expect(waitQuantileMs(waits, 0.5)).toBeLessThanOrEqual(1_000)
})

it('without slow calls the order is exact to the difference of the clocks and the first window', async () => {
  const { order } = await joinRush({ ...RUSH, joins: JOINS, seconds: 20, seed: 9, stragglers: 0 })
  const inversionsMs = order.inversionsMs()
  expect(quantileOf(inversionsMs, 0.999)).toBeLessThanOrEqual(300)
  expect(quantileOf(inversionsMs, 1)).toBeLessThanOrEqual(1_000)
})
