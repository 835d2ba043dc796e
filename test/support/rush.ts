/** A rush for seats over HTTP, and what must be true after it. */
import { mapBounded } from '../../src/bounded.ts'
import type { Answer, Api, Visitor } from './usher.ts'
import type { Buyer, ShopApi } from './shop.ts'

export const PRICE = 100

export type Outcome = {
  readonly buyer: Buyer
  /** Seats of reservations that were acknowledged as paid. */
  readonly bought: readonly string[]
  /** How long each refusal took. */
  readonly refusedMs: readonly number[]
}

export type Attempt = (ask: () => Promise<Answer>) => Promise<Answer | null>

/** Asks once. */
export const once: Attempt = (ask) => ask()

/** Those who want these seats at the same moment; who gets them pays at once. */
export function rush(
  shop: ShopApi,
  eventId: string,
  wishes: readonly { readonly buyer: Buyer; readonly body: unknown }[],
  attempt: Attempt = once,
): Promise<Outcome[]> {
  return Promise.all(wishes.map(({ buyer, body }) => buy(shop, eventId, buyer, body, attempt)))
}

async function buy(
  shop: ShopApi,
  eventId: string,
  buyer: Buyer,
  body: unknown,
  attempt: Attempt,
): Promise<Outcome> {
  // Who may have to ask again has a key; one that is never asked with again costs two calls of objects for nothing.
  const headers: Record<string, string> =
    attempt === once ? {} : { 'idempotency-key': `hold ${crypto.randomUUID()}` }
  const askedMs = performance.now()
  const held = await attempt(() => shop.hold(eventId, buyer, body, headers))
  const nothing = { buyer, bought: [], refusedMs: [] }
  if (held === null) return nothing
  if (held.status === 409) return { ...nothing, refusedMs: [performance.now() - askedMs] }
  if (held.status !== 201) throw new Error(`a hold is answered ${held.status} ${JSON.stringify(held.body)}`)
  const paid = await attempt(() => shop.pay(eventId, buyer, held.body.reservationId))
  if (paid === null) return nothing
  if (paid.status === 410) return nothing
  if (paid.status !== 200)
    throw new Error(`a payment is answered ${paid.status} ${JSON.stringify(paid.body)}`)
  return { buyer, bought: held.body.seatIds, refusedMs: [] }
}

/** New visitors, each with this much money. */
export function richVisitors(api: Api, shop: ShopApi, count: number, amount: number): Promise<Visitor[]> {
  return mapBounded(Array.from({ length: count }), 32, async () => {
    const visitor = await api.visitor()
    await shop.charge(visitor, amount)
    return visitor
  })
}

/** The books of a run: what is wrong with them, in words. Empty when all is well. */
export async function violationsOf(
  shop: ShopApi,
  eventId: string,
  outcomes: readonly Outcome[],
  books: { readonly salesBefore: number; readonly charged: number },
): Promise<string[]> {
  const found: string[] = []
  const bought = outcomes.flatMap((outcome) => outcome.bought)
  const twice = bought.filter((seatId, index) => bought.indexOf(seatId) !== index)
  if (twice.length > 0) found.push(`${twice.length} seats sold twice: ${twice.slice(0, 5).join(', ')}`)
  const { seats } = (await shop.seats(eventId)).body as { seats: { seatId: string; state: string }[] }
  const sold = seats.filter(({ state }) => state === 'sold').map(({ seatId }) => seatId)
  const missing = bought.filter((seatId) => !sold.includes(seatId))
  if (missing.length > 0) found.push(`${missing.length} seats were paid for and are not sold`)
  const ledger = (await shop.ledger()).body
  if (ledger.balanced !== true) found.push(`the ledger does not balance: ${JSON.stringify(ledger)}`)
  if (ledger.sales - books.salesBefore !== sold.length * PRICE) {
    found.push(
      `${sold.length} seats are sold, and ${(ledger.sales - books.salesBefore) / PRICE} were paid for`,
    )
  }
  if (-ledger.funding !== books.charged)
    found.push(`${-ledger.funding} was charged instead of ${books.charged}`)
  return found
}
