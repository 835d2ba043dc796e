/** Who holds what: the seats of an event in memory, changed by the same changes that are written to the rows. */
import { SEAT_STATES, type SeatRecord, type SeatState } from './records.ts'

/** What everybody may see of a seat. A seat that is being paid for is held. */
export type SeatView = {
  readonly seatId: string
  readonly section: string
  readonly row: number
  readonly number: number
  readonly price: number
  readonly state: 'free' | 'held' | 'sold'
}

export class SeatMap {
  /** In the order of the catalogue. */
  readonly #seats = new Map<string, SeatRecord>()
  #sections: ReadonlyMap<string, readonly string[]> = new Map()
  /** The public view as JSON, section by section, of those that have not changed since it was made. */
  readonly #texts = new Map<string, string>()
  readonly #counts = new Map<SeatState, number>()

  get size(): number {
    return this.#seats.size
  }

  /** How many are in this state. */
  count(state: SeatState): number {
    return this.#counts.get(state) ?? 0
  }

  get(seatId: string): SeatRecord | undefined {
    return this.#seats.get(seatId)
  }

  all(): IterableIterator<SeatRecord> {
    return this.#seats.values()
  }

  /** The seats of a section in the order of the catalogue; null when there is no such section. */
  section(name: string): SeatRecord[] | null {
    return this.#sections.get(name)?.flatMap((seatId) => this.#seats.get(seatId) ?? []) ?? null
  }

  /** Takes over a whole catalogue, which comes in its order. */
  replace(seats: readonly SeatRecord[]): void {
    this.#seats.clear()
    for (const seat of seats) this.#seats.set(seat.seatId, seat)
    const bySection = Map.groupBy(seats, ({ section }) => section)
    this.#sections = new Map(
      Array.from(bySection, ([name, ones]) => [name, ones.map(({ seatId }) => seatId)]),
    )
    this.#texts.clear()
    for (const state of SEAT_STATES) this.#counts.set(state, 0)
    for (const { state } of seats) this.#move(state, 1)
  }

  /** @throws for a seat that is not in the catalogue. */
  change(seatIds: readonly string[], state: SeatState, reservationId: string | null): void {
    for (const seatId of seatIds) {
      const seat = this.#seats.get(seatId)
      if (seat === undefined) throw new Error(`no seat ${seatId}`)
      this.#move(seat.state, -1)
      this.#move(state, 1)
      this.#seats.set(seatId, { ...seat, state, reservationId })
      this.#texts.delete(seat.section)
    }
  }

  /** Those of the seats that somebody has. */
  taken(seatIds: readonly string[]): string[] {
    return seatIds.filter((seatId) => this.#seats.get(seatId)?.state !== 'free')
  }

  /** Those that are in no catalogue. */
  unknown(seatIds: readonly string[]): string[] {
    return seatIds.filter((seatId) => !this.#seats.has(seatId))
  }

  /** The JSON array of all SeatViews: exact at any time, and made anew only where something has changed. */
  text(): string {
    const sections = Array.from(this.#sections.keys(), (name) => this.#textOf(name))
    return `[${sections.join(',')}]`
  }

  #move(state: SeatState, by: number): void {
    this.#counts.set(state, this.count(state) + by)
  }

  #textOf(section: string): string {
    const known = this.#texts.get(section)
    if (known !== undefined) return known
    const text = (this.section(section) ?? []).map((seat) => JSON.stringify(seatView(seat))).join(',')
    this.#texts.set(section, text)
    return text
  }
}

/** What the public sees of a state. */
export function publicState(state: SeatState): SeatView['state'] {
  return state === 'paying' ? 'held' : state
}

function seatView({ seatId, section, row, number, price, state }: SeatRecord): SeatView {
  return { seatId, section, row, number, price, state: publicState(state) }
}
