/** The rows behind the charts and the exports, in the object's own database. */
import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { Sample } from '../../src/core/line-series.ts'
import type { Cell, ExportKind } from '../../src/ports/line-console.ts'
import { EXPORT_COLUMNS } from '../../src/ports/line-console.ts'
import { LineRecords } from '../../src/durable/line-records.ts'
import { LineStorage } from '../../src/durable/line-storage.ts'
import { chooseBatch, settleBatch } from '../../src/core/line-promotion.ts'
import { join, leave } from '../../src/core/line-visitors.ts'
import { counted, lineWith, T0, ticketsFor } from '../unit/core/fixtures.ts'

const STEP_MS = 10_000
const HOUR_MS = 3_600_000

let objects = 0

async function withRecords(
  test: (records: LineRecords, rows: LineStorage, sql: SqlStorage) => void,
): Promise<void> {
  objects += 1
  await runInDurableObject(env.EVENT_LINE.getByName(`records-${objects}`), (_line, { storage }) => {
    const rows = new LineStorage(storage)
    rows.create()
    test(new LineRecords(storage.sql, rows), rows, storage.sql)
  })
}

function sampleAt(atMs: number): Sample {
  return {
    atMs,
    waiting: 1,
    inside: 2,
    capacity: 3,
    streams: 4,
    joined: 5,
    admitted: 6,
    ended: 7,
    noShows: 8,
    errors: 9,
    waitSecondsP50: 1.5,
    waitSecondsP95: null,
  }
}

function exported(records: LineRecords, what: ExportKind): { rows: (readonly Cell[])[]; pages: number } {
  const rows: (readonly Cell[])[] = []
  let pages = 0
  for (let after: number | null = 0; after !== null; pages += 1) {
    const page = records.exportPage(what, after)
    rows.push(...page.rows)
    after = page.next
  }
  return { rows, pages }
}

describe('samples', () => {
  it('that were saved together are one row, and are read back in order from any time on', async () => {
    await withRecords((records, _rows, sql) => {
      const times = Array.from({ length: 18 }, (_, step) => T0 + step * STEP_MS)
      for (const from of [0, 6, 12]) records.saveSamples(times.slice(from, from + 6).map(sampleAt))
      expect(sql.exec('SELECT * FROM series').toArray()).toHaveLength(3)
      expect(records.samplesSince(T0)).toEqual(times.map(sampleAt))
      for (const step of [0, 3, 6, 8, 17]) {
        const since = records.samplesSince(T0 + step * STEP_MS)
        expect(since.map(({ atMs }) => atMs)).toEqual(times.slice(step))
      }
      expect(records.samplesSince(T0 + 18 * STEP_MS)).toEqual([])
    })
  })

  it('that are older than a chart can show go with the next that are saved', async () => {
    await withRecords((records, _rows, sql) => {
      for (let hour = 0; hour < 12; hour += 1) records.saveSamples([sampleAt(T0 + hour * HOUR_MS)])
      expect(sql.exec('SELECT * FROM series').toArray()).toHaveLength(5)
      expect(records.samplesSince(0).map(({ atMs }) => (atMs - T0) / HOUR_MS)).toEqual([7, 8, 9, 10, 11])
      records.saveSamples([])
      expect(records.samplesSince(0)).toHaveLength(5)
    })
  })
})

describe('an export', () => {
  it('has every row once, over as many pages as it takes, also when some go between two pages', async () => {
    await withRecords((records, rows) => {
      const line = lineWith({ capacity: 1_500 })
      const ids = counted()
      rows.apply([{ kind: 'event_saved', event: line.event }])
      for (let n = 1; n <= 2_500; n += 1) rows.apply(join(line, `v${n}`, T0 + n).changes)
      for (let rounds = 0; rounds < 2; rounds += 1) {
        line.tickBudget = 1_000
        const batch = chooseBatch(line, T0 + 3_000, ids)
        rows.apply(batch.changes)
        if (batch.value === null) throw new Error('no batch')
        const settled = settleBatch(line, batch.value, ticketsFor(batch.value, T0 + 3_000), T0 + 3_000)
        rows.apply(settled.changes)
      }
      rows.apply(leave(line, 'v2500', T0 + 4_000).changes)

      const places = exported(records, 'places')
      expect(places.pages).toBe(3)
      expect(places.rows.map(([joinNumber]) => joinNumber)).toEqual(
        Array.from({ length: 2_500 }, (_, n) => n + 1),
      )
      const byColumn = (row: readonly Cell[] = [], what: ExportKind = 'places') =>
        Object.fromEntries(EXPORT_COLUMNS[what].map((column, index) => [column, row[index]]))
      expect(byColumn(places.rows.at(-1))).toEqual({
        joinNumber: 2_500,
        number: 2_500,
        userId: 'v2500',
        state: 'LEFT',
        joinedAt: '2040-01-01T12:00:02.500Z',
        absentSince: null,
        endedAt: '2040-01-01T12:00:04.000Z',
        admissionId: null,
      })
      const admissions = exported(records, 'admissions')
      expect([admissions.pages, admissions.rows.length]).toEqual([2, 1_500])
      expect(byColumn(admissions.rows[0], 'admissions')).toEqual({
        admissionId: byColumn(places.rows[0])['admissionId'],
        joinNumber: 1,
        userId: 'v1',
        state: 'admitted',
        joinedAt: '2040-01-01T12:00:00.001Z',
        admittedAt: '2040-01-01T12:00:03.000Z',
        redeemedAt: null,
        leaseExpiresAt: '2040-01-01T12:05:03.000Z',
        endedAt: null,
        outcome: null,
      })

      const first = records.exportPage('places', 0)
      rows.forget(T0 + 5_000, 10)
      const rest = records.exportPage('places', first.next ?? 0)
      expect(rest.rows[0]?.[0]).toBe(1_001)
    })
  })

  it('of nothing is one empty page', async () => {
    await withRecords((records) => {
      expect(exported(records, 'places')).toEqual({ rows: [], pages: 1 })
      expect(exported(records, 'admissions')).toEqual({ rows: [], pages: 1 })
    })
  })
})
