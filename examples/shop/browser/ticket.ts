/** The page of the ticket: where the seats page and the payment provider lead to. */
import { element, keptReservation, say, saleOfPage } from './page.ts'
import { moneyText } from './texts.ts'
import { usherOf } from './usher.ts'
import type { Reservation } from './usher.ts'

/** The provider's word may be on its way still. */
const AGAIN_MS = 2_000

const sale = saleOfPage()
const usher = usherOf(sale.usherUrl, sale.eventId)

async function look(): Promise<void> {
  const id = keptReservation(sale.eventId).read()
  const found = id === null ? null : await usher.reservation(id)
  if (found === null) return say('There is no order in this tab.')
  if (!found.ok) return again('There was no answer; asking again.')
  if (found.value.state === 'paid') return showTicket(found.value)
  if (found.value.state === 'paying') return again('The payment is on its way.')
  const isHeld = found.value.state === 'held'
  say(
    isHeld
      ? 'It is not paid yet; the seats are still yours.'
      : 'It was not paid, and the seats are free again.',
  )
  element('#back', HTMLElement).hidden = false
}

function again(text: string): void {
  say(text)
  setTimeout(() => void look(), AGAIN_MS)
}

function showTicket({ seatIds, amount, reservationId }: Reservation): void {
  element('#seats', HTMLElement).textContent = seatIds.join(', ')
  element('#amount', HTMLElement).textContent = moneyText(amount, sale.currency)
  element('#order', HTMLElement).textContent = reservationId
  element('#ticket', HTMLElement).hidden = false
  say('Paid. The next in line has just been let in.')
}

await look()
