/** INV-10, looked for in the rows after everything that happens, and the books at the end. */
import { PaymentCounts } from '../../../src/purchase/core/payment-counts.ts'
import type { PaymentRow, ReservationRow, SeatRow } from '../../../src/purchase/objects/office-rows.ts'
import type { Buyer } from './buyers.ts'
import type { SimLine } from './line.ts'
import type { SimOffice } from './office.ts'
import type { SimProvider } from './provider.ts'
import type { SimShop } from './shop.ts'
import type { SimWallet } from './wallet.ts'
import type { PurchaseWorld } from './world.ts'

type Scene = {
  readonly world: PurchaseWorld
  readonly office: SimOffice
  readonly wallet: SimWallet
  readonly line: SimLine
  readonly provider: SimProvider
  readonly shop: SimShop
  readonly buyers: readonly Buyer[]
}

/** What the seats of a reservation in this state have to be. */
const SEATS_OF: Partial<Record<ReservationRow['state'], SeatRow['state']>> = {
  held: 'held',
  paying: 'paying',
  stuck: 'paying',
  paid: 'sold',
}

type Books = {
  readonly seats: readonly SeatRow[]
  readonly reservations: readonly ReservationRow[]
  readonly payments: readonly PaymentRow[]
  /** Reservations that somebody who asks again is told of. */
  readonly answered: ReadonlySet<string>
}

/** After every step: seats and reservations agree, nobody shares a seat, nothing is paid twice. */
export function check(scene: Scene): void {
  const { world, office, wallet } = scene
  const books = booksOf(office)
  if (books === null) return
  checkSeats(world, books)
  checkPayments(scene, books)
  checkPromises(scene, books)
  const totals = wallet.rows.totals()
  if (totals.visitors + totals.funding + totals.sales !== 0 || totals.entries !== 0)
    world.violated('INV-10', `the ledger does not balance: ${JSON.stringify(totals)}`)
}

/** What operators are shown, kept in memory from change to change, is what the rows say. */
export async function checkFigures({ world, office }: Scene): Promise<void> {
  const shown = await office.figures()
  if (shown === null) return
  const payments = new PaymentCounts(office.rows.paymentCounts()).all()
  const kept = JSON.stringify(shown.payments)
  if (kept !== JSON.stringify(payments))
    world.violated('figures', `the office shows ${kept}, its rows say ${JSON.stringify(payments)}`)
}

/** Once all faults are over and everything has come to its end. */
export function checkSettled(scene: Scene): void {
  const { world, office, wallet, line, provider } = scene
  const books = booksOf(office)
  if (books === null) return
  check(scene)
  const unsettled = ['held', 'paying', 'refund_due', 'stuck']
  const open = books.reservations.filter(({ state }) => unsettled.includes(state))
  if (open.length > 0) world.violated('progress', `still open: ${JSON.stringify(open)}`)
  const errands = office.database.sql.exec('SELECT kind, subject FROM errands').toArray()
  if (errands.length > 0) world.violated('progress', `still owed: ${JSON.stringify(errands)}`)
  const sold = books.reservations.filter(({ state }) => state === 'paid')
  const paid = books.payments.filter(({ state }) => state === 'paid')
  const byWallet = paid.filter(({ method }) => method === 'wallet')
  const price = byWallet.reduce((sum, { amount }) => sum + amount, 0)
  const { sales } = wallet.rows.totals()
  if (sales !== price) world.violated('INV-10', `${price} were sold and ${sales} taken`)
  const ours = paid.filter(({ method }) => method === 'provider').map(({ payment_id }) => payment_id)
  const theirs = provider.paidIds()
  if (ours.toSorted().join() !== theirs.toSorted().join())
    world.violated('INV-10', `the provider has the money of ${theirs.join()}, sold was to ${ours.join()}`)
  if (paid.length !== sold.length) world.violated('INV-10', 'what is sold is not what is paid')
  for (const { reservation_id, admission_id } of sold) {
    if (!line.hasEnded(admission_id)) world.violated('progress', `the line never heard of ${reservation_id}`)
  }
  checkNews(scene, books)
}

/** The shop has heard of everything that it is told of, and of no sale that was none. */
function checkNews({ world, shop }: Scene, { reservations }: Books): void {
  const ids = (...states: string[]) =>
    reservations.flatMap((row) => (states.includes(row.state) ? [row.reservation_id] : []))
  const sold = ids('paid').map((id) => `order.paid:${id}`)
  const owed = [...sold, ...ids('expired', 'failed').map((id) => `hold.expired:${id}`)]
  const untold = owed.filter((subject) => !shop.told.has(subject))
  if (untold.length > 0) world.violated('progress', `the shop never heard of ${untold.join()}`)
  const invented = [...shop.told.keys()].filter(
    (subject) => subject.startsWith('order.paid:') && !sold.includes(subject),
  )
  if (invented.length > 0) world.violated('INV-10', `the shop heard of ${invented.join()}`)
}

function booksOf({ database }: SimOffice): Books | null {
  const planned = database.sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'seats'").toArray()
  if (planned.length === 0) return null
  return {
    seats: database.sql.exec<SeatRow>('SELECT * FROM seats').toArray(),
    reservations: database.sql.exec<ReservationRow>('SELECT * FROM reservations').toArray(),
    payments: database.sql.exec<PaymentRow>('SELECT * FROM payments').toArray(),
    answered: new Set(
      database.sql
        .exec<{ id: string }>("SELECT answer ->> 'reservationId' AS id FROM operations")
        .toArray()
        .map(({ id }) => id),
    ),
  }
}

function checkSeats(world: PurchaseWorld, { seats, reservations, answered }: Books): void {
  const holders = new Map<string, string>()
  const unanswered = reservations.find(({ reservation_id }) => !answered.has(reservation_id))
  if (unanswered !== undefined) world.violated('INV-10', 'one request has made two reservations')
  for (const { reservation_id, seat_ids, state } of reservations) {
    const expected = SEATS_OF[state]
    if (expected === undefined) continue
    for (const seatId of JSON.parse(seat_ids) as string[]) {
      const other = holders.get(seatId)
      if (other !== undefined) world.violated('INV-10', `${seatId} belongs to ${other} and ${reservation_id}`)
      holders.set(seatId, reservation_id)
      const seat = seats.find(({ seat_id }) => seat_id === seatId)
      if (seat?.state !== expected || seat.reservation_id !== reservation_id)
        world.violated(
          'INV-10',
          `${seatId} of ${reservation_id}, which is ${state}, is ${JSON.stringify(seat)}`,
        )
    }
  }
  const taken = seats.filter(({ state }) => state !== 'free')
  if (taken.length !== holders.size) world.violated('INV-10', 'a seat is taken by nobody')
}

function checkPayments({ world, wallet, office }: Scene, { reservations, payments }: Books): void {
  const paid = new Set<string>()
  const owed = new Set(
    office.database.sql
      .exec<{ kind: string; subject: string }>('SELECT kind, subject FROM errands')
      .toArray()
      .map(({ kind, subject }) => `${kind} ${subject}`),
  )
  const waiting = new Map(reservations.map((row) => [row.payment_id, row.state]))
  for (const { payment_id, reservation_id, state } of payments) {
    // One that lost to another is called back.
    const isOwed = owed.has(`close ${payment_id}`)
    if (state === 'pending' && waiting.get(payment_id) !== 'paying' && !isOwed)
      world.violated('INV-10', `${reservation_id} does not wait for its payment`)
    if (state !== 'paid') continue
    if (paid.has(reservation_id)) world.violated('INV-10', `${reservation_id} is paid twice`)
    paid.add(reservation_id)
  }
  const twice = wallet.database.sql
    .exec(
      "SELECT reference FROM operations WHERE kind = 'payment' AND refused = 0 GROUP BY reference HAVING count(*) > 1",
    )
    .toArray()
  if (twice.length > 0) world.violated('INV-10', `taken twice out of a wallet: ${JSON.stringify(twice)}`)
}

/** What a buyer was told stays true: a hold until its end, a sale for ever. */
function checkPromises({ world, buyers }: Scene, { reservations }: Books): void {
  const byId = new Map(reservations.map((row) => [row.reservation_id, row]))
  for (const { userId, promised } of buyers) {
    for (const { reservation, isTouched, isPaid } of promised) {
      const state = byId.get(reservation.reservationId)?.state
      if (isPaid && state !== 'paid')
        world.violated('INV-10', `${reservation.reservationId}, paid by ${userId}, is ${state}`)
      const isHeld = !isTouched && world.nowMs < Date.parse(reservation.expiresAt)
      if (isHeld && state !== 'held')
        world.violated('INV-10', `${reservation.reservationId}, held for ${userId}, is ${state}`)
    }
  }
}
