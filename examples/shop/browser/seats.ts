/** The page of the seats: choose, hold, pay. What is not known here is asked of Usher, which decides everything. */
import { Hall } from './hall.ts'
import { element, keptReservation, say, saleOfPage } from './page.ts'
import { clockText, moneyText, refusalText } from './texts.ts'
import { usherOf } from './usher.ts'
import type { Answer, Refusal, Reservation, SeatMap, SeatState } from './usher.ts'

/** Whoever looks at the page is inside: the shop's server renews the visit while it hears of them. */
const HERE_EVERY_MS = 30_000
const TICKET_PAGE = '/ticket'

type SeatsEvent = {
  readonly version: number
  readonly previousVersion: number
  readonly seats: readonly { readonly seatId: string; readonly state: SeatState }[]
}

const sale = saleOfPage()
const usher = usherOf(sale.usherUrl, sale.eventId)
const kept = keptReservation(sale.eventId)
const hall = new Hall(sale.currency, showChosen)
const holding = element('#choose button', HTMLButtonElement)
const sum = element('#sum', HTMLElement)
const paying = element('#pay', HTMLFormElement)
const clock = element('#clock', HTMLElement)

/** Without the entry token nothing can be held. */
const entered = Promise.withResolvers<void>()
let reservation: Reservation | null = null
/** How far Usher's clock is ahead of this one: the end of a hold is by Usher's. */
let aheadMs = 0

element('#choose', HTMLFormElement).addEventListener('submit', (event) => {
  event.preventDefault()
  void whileBusy(hold)
})
paying.addEventListener('submit', (event) => {
  event.preventDefault()
  const method = event.submitter?.getAttribute('value')
  void whileBusy(() =>
    method === 'wallet' ? payByWallet() : method === 'provider' ? payElsewhere() : giveUp(),
  )
})
const leaving = element('#leave', HTMLFormElement)
leaving.addEventListener('submit', (event) => {
  event.preventDefault()
  kept.forget()
  // First the seats and the admission at Usher, then the visit at the shop.
  void usher.leave().then(() => leaving.submit())
})
setInterval(tick, 500)
setInterval(() => void fetch('/seats/here', { redirect: 'manual' }).catch(() => null), HERE_EVERY_MS)
await begin()

async function begin(): Promise<void> {
  follow()
  await Promise.all([refresh(), entered.promise])
  const id = kept.read()
  const found = id === null ? null : await usher.reservation(id)
  if (found?.ok === true) take(found.value)
  else toChoosing()
}

/** The stream has the entry token, Usher's clock, and which seats change. The browser opens it again by itself. */
function follow(): void {
  const stream = usher.stream()
  const on = (name: string, hear: (data: unknown) => void): void =>
    stream.addEventListener(name, (event: MessageEvent<string>) => {
      const data = JSON.parse(event.data) as { readonly timestamp: number }
      aheadMs = data.timestamp - Date.now()
      hear(data)
    })
  on('promotion', (data) => {
    usher.enterWith((data as { readonly entryToken: string }).entryToken)
    entered.resolve()
  })
  on('seats', (data) => void hear(data as SeatsEvent))
  // For its time.
  on('heartbeat', () => {})
  on('end', () => stream.close())
  // What changed while nobody listened.
  stream.addEventListener('open', () => void refresh())
}

async function hear({ version, previousVersion, seats }: SeatsEvent): Promise<void> {
  if (version <= hall.version) return
  if (previousVersion > hall.version || seats.length === 0) await refresh()
  else sayGone(hall.apply(version, seats))
}

async function refresh(): Promise<void> {
  const map: Answer<SeatMap> = await usher.seats()
  if (map.ok && map.value.version >= hall.version) sayGone(hall.show(map.value))
  else if (!map.ok) refuse(map.error)
}

function sayGone(seatIds: readonly string[]): void {
  if (seatIds.length > 0) say(`${seatIds.join(', ')}: just taken by somebody else.`)
}

function showChosen(): void {
  const { chosen } = hall
  holding.disabled = chosen.length === 0
  const total = moneyText(
    chosen.reduce((amount, { price }) => amount + price, 0),
    sale.currency,
  )
  sum.textContent =
    chosen.length === 0
      ? 'Choose up to four seats.'
      : `${chosen.map(({ seatId }) => seatId).join(', ')}: ${total}`
}

async function hold(): Promise<void> {
  const held = await usher.hold(hall.chosen.map(({ seatId }) => seatId))
  if (held.ok) {
    take(held.value)
    // The first of them is what one wants to do next.
    paying.querySelector('button')?.focus()
    return
  }
  refuse(held.error)
  await refresh()
}

/** The page follows the reservation. */
function take(found: Reservation): void {
  if (found.state === 'paid') return location.assign(TICKET_PAGE)
  if (found.state !== 'held' && found.state !== 'paying') return toChoosing()
  reservation = found
  kept.keep(found.reservationId)
  hall.open(false, found.seatIds)
  const amount = moneyText(found.amount, sale.currency)
  element('#held', HTMLElement).textContent = `${found.seatIds.join(', ')} for ${amount}`
  show(true)
  say(`You hold ${found.seatIds.join(', ')}. Please pay in time.`)
  void showBalance()
}

function toChoosing(): void {
  reservation = null
  kept.forget()
  show(false)
  hall.open(true)
}

function show(isPaying: boolean): void {
  paying.hidden = !isPaying
  element('#choose', HTMLElement).hidden = isPaying
}

async function showBalance(): Promise<void> {
  const wallet = await usher.balance()
  if (!wallet.ok) return
  element('#balance', HTMLElement).textContent =
    `In your wallet: ${moneyText(wallet.value.balance, sale.currency)}`
}

/** What is missing is charged first; charging costs nothing here. */
async function payByWallet(): Promise<void> {
  if (reservation === null) return
  const { reservationId, amount } = reservation
  const wallet = await usher.balance()
  if (!wallet.ok) return refuse(wallet.error)
  const missing = amount - wallet.value.balance
  const charged = missing > 0 ? await usher.charge(missing) : wallet
  if (!charged.ok) return refuse(charged.error)
  const paid = await usher.pay(reservationId, 'wallet')
  if (!paid.ok) return lookAgain(paid.error)
  location.assign(TICKET_PAGE)
}

/** The provider's page leads back to the ticket. */
async function payElsewhere(): Promise<void> {
  if (reservation === null) return
  const begun = await usher.pay(reservation.reservationId, 'provider')
  if (!begun.ok) return lookAgain(begun.error)
  location.assign(begun.value.checkoutUrl ?? TICKET_PAGE)
}

async function giveUp(): Promise<void> {
  if (reservation === null) return
  const given = await usher.giveUp(reservation.reservationId)
  if (!given.ok) return lookAgain(given.error)
  toChoosing()
  await refresh()
  say('The seats are free again.')
}

/** A refusal may mean that the hold has ended: Usher knows. */
async function lookAgain(error: Refusal): Promise<void> {
  if (reservation !== null) {
    const found = await usher.reservation(reservation.reservationId)
    if (found.ok) take(found.value)
  }
  refuse(error)
}

function tick(): void {
  if (reservation === null) return
  const leftMs = Date.parse(reservation.expiresAt) - (Date.now() + aheadMs)
  clock.textContent = clockText(Math.max(0, Math.ceil(leftMs / 1_000)))
  if (leftMs <= 0) void whileBusy(overtime)
}

async function overtime(): Promise<void> {
  if (reservation === null) return
  const found = await usher.reservation(reservation.reservationId)
  if (!found.ok || found.value.state === 'held' || found.value.state === 'paying') return
  take(found.value)
  await refresh()
  refuse({ code: 'reservation-expired', seatIds: [] })
}

function refuse({ code }: Refusal): void {
  say(refusalText(code))
}

/** One thing at a time; a second press of a button is no second wish. */
async function whileBusy(work: () => Promise<void>): Promise<void> {
  const { dataset } = document.body
  if (dataset['busy'] !== undefined) return
  dataset['busy'] = ''
  try {
    await work()
  } finally {
    delete dataset['busy']
  }
}
