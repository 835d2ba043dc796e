/** The bench's door into a line (workers/inside): many acts in one call. */
import { UsherClient } from './usher-client.ts'

export class InsideClient extends UsherClient {
  /** Visitors `from` up to `to` join; their ids are made of their numbers. */
  join(eventId: string, from: number, to: number): Promise<void> {
    return this.#tell('join', eventId, { from, to })
  }

  /** As many calls as it takes: a hundred thousand ids in one body would be parsed at once. */
  async joinNamed(eventId: string, userIds: readonly string[]): Promise<void> {
    await this.#tell('join-named', eventId, {}, userIds)
  }

  /** A sign of life of each. */
  poll(eventId: string, from: number, to: number): Promise<void> {
    return this.#tell('poll', eventId, { from, to })
  }

  leave(eventId: string, from: number, to: number): Promise<void> {
    return this.#tell('leave', eventId, { from, to })
  }

  /** So many alarms, one after the other. */
  ticks(eventId: string, count: number): Promise<void> {
    return this.#tell('ticks', eventId, { count })
  }

  /** Reads the rows of everybody who waits, and does nothing with them. */
  read(eventId: string): Promise<void> {
    return this.#tell('read', eventId, {})
  }

  /** Ends the object, as a deploy does; the next call to it starts another from the rows. */
  async end(eventId: string): Promise<void> {
    const response = await this.#post('end', eventId, {})
    await response.text()
  }

  async #tell(
    what: string,
    eventId: string,
    range: Readonly<Record<string, number>>,
    body?: unknown,
  ): Promise<void> {
    const response = await this.#post(what, eventId, range, body)
    const text = await response.text()
    if (!response.ok) throw new Error(`/bench/${what} answered ${response.status}: ${text}`)
  }

  #post(
    what: string,
    eventId: string,
    range: Readonly<Record<string, number>>,
    body?: unknown,
  ): Promise<Response> {
    const query = new URLSearchParams({ event: eventId })
    for (const [name, value] of Object.entries(range)) query.set(name, String(value))
    const content = body === undefined ? null : JSON.stringify(body)
    return fetch(`${this.url}/bench/${what}?${query.toString()}`, { method: 'POST', body: content })
  }
}
