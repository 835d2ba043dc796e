/** One visitor who stands in the line of one event again and again, until the crowd is sent home. */
import { PollAttention, StreamAttention } from './attention.ts'
import type { SeededRandom } from './random.ts'
import { Visit, type Way } from './visit.ts'
import { callQueue, wrongAnswer, type Identity, type World } from './world.ts'

const POLLERS = 0.25
const WAYS: readonly (readonly [share: number, way: Way])[] = [
  [0.02, 'no-show'],
  [0.07, 'leave-line'],
  [0.12, 'leave-shop'],
  [0.24, 'rival'],
]

export class Visitor {
  readonly eventId: string
  /** The join number while the place surely waits, for whoever sweeps the line. */
  waitingAs: number | null = null
  readonly #world: World
  readonly #random: SeededRandom
  #who: Identity | null = null

  constructor(world: World, eventId: string, random: SeededRandom) {
    this.#world = world
    this.eventId = eventId
    this.#random = random
  }

  async live(): Promise<void> {
    const session = await this.#world.client.call('POST', '/api/v1/sessions', { body: {} })
    if (session.status !== 201) return wrongAnswer(this.#world, 'session', session)
    const { userId, token } = session.body
    const who = { eventId: this.eventId, userId, bearer: token }
    this.#who = who
    while (!this.#world.isClosing) await this.#stand(who)
  }

  /** The position of the place with this join number; null when it does not wait any more. */
  async position(joinNumber: number): Promise<number | null> {
    if (this.waitingAs !== joinNumber || this.#who === null) return null
    const { status, body } = await callQueue(this.#world, this.#who, 'GET')
    // Whether it was allowed to end is judged by the visit itself.
    return status === 200 && body.state === 'WAITING' && body.joinNumber === joinNumber ? body.position : null
  }

  async #stand(who: Identity): Promise<void> {
    const joined = await callQueue(this.#world, who, 'POST')
    if (joined.status !== 200 && joined.status !== 201) return wrongAnswer(this.#world, 'join', joined)
    this.#world.places.acknowledged(who, joined.body)
    this.#world.places.saw(who, joined.body, joined.said)
    this.waitingAs = joined.body.joinNumber
    const attention = this.#random.chance(POLLERS)
      ? new PollAttention(this.#world, who, this.#random)
      : new StreamAttention(this.#world, who)
    try {
      await new Visit(this.#world, who, attention, this.#random).live(this.#drawWay())
    } finally {
      this.waitingAs = null
      attention.close()
    }
  }

  #drawWay(): Way {
    const drawn = this.#random.next()
    return WAYS.find(([share]) => drawn < share)?.[1] ?? 'shop'
  }
}
