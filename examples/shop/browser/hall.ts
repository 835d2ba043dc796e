/** The hall: a checkbox for each seat, so that keys, readers of screens and forms know what it is. */
import { element } from './page.ts'
import { moneyText } from './texts.ts'
import type { Seat, SeatMap, SeatState } from './usher.ts'

/** One visit has at most so many. */
const CHOSEN_MAX = 4

const STATE_TEXTS: Readonly<Record<SeatState, string>> = { free: 'free', held: 'taken for now', sold: 'sold' }
/** Where an arrow leads: rows, and seats of a row. */
const STEPS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
}

type Change = { readonly seatId: string; readonly state: SeatState }

export class Hall {
  /** Of the map that is drawn. */
  version = 0
  readonly #root = element('#hall', HTMLElement)
  readonly #boxes = new Map<string, HTMLInputElement>()
  readonly #seats = new Map<string, Seat>()
  readonly #currency: string
  readonly #onChosen: () => void
  /** Seats of the own reservation: taken, but not by somebody else. */
  #own: ReadonlySet<string> = new Set()
  #isOpen = false

  constructor(currency: string, onChosen: () => void) {
    this.#currency = currency
    this.#onChosen = onChosen
    this.#root.addEventListener('change', () => this.#choose())
    this.#root.addEventListener('keydown', (event) => this.#step(event))
  }

  get chosen(): Seat[] {
    return [...this.#boxes].flatMap(([seatId, box]) => {
      const seat = this.#seats.get(seatId)
      return box.checked && seat !== undefined ? [seat] : []
    })
  }

  /** Draws the map anew only when its seats are others; else what has changed. @returns chosen seats that are gone */
  show(map: SeatMap): string[] {
    this.version = map.version
    if (map.seats.some(({ seatId }) => !this.#boxes.has(seatId)) || map.seats.length !== this.#boxes.size) {
      this.#draw(map.seats)
    }
    return this.#change(map.seats)
  }

  /** News of the stream. @returns chosen seats that are gone */
  apply(version: number, changes: readonly Change[]): string[] {
    this.version = version
    return this.#change(changes)
  }

  /** @param isOpen whether the visitor may choose now @param own the seats of the own reservation */
  open(isOpen: boolean, own: readonly string[] = []): void {
    this.#isOpen = isOpen
    this.#own = new Set(own)
    for (const [seatId, box] of this.#boxes) {
      if (!isOpen) box.checked = false
      this.#mark(seatId, box)
    }
    this.#choose()
  }

  #change(changes: readonly Change[]): string[] {
    const gone: string[] = []
    for (const { seatId, state } of changes) {
      const [seat, box] = [this.#seats.get(seatId), this.#boxes.get(seatId)]
      if (seat === undefined || box === undefined) continue
      this.#seats.set(seatId, { ...seat, state })
      if (box.checked && state !== 'free') {
        box.checked = false
        gone.push(seatId)
      }
      this.#mark(seatId, box)
    }
    this.#choose()
    return gone
  }

  #draw(seats: readonly Seat[]): void {
    this.#boxes.clear()
    this.#seats.clear()
    const sections = Map.groupBy(seats, ({ section }) => section)
    this.#root.replaceChildren(...[...sections].map(([name, of]) => this.#section(name, of)))
  }

  #section(name: string, seats: readonly Seat[]): HTMLElement {
    const section = document.createElement('fieldset')
    const legend = document.createElement('legend')
    legend.textContent = `${name}, ${moneyText(seats[0]?.price ?? 0, this.#currency)} a seat`
    const rows = [...Map.groupBy(seats, ({ row }) => row).values()].map((of) => {
      const row = document.createElement('div')
      row.className = 'row'
      row.append(...of.map((seat) => this.#seat(seat)))
      return row
    })
    section.append(legend, ...rows)
    return section
  }

  #seat(seat: Seat): HTMLElement {
    const label = document.createElement('label')
    const box = document.createElement('input')
    const number = document.createElement('span')
    label.className = 'place'
    box.type = 'checkbox'
    number.textContent = String(seat.number)
    number.ariaHidden = 'true'
    label.append(box, number)
    this.#boxes.set(seat.seatId, box)
    this.#seats.set(seat.seatId, seat)
    return label
  }

  #mark(seatId: string, box: HTMLInputElement): void {
    const seat = this.#seats.get(seatId)
    if (seat === undefined) return
    const isOwn = this.#own.has(seatId)
    box.disabled = !this.#isOpen || seat.state !== 'free'
    box.parentElement?.setAttribute('data-state', isOwn ? 'own' : seat.state)
    const { section, row, number, price, state } = seat
    const standing = isOwn ? 'yours' : STATE_TEXTS[state]
    box.ariaLabel = `${section}, row ${row}, seat ${number}, ${moneyText(price, this.#currency)}, ${standing}`
  }

  /** No more than one visit may have; the others cannot be chosen then. */
  #choose(): void {
    const isFull = this.chosen.length >= CHOSEN_MAX
    for (const [seatId, box] of this.#boxes) {
      const isFree = this.#isOpen && this.#seats.get(seatId)?.state === 'free'
      box.disabled = !isFree || (isFull && !box.checked)
    }
    this.#onChosen()
  }

  /** Arrows lead from seat to seat, past those that are taken; Tab does too, seat after seat. */
  #step(event: KeyboardEvent): void {
    const step = STEPS[event.key]
    const row = (event.target as Element).closest('.row')
    if (step === undefined || row === null) return
    const rows = [...this.#root.querySelectorAll('.row')]
    const column = [...row.querySelectorAll('input')].indexOf(event.target as HTMLInputElement)
    let [atRow, atColumn] = [rows.indexOf(row) + step[0], column + step[1]]
    for (;;) {
      const box = rows[atRow]?.querySelectorAll('input')[atColumn]
      if (box === undefined) return
      if (!box.disabled) {
        event.preventDefault()
        box.focus()
        return
      }
      atRow += step[0]
      atColumn += step[1]
    }
  }
}
