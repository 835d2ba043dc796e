/** A few minutes of sale with the real scripts, engine, rows and promotion: `npm run test:long` runs an hour of it. */
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { expectNothingLeftBehind } from '../long/expectations.ts'
import { runSale } from '../long/run-sale.ts'
import { startRedis, type TestRedis } from '../support/redis.ts'

const SIZE = { visitors: 2_000, saleSeconds: 300, capacity: 200 }

let redis: TestRedis

beforeAll(async () => {
  // The line logs its throughput each second.
  vi.spyOn(console, 'info').mockImplementation(() => {})
  redis = await startRedis('embedded')
})

afterAll(() => redis.stop())

it('INV-1: sells to two thousand in five minutes, and leaves no lease, no key and no row behind', async () => {
  const report = await runSale(redis, SIZE)
  expectNothingLeftBehind(report, SIZE)
  expect(report.peak.waiting).toBeGreaterThan(200)
  expect(report.totals.noShows).toBeGreaterThan(0)
  expect(report.totals.silent).toBeGreaterThan(0)
}, 60_000)
