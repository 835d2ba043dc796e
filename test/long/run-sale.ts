/** Runs a sale from the opening to the last forgotten row, and measures what it takes and what it leaves. */
import type { TestRedis } from '../support/redis.ts'
import { auditStore, heapMb, type StoreAudit } from './audit.ts'
import type { SaleLine } from './sale-line.ts'
import { isBusy, Sale, sumOf, type SaleSize } from './sale.ts'

/** Longer than any key lives after the last write. */
const STORE_FORGETS_MS = 26 * 60 * 60 * 1_000

export type SaleReport = {
  readonly seen: ReadonlyMap<string, number>
  readonly scriptCalls: ReadonlyMap<string, number>
  readonly broken: readonly string[]
  readonly totals: {
    joined: number
    admitted: number
    ended: number
    silent: number
    left: number
    noShows: number
  }
  readonly totalsAfterwards: { joined: number; admitted: number }
  readonly peak: Sale['peak']
  readonly rows: { afterDrain: number; afterRetention: number }
  readonly store: StoreAudit
  readonly keysADayLater: number
  readonly stillBusy: string[]
  readonly stillWatched: number
  readonly heap: { before: number; after: number }
  readonly tickMs: { mean: number; p99: number; max: number }
  readonly simulatedSeconds: number
  readonly alarmsOfRetention: number
  readonly cpuSeconds: number
}

export async function runSale(redis: TestRedis, size: SaleSize): Promise<SaleReport> {
  const startedCpu = process.cpuUsage()
  const sale = new Sale(redis, size)
  await sale.open()
  const startedMs = sale.nowMs
  const before = await heapMb()
  const seen = await sale.sell()
  const simulatedSeconds = (sale.nowMs - startedMs) / 1_000
  const stillBusy = sale.lines.filter(isBusy).map(({ eventId }) => eventId)
  const stillWatched = await sale.close()
  const tickMs = statistics(sale.lines.flatMap((line) => line.tickMs.splice(0)))
  const store = await auditStore(redis)
  const after = await heapMb()
  const left = sumOf(sale.lines, leftWaiting)
  const totals = { ...totalsOf(sale), ...(await countersOf(sale)), left }
  const afterDrain = sumOf(sale.lines, ({ rows }) => rows)
  const alarmsOfRetention = await sale.sleepUntilForgotten()
  await redis.engine.advanceClock?.(STORE_FORGETS_MS)
  const { user, system } = process.cpuUsage(startedCpu)
  const report: SaleReport = {
    seen,
    scriptCalls: sale.scriptCalls,
    broken: [...sale.broken, ...sale.lines.flatMap(({ restarts }) => restarts)],
    totals,
    totalsAfterwards: totalsOf(sale),
    peak: sale.peak,
    rows: { afterDrain, afterRetention: sumOf(sale.lines, ({ rows }) => rows) },
    store,
    keysADayLater: (await auditStore(redis)).keys,
    stillBusy,
    stillWatched,
    heap: { before, after },
    tickMs,
    simulatedSeconds,
    alarmsOfRetention,
    cpuSeconds: (user + system) / 1e6,
  }
  for (const { database } of sale.lines) database.close()
  return report
}

export function printReport(report: SaleReport): void {
  const calls = [...report.scriptCalls].map(([name, count]) => `${name} ${count}`).join(', ')
  const seen = [...report.seen].map(([what, count]) => `${what} ${count}`).join(', ')
  const { totals, peak, rows, heap, tickMs } = report
  const rounded = (value: number): string => value.toFixed(1)
  const lines = [
    ['visitors joined', totals.joined],
    ['admitted', totals.admitted],
    ['gone while waiting: silent / left', `${totals.silent} / ${totals.left}`],
    ['admissions ended (of them no-shows)', `${totals.ended} (${totals.noShows})`],
    ['what visitors saw', seen],
    ['script calls', calls],
    ['at once waiting / inside, at most', `${peak.waiting} / ${peak.inside}`],
    [
      'rows at peak / after drain / after retention',
      `${peak.rows} / ${rows.afterDrain} / ${rows.afterRetention}`,
    ],
    ['database at peak, MB', rounded(peak.bytes / 1_048_576)],
    ['heap before / after drain, MB', `${rounded(heap.before)} / ${rounded(heap.after)}`],
    [
      'tick, synchronous part, ms: mean / p99 / max',
      [tickMs.mean, tickMs.p99, tickMs.max].map(rounded).join(' / '),
    ],
    [
      'store: keys / without TTL / leases / keys a day later',
      [report.store.keys, report.store.withoutTtl.length, report.store.leases, report.keysADayLater].join(
        ' / ',
      ),
    ],
    ['alarms until everything was forgotten', report.alarmsOfRetention],
    ['simulated / CPU, seconds', `${report.simulatedSeconds} / ${rounded(report.cpuSeconds)}`],
  ] as const
  console.log(lines.map(([what, value]) => `${what.padEnd(56)}${value}`).join('\n'))
}

function totalsOf(sale: Sale): { joined: number; admitted: number } {
  return {
    joined: sumOf(sale.lines, ({ state }) => state.joinedTotal),
    admitted: sumOf(sale.lines, ({ state }) => state.admittedTotal),
  }
}

/** Those who left before they were admitted. */
function leftWaiting({ database }: SaleLine): number {
  const query = "SELECT count(*) AS n FROM places WHERE state = 'LEFT' AND admission_id IS NULL"
  return database.sql.exec<{ n: number }>(query).one().n
}

async function countersOf(sale: Sale): Promise<{ ended: number; silent: number; noShows: number }> {
  const sums = { ended: 0, silent: 0, noShows: 0 }
  for (const line of sale.lines) {
    sums.ended += await line.counter('admissions_ended_total')
    sums.silent += await line.counter('places_expired_total')
    sums.noShows += await line.counter('no_shows_total')
  }
  return sums
}

function statistics(values: number[]): SaleReport['tickMs'] {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? 0
  const sum = sorted.reduce((total, value) => total + value, 0)
  return { mean: sum / Math.max(1, sorted.length), p99: at(0.99), max: at(1) }
}
