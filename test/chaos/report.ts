/** The verdict of a run, as text. */
import type { PoolPeaks } from './capacity-watch.ts'
import type { RecoveryRow } from './recovery.ts'

export type ChaosReport = {
  readonly seed: number
  readonly redis: string
  readonly seconds: number
  readonly kills: { readonly workerd: number; readonly trees: number }
  readonly rows: readonly RecoveryRow[]
  readonly peaks: readonly PoolPeaks[]
  readonly figures: Readonly<Record<string, number | string>>
  readonly violations: readonly string[]
  readonly violationCount: number
}

export function reportText(report: ChaosReport): string {
  const faults = report.rows.map(({ kind, n, heardMs, admittedMs }) =>
    [kind.padEnd(36), n, heardMs.p50, heardMs.max, admittedMs.p50, admittedMs.max].map(cell).join(' '),
  )
  const pools = report.peaks.map(({ pool, capacity, leases, admitted, ledger, crowd }) =>
    [pool.padEnd(36), capacity, leases, admitted, ledger, crowd].map(cell).join(' '),
  )
  return [
    `chaos: CHAOS_SEED=${report.seed}, ${report.redis}, ${report.seconds} s`,
    ['recovery (ms)'.padEnd(36), 'n', 'heard', 'max', 'let in', 'max'].map(cell).join(' '),
    ...faults,
    ['most inside'.padEnd(36), 'capacity', 'leases', 'counts', 'ledger', 'crowd'].map(cell).join(' '),
    ...pools,
    ...Object.entries(report.figures).map(([name, value]) => `${name.padEnd(36)} ${cell(value)}`),
    `${'promises broken'.padEnd(36)} ${cell(report.violationCount)}`,
    ...report.violations,
  ].join('\n')
}

function cell(value: number | string | null): string {
  return String(value ?? '-').padStart(8)
}
