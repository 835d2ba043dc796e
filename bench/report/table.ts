/** The report for people: Markdown tables, so that a run can be pasted as it is. */
import type { Machine } from '../machine.ts'
import type { LatencySummary } from '../measure/latency.ts'
import type { Spread } from '../measure/spread.ts'
import type { GrowthPoint } from '../plot/growth.ts'
import { isMet, type Row, type Target } from '../row.ts'

export function renderReport(machine: Machine, rows: readonly Row[], growth: readonly GrowthPoint[]): string {
  return [machineText(machine), ratioTable(rows), latencyTable(rows), notesText(rows), growthTable(growth)]
    .filter((part) => part !== '')
    .join('\n\n')
}

function machineText(machine: Machine): string {
  return Object.entries(machine)
    .map(([name, value]) => `- ${name}: ${value}`)
    .join('\n')
}

/** Median, and the least and the most of the rounds. */
function ratioTable(rows: readonly Row[]): string {
  if (rows.length === 0) return ''
  const lines = rows.map((row) => {
    const { usher, floor, ratio, target } = row
    const met = isMet(row)
    return [
      row.path,
      row.what,
      `${spreadText(usher)} ${row.unit}`,
      floor === undefined ? '-' : `${spreadText(floor.value)}: ${floor.what}`,
      ratio === undefined ? '-' : spreadText(ratio),
      target === undefined ? '-' : targetText(target),
      met === null ? '' : met ? 'yes' : '**no**',
      row.place,
    ]
  })
  const head = ['path', 'what', 'Usher', 'floor', 'ratio', 'target', 'met', 'where']
  return table(head, lines)
}

function latencyTable(rows: readonly Row[]): string {
  const lines = rows.flatMap((row) => [
    ...latencyLine(seriesOf(row), 'Usher', row.usherLatency),
    ...latencyLine(seriesOf(row), 'floor', row.floor?.latency),
  ])
  if (lines.length === 0) return ''
  return table(['latency, ms', 'side', 'count', 'p50', 'p95', 'p99', 'max'], lines)
}

function seriesOf({ path, series }: Row): string {
  return series === undefined ? path : `${path}: ${series}`
}

function latencyLine(path: string, side: string, latency: LatencySummary | null | undefined): string[][] {
  if (latency === null || latency === undefined) return []
  const { count, p50Ms, p95Ms, p99Ms, maxMs } = latency
  return [[path, side, String(count), ...[p50Ms, p95Ms, p99Ms, maxMs].map(figure)]]
}

function notesText(rows: readonly Row[]): string {
  return rows.flatMap(({ path, notes = [] }) => notes.map((note) => `- ${path}: ${note}`)).join('\n')
}

function growthTable(growth: readonly GrowthPoint[]): string {
  if (growth.length === 0) return ''
  const lines = growth.map(({ waiting, joinUs, tickMs, promoteUs, restartMs, bytesPerWaiting }) => [
    String(waiting),
    ...[joinUs, tickMs, promoteUs, restartMs, bytesPerWaiting].map(spreadText),
  ])
  return table(
    ['waiting', 'join, us CPU', 'tick, ms CPU', 'promotion, us CPU each', 'restart, ms', 'bytes each'],
    lines,
  )
}

function targetText({ of, kind, limit }: Target): string {
  const sign = kind === 'at most' ? '<=' : '>='
  return `${sign} ${limit}${of === 'ratio' ? 'x' : ''}`
}

export function spreadText({ median, min, max }: Spread): string {
  return min === max ? figure(median) : `${figure(median)} (${figure(min)}..${figure(max)})`
}

/** Three significant digits, and whole numbers beyond them. */
export function figure(value: number): string {
  if (value === 0) return '0'
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))))
  return value.toFixed(Math.min(digits, 4))
}

function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const rule = head.map(() => '---')
  return [head, rule, ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}
