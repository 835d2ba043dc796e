import type { Machine } from '../machine.ts'
import { isMet, type Row } from '../row.ts'

/** The whole report for programs; every row says itself whether its target is met. */
export function toJson(machine: Machine, rows: readonly Row[]): string {
  return JSON.stringify({ machine, rows: rows.map((row) => ({ ...row, met: isMet(row) })) }, null, 2)
}
