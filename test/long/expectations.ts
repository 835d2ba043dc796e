/** What must be true after any sale, whatever its size. */
import { expect } from 'vitest'
import type { SaleReport } from './run-sale.ts'
import type { SaleSize } from './sale.ts'

export function expectNothingLeftBehind(report: SaleReport, size: SaleSize): void {
  const { totals } = report
  expect(report.broken).toEqual([])
  expect(report.stillBusy).toEqual([])
  expect(report.stillWatched).toBe(0)
  // Nobody is lost: each has joined once, and has been admitted or has gone before.
  expect(totals.joined).toBe(size.visitors)
  expect(totals.admitted + totals.silent + totals.left).toBe(size.visitors)
  expect(report.totalsAfterwards).toEqual({ joined: totals.joined, admitted: totals.admitted })
  expect(report.rows).toEqual({ afterDrain: totals.joined + totals.admitted, afterRetention: 0 })
  expect(report.peak.rows).toBeLessThanOrEqual(report.rows.afterDrain)
  expect(report.store.withoutTtl).toEqual([])
  expect(report.store.leases).toBe(0)
  expect(report.keysADayLater).toBe(0)
}
