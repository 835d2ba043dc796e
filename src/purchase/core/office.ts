/**
 * The decisions of a seat office. State goes in, a value and changes come out; nothing here is changed but by
 * `applyChange`, with the very changes that are written to the rows.
 */
import { unreachable } from '../../core/assert.ts'
import { err, ok, type Result } from '../../core/result.ts'
import type { EpochMs } from '../../core/time.ts'
import { bestAvailable } from './best-available.ts'
import { SEATS_PER_ADMISSION_MAX } from './limits.ts'
import { orderAfter, step, webhookErrand, type Order, type OrderEvent, type OrderFailure } from './orders.ts'
import {
  decision,
  type Change,
  type Decision,
  type ReservationRecord,
  type SeatRecord,
  type SeatState,
} from './records.ts'
import { publicState, type SeatMap } from './seat-map.ts'

export type OfficeState = {
  readonly seats: SeatMap
  version: number
}

export type Selection =
  | { readonly kind: 'seats'; readonly seatIds: readonly string[] }
  | { readonly kind: 'section'; readonly section: string; readonly count: number }

export type HoldRequest = {
  readonly reservationId: string
  readonly userId: string
  readonly admissionId: string
  readonly selection: Selection
  readonly holdMs: number
}

export type OfficeFailure =
  | OrderFailure
  | { readonly reason: 'seat-taken'; readonly seatIds: readonly string[] }
  | { readonly reason: 'seat-unknown'; readonly seatIds: readonly string[] }
  | { readonly reason: 'section-unknown'; readonly section: string }
  | { readonly reason: 'section-sold-out'; readonly section: string }
  | { readonly reason: 'too-many-seats'; readonly seatsMax: number }
  | { readonly reason: 'seats-in-use'; readonly seatIds: readonly string[] }
  | { readonly reason: 'reservation-not-found' }
  | { readonly reason: 'insufficient-balance' }

/**
 * Replaces the catalogue. Seats that somebody has must be in the new one too, and stay theirs at the price they were
 * held for. The same catalogue again changes nothing.
 */
export function planSeats(
  office: OfficeState,
  planned: readonly SeatRecord[],
): Decision<Result<null, OfficeFailure>> {
  const ids = new Set(planned.map(({ seatId }) => seatId))
  const lost = [...office.seats.all()].filter(({ seatId, state }) => state !== 'free' && !ids.has(seatId))
  if (lost.length > 0)
    return decision(err({ reason: 'seats-in-use', seatIds: lost.map(({ seatId }) => seatId) }))
  const seats = planned.map((seat) => {
    const known = office.seats.get(seat.seatId)
    return known === undefined ? seat : { ...seat, state: known.state, reservationId: known.reservationId }
  })
  if (
    seats.length === office.seats.size &&
    seats.every((seat) => isSame(seat, office.seats.get(seat.seatId)))
  )
    return decision(ok(null))
  return decision(ok(null), [{ kind: 'seats_planned', seats }, raised(office)])
}

/**
 * All the seats or none (INV-10): what is free is looked up and taken in one synchronous block.
 * `seatsOfAdmission`: how many this admission has already.
 */
export function hold(
  office: OfficeState,
  request: HoldRequest,
  seatsOfAdmission: number,
  nowMs: EpochMs,
): Decision<Result<ReservationRecord, OfficeFailure>> {
  const chosen = choose(office.seats, request.selection)
  if (!chosen.ok) return decision(chosen)
  const seatIds = chosen.value
  if (seatsOfAdmission + seatIds.length > SEATS_PER_ADMISSION_MAX)
    return decision(err({ reason: 'too-many-seats', seatsMax: SEATS_PER_ADMISSION_MAX }))
  const taken = office.seats.taken(seatIds)
  if (taken.length > 0) return decision(err({ reason: 'seat-taken', seatIds: taken }))
  const { reservationId, userId, admissionId, holdMs } = request
  const reservation: ReservationRecord = {
    reservationId,
    userId,
    admissionId,
    seatIds,
    amount: seatIds.reduce((sum, seatId) => sum + (office.seats.get(seatId)?.price ?? 0), 0),
    state: 'held',
    createdAtMs: nowMs,
    holdEndsAtMs: nowMs + holdMs,
    paymentId: null,
  }
  return decision(ok(reservation), [
    { kind: 'reservation_saved', reservation },
    { kind: 'seats_changed', seatIds, state: 'held', reservationId },
    raised(office),
  ])
}

/** What an event of an order changes in the office; see orders.ts. The value is the order afterwards. */
export function onOrder(
  office: OfficeState,
  order: Order,
  event: OrderEvent,
  nowMs: EpochMs,
): Decision<Result<Order, OfficeFailure>> {
  const { reservationId, seatIds } = order.reservation
  const seatsAreFree = () => office.seats.taken(seatIds).length === 0
  const stepped = step(order, event, { nowMs, seatsAreFree })
  if (!stepped.ok) return decision(stepped)
  const { reservation, payments, seats, owed, done } = stepped.value
  const changes: Change[] = []
  if (reservation !== null) changes.push({ kind: 'reservation_saved', reservation })
  for (const payment of payments) {
    const known = order.payments.find(({ paymentId }) => paymentId === payment.paymentId)
    changes.push({ kind: 'payment_saved', payment, before: known?.state ?? null })
  }
  if (seats !== null) changes.push(...seatChanges(office, seatIds, seats, reservationId))
  for (const errand of done) changes.push({ kind: 'errand_done', errand })
  for (const errand of owed) changes.push({ kind: 'errand_saved', errand })
  if (seats === 'sold' && sellsOut(office, seatIds)) {
    const data = { seats: office.seats.size }
    const errand = webhookErrand('event.sold_out', String(office.version + 1), data, nowMs)
    changes.push({ kind: 'errand_saved', errand })
  }
  return decision(ok(orderAfter(order, stepped.value)), changes)
}

/** Follows a change that is being written. What is not in memory is not followed. */
export function applyChange(office: OfficeState, change: Change): void {
  switch (change.kind) {
    case 'seats_planned':
      office.seats.replace(change.seats)
      return
    case 'seats_changed':
      office.seats.change(change.seatIds, change.state, change.reservationId)
      return
    case 'version_raised':
      office.version = change.version
      return
    case 'reservation_saved':
    case 'payment_saved':
    case 'errand_saved':
    case 'errand_done':
    case 'operation_kept':
      return
    default:
      unreachable(change)
  }
}

function choose(seats: SeatMap, selection: Selection): Result<readonly string[], OfficeFailure> {
  if (selection.kind === 'seats') {
    const unknown = seats.unknown(selection.seatIds)
    return unknown.length === 0 ? ok(selection.seatIds) : err({ reason: 'seat-unknown', seatIds: unknown })
  }
  const { section, count } = selection
  const ofSection = seats.section(section)
  if (ofSection === null) return err({ reason: 'section-unknown', section })
  const chosen = bestAvailable(ofSection, count)
  return chosen === null ? err({ reason: 'section-sold-out', section }) : ok(chosen)
}

function seatChanges(
  office: OfficeState,
  seatIds: readonly string[],
  state: SeatState,
  reservationId: string,
): Change[] {
  const changed: Change = {
    kind: 'seats_changed',
    seatIds,
    state,
    reservationId: state === 'free' ? null : reservationId,
  }
  const isVisible = seatIds.some((seatId) => {
    const seat = office.seats.get(seatId)
    return seat !== undefined && publicState(seat.state) !== publicState(state)
  })
  return isVisible ? [changed, raised(office)] : [changed]
}

/** Whether these, which are not sold yet, are the last. */
function sellsOut({ seats }: OfficeState, seatIds: readonly string[]): boolean {
  return seats.count('sold') + seatIds.length === seats.size
}

function raised({ version }: OfficeState): Change {
  return { kind: 'version_raised', version: version + 1 }
}

function isSame(a: SeatRecord, b: SeatRecord | undefined): boolean {
  return b !== undefined && a.ordinal === b.ordinal && a.price === b.price && a.state === b.state
}
