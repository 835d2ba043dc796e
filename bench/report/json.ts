import type { Machine } from '../machine.ts'
import type { GrowthPoint } from '../plot/growth.ts'
import { isMet, type Row } from '../row.ts'

/** The whole report for programs; every row says itself whether its target is met. */
export function toJson(machine: Machine, rows: readonly Row[], growth: readonly GrowthPoint[]): string {
  return JSON.stringify({ machine, rows: rows.map((row) => ({ ...row, met: isMet(row) })), growth }, null, 2)
}
