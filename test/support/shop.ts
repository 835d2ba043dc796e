/** The purchase chapter of the HTTP contract: who is inside, holds seats and pays. */
import { mapBounded } from '../../src/bounded.ts'
import { ADMIN_KEY, eventually, type Answer, type Api, type Visitor } from './usher.ts'

/** Requests at once of what only prepares a test. */
const WIDTH = 32

export type Buyer = Visitor & { readonly admissionId: string; readonly entryToken: string }

export type Section = {
  readonly name: string
  readonly rows: number
  readonly seatsPerRow: number
  readonly price: number
}

/** One method for what a buyer does most. */
export class ShopApi {
  readonly #api: Api
  /** The same visitors and events at a server that was started anew. */
  constructor(api: Api) {
    this.#api = api
  }

  plan(eventId: string, sections: readonly Section[]): Promise<Answer> {
    return this.#api.admin('PUT', `events/${eventId}/seats`, { sections })
  }

  seats(eventId: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.#api.request('GET', `/api/v1/events/${eventId}/seats`, { headers })
  }

  hold(eventId: string, buyer: Buyer, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.#ask('POST', eventId, '', buyer, headers, body)
  }

  reservation(eventId: string, buyer: Visitor, reservationId: string): Promise<Answer> {
    return this.#api.request('GET', `/api/v1/events/${eventId}/reservations/${reservationId}`, {
      token: buyer.token,
    })
  }

  giveUp(eventId: string, buyer: Buyer, reservationId: string): Promise<Answer> {
    return this.#ask('DELETE', eventId, `/${reservationId}`, buyer, {})
  }

  pay(
    eventId: string,
    buyer: Buyer,
    reservationId: string,
    headers: Record<string, string> = {},
    body: unknown = { method: 'wallet' },
  ): Promise<Answer> {
    return this.#ask('POST', eventId, `/${reservationId}/payment`, buyer, headers, body)
  }

  charge(visitor: Visitor, amount: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const path = '/api/v1/wallet/charge'
    return this.#api.request('POST', path, { token: visitor.token, body: { amount }, headers })
  }

  async balance(visitor: Visitor): Promise<number> {
    return (await this.#api.request('GET', '/api/v1/wallet', { token: visitor.token })).body.balance
  }

  statement(visitor: Visitor, query = ''): Promise<Answer> {
    return this.#api.request('GET', `/api/v1/wallet/statement${query}`, { token: visitor.token })
  }

  ledger(): Promise<Answer> {
    return this.#api.request('GET', '/api/v1/admin/ledger', { token: ADMIN_KEY })
  }

  /** A new visitor, inside. */
  async buyer(eventId: string): Promise<Buyer> {
    return this.enter(eventId, await this.#api.visitor())
  }

  /** All of them inside an event that has room for them: they join side by side and are admitted together. */
  async enterAll(eventId: string, visitors: readonly Visitor[]): Promise<Buyer[]> {
    await mapBounded(visitors, WIDTH, (visitor) => this.#api.join(eventId, visitor))
    const isFull = async () => ((await this.#api.status(eventId)).body.waiting === 0 ? true : null)
    await eventually(isFull, 30_000)
    return mapBounded(visitors, WIDTH, (visitor) => this.enter(eventId, visitor))
  }

  async enter(eventId: string, visitor: Visitor): Promise<Buyer> {
    const joined = (await this.#api.join(eventId, visitor)).body
    const { admissionId, entryToken } =
      joined.state === 'ADMITTED' ? joined : await this.#api.admitted(eventId, visitor, 20_000)
    return { ...visitor, admissionId, entryToken }
  }

  #ask(
    method: string,
    eventId: string,
    path: string,
    { token, entryToken }: Buyer,
    headers: Record<string, string>,
    body?: unknown,
  ): Promise<Answer> {
    return this.#api.request(method, `/api/v1/events/${eventId}/reservations${path}`, {
      token,
      headers: { ...(entryToken !== '' && { 'entry-token': entryToken }), ...headers },
      ...(body !== undefined && { body }),
    })
  }
}
