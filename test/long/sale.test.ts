/** An hour of sale with a hundred thousand visitors: nothing grows, nothing is left behind. */
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { startRedis, type TestRedis } from '../support/redis.ts'
import { expectNothingLeftBehind } from './expectations.ts'
import { printReport, runSale } from './run-sale.ts'

const SIZE = { visitors: 100_000, saleSeconds: 3_600, capacity: 2_500 }
/** After it, what the process keeps for good (compiled code, connections) is there. */
const WARM_UP = { visitors: 2_000, saleSeconds: 300, capacity: 200 }
/** A hundred bytes for each visitor would show. What is there is the rank index, and noise of some MB. */
const HEAP_GROWTH_MB_MAX = 9

let redis: TestRedis

beforeAll(async () => {
  // The line logs its throughput each second.
  vi.spyOn(console, 'info').mockImplementation(() => {})
  redis = await startRedis('embedded')
})

afterAll(() => redis.stop())

it('INV-1: sells to a hundred thousand, and leaves no lease, no key, no row and no memory behind', async () => {
  await runSale(redis, WARM_UP)
  const report = await runSale(redis, SIZE)
  printReport(report)
  expectNothingLeftBehind(report, SIZE)
  expect(report.heap.after - report.heap.before).toBeLessThan(HEAP_GROWTH_MB_MAX)
})
