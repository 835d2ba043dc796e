/** From the operator's catalogue to seats: ids that can be read, and that are the same whenever the plan is made again. */
import type { Amount, SeatRecord } from './records.ts'

export type SectionPlan = {
  readonly name: string
  readonly rows: number
  readonly seatsPerRow: number
  readonly price: Amount
}

/** How many seats the plan has; computed before any of them is made. */
export function seatCountOf(sections: readonly SectionPlan[]): number {
  return sections.reduce((sum, { rows, seatsPerRow }) => sum + rows * seatsPerRow, 0)
}

/** All seats, free, section by section, row by row. Section names are distinct. */
export function seatsOf(sections: readonly SectionPlan[]): SeatRecord[] {
  const seats: SeatRecord[] = []
  for (const { name: section, rows, seatsPerRow, price } of sections) {
    for (let row = 1; row <= rows; row += 1) {
      for (let number = 1; number <= seatsPerRow; number += 1) {
        const seatId = `${section}-${row}-${number}`
        seats.push({
          seatId,
          ordinal: seats.length,
          section,
          row,
          number,
          price,
          state: 'free',
          reservationId: null,
        })
      }
    }
  }
  return seats
}
