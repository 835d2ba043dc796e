/** The charts against a whole sale with the real engine, rows and scripts: they add up, and an idle event costs nothing. */
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import type { Sample } from '../../src/core/line-series.ts'
import { Sale } from '../long/sale.ts'
import type { SaleLine } from '../long/sale-line.ts'
import { startRedis, type TestRedis } from '../support/redis.ts'

let redis: TestRedis

beforeAll(async () => {
  // The line logs its throughput each second.
  vi.spyOn(console, 'info').mockImplementation(() => {})
  redis = await startRedis('embedded')
})

afterAll(() => redis.stop())

/** Rows that the line has written so far, whatever became of them. */
function written({ database }: SaleLine): number {
  return database.sql.exec<{ n: number }>('SELECT total_changes() AS n').one().n
}

function sumOf(samples: readonly Sample[], field: 'joined' | 'admitted' | 'ended' | 'noShows'): number {
  return samples.reduce((sum, sample) => sum + sample[field], 0)
}

it('the charts of a sale add up to its totals, and of events without visitors nothing is written or kept awake', async () => {
  const sale = new Sale(redis, { visitors: 900, saleSeconds: 300, capacity: 90 })
  await sale.open()
  await sale.sell()
  // The last steps are saved, and what is owed is told.
  await sale.idle(2)
  for (const line of sale.lines) {
    const samples = line.records.samplesSince(0)
    expect(samples.map(({ atMs }) => atMs)).toEqual([...new Set(samples.map(({ atMs }) => atMs))].toSorted())
    expect(sumOf(samples, 'joined')).toBe(line.state.joinedTotal)
    expect(sumOf(samples, 'admitted')).toBe(line.state.admittedTotal)
    expect(sumOf(samples, 'ended')).toBe(line.state.admittedTotal)
    expect(sumOf(samples, 'noShows')).toBe(await line.counter('no_shows_total'))
    expect(sumOf(samples, 'noShows')).toBeGreaterThan(0)
    expect(samples.at(-1)).toMatchObject({ waiting: 0, inside: 0, capacity: 90 })
    expect(samples.some(({ waitSecondsP95 }) => (waitSecondsP95 ?? 0) > 0)).toBe(true)
  }

  const before = sale.lines.map(written)
  const alarms = sale.lines.map(({ alarmAtMs }) => alarmAtMs)
  await sale.idle(180)
  expect(sale.lines.map(written)).toEqual(before)
  expect(sale.lines.map(({ alarmAtMs }) => alarmAtMs)).toEqual(alarms)
  expect(sale.broken).toEqual([])
  for (const { database } of sale.lines) database.close()
}, 60_000)
