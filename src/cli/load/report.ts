/** What the run showed: counts, waits, and whether every promise was kept. */
import type { Crowd } from './crowd.ts'
import { inversionsAmong } from './fairness.ts'
import type { FanRecord, Outcome } from './fan.ts'
import { occupancyOf, percentile } from './statistics.ts'

/** See `inversionsAmong`. A tick of the line and the way of its answer are well within. */
const PRESENCE_MARGIN_MS = 1_000

type Percentiles = { readonly p50: number | null; readonly p95: number | null }

export type Report = {
  readonly fans: number
  readonly capacity: number
  readonly durationMs: number
  readonly admitted: number
  readonly completed: number
  readonly walkedAway: number
  readonly left: number
  readonly failed: number
  readonly unfinished: number
  readonly peakInside: number
  readonly overCapacityInstants: number
  readonly overCapacitySamples: number
  readonly samples: number
  readonly inversions: number
  readonly placesLost: number
  readonly positionIncreases: number
  readonly tokenChanges: number
  readonly waitMs: Percentiles
  readonly promoteToNotifyMs: Percentiles
  /** The reasons of failed fans, the most frequent first. */
  readonly failures: readonly { readonly reason: string; readonly fans: number }[]
  /** What broke, in plain words; empty when every promise was kept. */
  readonly broken: readonly string[]
}

export function reportOn({ records, samples }: Crowd, capacity: number, durationMs: number): Report {
  const count = (outcome: Outcome): number => records.filter((record) => record.outcome === outcome).length
  const { peak, overCapacityInstants } = occupancyOf(records.flatMap(stayInside), capacity)
  const sum = (of: (record: FanRecord) => number): number =>
    records.reduce((total, record) => total + of(record), 0)
  const facts = {
    fans: records.length,
    capacity,
    durationMs,
    admitted: records.filter(({ notifiedAtMs }) => notifiedAtMs !== null).length,
    completed: count('completed'),
    walkedAway: count('walked-away'),
    left: count('left'),
    failed: count('failed'),
    unfinished: count('unfinished'),
    peakInside: peak,
    overCapacityInstants,
    overCapacitySamples: samples.filter((sample) => sample.admitted > sample.capacity).length,
    samples: samples.length,
    inversions: inversionsAmong(records.flatMap(turnOf), PRESENCE_MARGIN_MS).length,
    placesLost: sum((record) => record.placesLost),
    positionIncreases: sum((record) => record.positionIncreases),
    tokenChanges: sum((record) => record.tokenChanges),
    waitMs: percentilesOf(records.flatMap((record) => difference(record.notifiedAtMs, record.joinedAtMs))),
    promoteToNotifyMs: percentilesOf(
      records
        .filter(wasPresentAtAdmission)
        .flatMap((record) => difference(record.notifiedAtMs, record.admittedAtMs)),
    ),
    failures: failuresOf(records),
  }
  return { ...facts, broken: brokenPromises(facts) }
}

function stayInside({ notifiedAtMs, insideUntilMs }: FanRecord) {
  return notifiedAtMs === null || insideUntilMs === null
    ? []
    : [{ fromMs: notifiedAtMs, toMs: insideUntilMs }]
}

function turnOf({ joinNumber, admittedAtMs, notifiedAtMs, gaveUpAtMs, present }: FanRecord) {
  if (joinNumber === null) return []
  return [{ joinNumber, admittedAtMs: admittedAtMs ?? notifiedAtMs, gaveUpAtMs, present }]
}

/** Who was away when admitted hears it on return; that says nothing about the server. */
function wasPresentAtAdmission({ admittedAtMs, present }: FanRecord): boolean {
  return (
    admittedAtMs !== null && present.some(({ fromMs, toMs }) => fromMs <= admittedAtMs && admittedAtMs < toMs)
  )
}

function difference(toMs: number | null, fromMs: number | null): number[] {
  return toMs === null || fromMs === null ? [] : [toMs - fromMs]
}

function percentilesOf(samples: readonly number[]): Percentiles {
  return { p50: percentile(samples, 0.5), p95: percentile(samples, 0.95) }
}

function failuresOf(records: readonly FanRecord[]): Report['failures'] {
  const counts = new Map<string, number>()
  for (const { failure } of records) {
    if (failure !== null) counts.set(failure, (counts.get(failure) ?? 0) + 1)
  }
  return [...counts].map(([reason, fans]) => ({ reason, fans })).toSorted((a, b) => b.fans - a.fans)
}

function brokenPromises(facts: Omit<Report, 'broken'>): string[] {
  const promises: [number, string][] = [
    [facts.overCapacityInstants, 'INV-1: times at which more fans were inside than the capacity'],
    [facts.overCapacitySamples, 'INV-1: samples of the status with more admitted than the capacity'],
    [facts.inversions, 'INV-2: a present fan was overtaken by one behind'],
    [facts.placesLost, 'INV-4: a fan came back to another place'],
    [facts.tokenChanges, 'INV-5: an entry token changed'],
    [facts.positionIncreases, 'INV-8: a position grew'],
    [facts.failed, 'fans that could not do what they came for'],
    [facts.unfinished, 'fans unfinished when the time was up'],
  ]
  return promises.filter(([times]) => times > 0).map(([times, text]) => `${text} (${times})`)
}

/** The closing table, one line per fact. */
export function reportTable(report: Report): string {
  const rows: [string, string][] = [
    ['fans', `${report.fans}, capacity ${report.capacity}`],
    ['admitted', String(report.admitted)],
    ['completed', String(report.completed)],
    ['walked away', String(report.walkedAway)],
    ['left', String(report.left)],
    ['failed / unfinished', `${report.failed} / ${report.unfinished}`],
    ['most inside at once', `${report.peakInside} of ${report.capacity}`],
    [
      'over-capacity instants',
      `${report.overCapacityInstants} (and ${report.overCapacitySamples} of ${report.samples} samples)`,
    ],
    ['order inversions', String(report.inversions)],
    ['places lost', String(report.placesLost)],
    ['position increases', String(report.positionIncreases)],
    ['token changes', String(report.tokenChanges)],
    ['wait p50 / p95', percentilesText(report.waitMs)],
    ['promote to notify p50 / p95', percentilesText(report.promoteToNotifyMs)],
    ['whole run', seconds(report.durationMs)],
    ...report.failures.slice(0, 5).map(({ reason, fans }): [string, string] => [`failed: ${fans}`, reason]),
  ]
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`).join('\n')
}

function percentilesText({ p50, p95 }: Percentiles): string {
  return `${seconds(p50)} / ${seconds(p95)}`
}

function seconds(ms: number | null): string {
  if (ms === null) return '-'
  return ms < 1_000 ? `${ms} ms` : `${(ms / 1_000).toFixed(1)} s`
}
