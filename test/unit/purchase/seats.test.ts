import { describe, expect, it } from 'vitest'
import { bestAvailable } from '../../../src/purchase/core/best-available.ts'
import { Deadlines } from '../../../src/purchase/core/deadlines.ts'
import { applyChange, hold, planSeats, type OfficeState } from '../../../src/purchase/core/office.ts'
import { SeatMap } from '../../../src/purchase/core/seat-map.ts'
import { seatCountOf, seatsOf } from '../../../src/purchase/core/seat-plan.ts'

const HALL = [
  { name: 'A', rows: 2, seatsPerRow: 5, price: 30 },
  { name: 'B', rows: 1, seatsPerRow: 2, price: 20 },
]

function officeOf(sections = HALL): OfficeState {
  const office: OfficeState = { seats: new SeatMap(), version: 0 }
  for (const change of planSeats(office, seatsOf(sections)).changes) applyChange(office, change)
  return office
}

/** A map in which these are taken. */
function mapWith(taken: readonly string[]): SeatMap {
  const { seats } = officeOf()
  seats.change(taken, 'sold', 'r')
  return seats
}

function best(taken: readonly string[], count: number): string[] | null {
  return bestAvailable(mapWith(taken).section('A') ?? [], count)
}

describe('the plan', () => {
  it('has every seat once, in the order of sections, rows and numbers, with an id that can be read', () => {
    const seats = seatsOf(HALL)
    expect(seats).toHaveLength(seatCountOf(HALL))
    expect(new Set(seats.map(({ seatId }) => seatId)).size).toBe(12)
    expect(seats[6]).toEqual({
      seatId: 'A-2-2',
      ordinal: 6,
      section: 'A',
      row: 2,
      number: 2,
      price: 30,
      state: 'free',
      reservationId: null,
    })
    expect(seats.map(({ ordinal }) => ordinal)).toEqual(seats.map((_, index) => index))
  })

  it('made again changes nothing; with another price it changes the version', () => {
    const office = officeOf()
    expect(planSeats(office, seatsOf(HALL)).changes).toEqual([])
    const dearer = HALL.map((section) => ({ ...section, price: 99 }))
    expect(planSeats(office, seatsOf(dearer)).changes.map(({ kind }) => kind)).toEqual([
      'seats_planned',
      'version_raised',
    ])
  })

  it('does not take a seat from whoever has it', () => {
    const office = officeOf()
    office.seats.change(['B-1-2'], 'held', 'r')
    expect(planSeats(office, seatsOf(HALL.slice(0, 1)))).toEqual({
      value: { ok: false, error: { reason: 'seats-in-use', seatIds: ['B-1-2'] } },
      changes: [],
    })
    for (const change of planSeats(office, seatsOf(HALL.toReversed())).changes) applyChange(office, change)
    expect(office.seats.get('B-1-2')).toMatchObject({ state: 'held', reservationId: 'r', ordinal: 1 })
  })
})

describe('the map as text', () => {
  it('is always what the seats are, whatever was asked before', () => {
    const { seats } = officeOf()
    const states = () => JSON.parse(seats.text()).map((seat: { state: string }) => seat.state)
    expect(new Set(states())).toEqual(new Set(['free']))
    seats.change(['A-1-1'], 'paying', 'r')
    expect(states().slice(0, 2)).toEqual(['held', 'free'])
    seats.change(['B-1-2'], 'sold', 'r')
    expect(states().at(-1)).toBe('sold')
    seats.replace(seatsOf(HALL.slice(1)))
    expect(states()).toEqual(['free', 'free'])
  })

  it('shows nobody who holds what', () => {
    const { seats } = officeOf()
    seats.change(['A-1-1'], 'held', 'reservation-of-ann')
    expect(seats.text()).not.toContain('reservation-of-ann')
  })
})

describe('the best seats of a section', () => {
  it('are in the middle of the foremost row that has a gap wide enough', () => {
    expect(best([], 3)).toEqual(['A-1-2', 'A-1-3', 'A-1-4'])
    expect(best(['A-1-3'], 2)).toEqual(['A-1-1', 'A-1-2'])
    expect(best(['A-1-3'], 3)).toEqual(['A-2-2', 'A-2-3', 'A-2-4'])
  })

  it('are apart when there is no gap, and none when there are too few', () => {
    const taken = ['A-1-2', 'A-1-4', 'A-2-2', 'A-2-4']
    expect(best(taken, 2)).toEqual(['A-1-1', 'A-1-3'])
    expect(best([...taken, 'A-1-1', 'A-1-3', 'A-1-5', 'A-2-1', 'A-2-3'], 2)).toBeNull()
  })
})

describe('a hold', () => {
  const request = { reservationId: 'r', userId: 'ann', admissionId: 'a', holdMs: 1_000 }

  it('costs what the catalogue says, and lasts as long as it says', () => {
    const selection = { kind: 'seats', seatIds: ['A-1-1', 'B-1-1'] } as const
    expect(hold(officeOf(), { ...request, selection }, 0, 5_000).value).toMatchObject({
      ok: true,
      value: { amount: 50, holdEndsAtMs: 6_000, state: 'held' },
    })
  })

  it('that is refused changes nothing', () => {
    const office = officeOf()
    office.seats.change(['A-1-1'], 'held', 'other')
    const seats = (...seatIds: string[]) => ({ kind: 'seats', seatIds }) as const
    for (const [selection, seatsOfAdmission, reason] of [
      [seats('A-1-1', 'A-1-2'), 0, 'seat-taken'],
      [seats('Z-1-1'), 0, 'seat-unknown'],
      [seats('A-1-2', 'A-1-3'), 3, 'too-many-seats'],
      [{ kind: 'section', section: 'B', count: 3 }, 0, 'section-sold-out'],
      [{ kind: 'section', section: 'Z', count: 1 }, 0, 'section-unknown'],
    ] as const) {
      const refused = hold(office, { ...request, selection }, seatsOfAdmission, 0)
      expect(refused).toMatchObject({ value: { ok: false, error: { reason } }, changes: [] })
    }
  })
})

describe('deadlines', () => {
  it('are due from their time on until they are moved or deleted', () => {
    const deadlines = new Deadlines<string>()
    expect(deadlines.nextAtMs()).toBeNull()
    deadlines.set('a', 100, 'a')
    deadlines.set('b', 200, 'b')
    expect(deadlines.nextAtMs()).toBe(100)
    expect(deadlines.due(99, 9)).toEqual([])
    expect(deadlines.due(200, 9)).toEqual(['a', 'b'])
    expect(deadlines.due(200, 1)).toHaveLength(1)
    deadlines.delete('a')
    deadlines.set('b', 300, 'b')
    expect(deadlines.due(299, 9)).toEqual([])
    expect(deadlines.nextAtMs()).toBe(300)
    deadlines.delete('b')
    expect(deadlines.nextAtMs()).toBeNull()
    expect(deadlines.due(1_000, 9)).toEqual([])
  })
})
