/** An event that sells seats, for tests of its purchase chapter. */
import { ShopApi, type Buyer } from './shop.ts'
import type { Api } from './usher.ts'

export const HALL = [
  { name: 'A', rows: 3, seatsPerRow: 5, price: 1_500 },
  { name: '나 구역', rows: 1, seatsPerRow: 2, price: 900 },
]

/** An event with seats, and one who is inside. Whoever joins it while there is room is inside at once. */
export async function openSale(api: Api, config: object = {}): Promise<{ eventId: string; ann: Buyer }> {
  const shop = new ShopApi(api)
  const eventId = await api.event({ queueing: 'passthrough', ...config })
  await shop.plan(eventId, HALL)
  return { eventId, ann: await shop.buyer(eventId) }
}

/** The state of a seat. */
export async function stateOf(shop: ShopApi, eventId: string, seatId: string): Promise<string> {
  const { body } = await shop.seats(eventId)
  return body.seats.find((seat: { seatId: string }) => seat.seatId === seatId).state
}

let keys = 0
/** The header with a key that no other request has. */
export function key(): Record<string, string> {
  keys += 1
  return { 'idempotency-key': `key ${keys}` }
}
