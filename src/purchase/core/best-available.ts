/** Seats for somebody who names only a section: together if possible, in front, near the middle. */
import type { SeatRecord } from './records.ts'

/**
 * `count` free seats of a section, or null when there are not so many. Side by side in the foremost row that has a gap
 * wide enough, there as near to the middle as can be; if no row has, the foremost that are free.
 */
export function bestAvailable(ofSection: readonly SeatRecord[], count: number): string[] | null {
  const rows = Map.groupBy(ofSection, ({ row }) => row).values()
  for (const row of rows) {
    const together = bestOfRow(row, count)
    if (together !== null) return idsOf(together)
  }
  const free = ofSection.filter(isFree).slice(0, count)
  return free.length === count ? idsOf(free) : null
}

function bestOfRow(row: readonly SeatRecord[], count: number): readonly SeatRecord[] | null {
  let best: { readonly seats: readonly SeatRecord[]; readonly offset: number } | null = null
  for (let start = 0; start + count <= row.length; start += 1) {
    const seats = row.slice(start, start + count)
    if (!seats.every(isFree)) continue
    const offset = Math.abs(start + count / 2 - row.length / 2)
    if (best === null || offset < best.offset) best = { seats, offset }
  }
  return best?.seats ?? null
}

function isFree({ state }: SeatRecord): boolean {
  return state === 'free'
}

function idsOf(seats: readonly SeatRecord[]): string[] {
  return seats.map(({ seatId }) => seatId)
}
