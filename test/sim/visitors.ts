/** Visitors and the shop: join, ask, listen, leave, redeem, renew, release; some twice, some with what is not theirs. */
import type { LineFailure } from '../../src/core/failures.ts'
import type { PlaceRecord } from '../../src/core/records.ts'
import type { Result } from '../../src/core/result.ts'
import type { Admission, Place } from '../../src/core/views.ts'
import type { LineEngine } from '../../src/durable/line-engine.ts'
import type { SimHost } from './host.ts'
import { Violation } from './invariants.ts'
import { rankOf } from './truth.ts'
import type { World } from './world.ts'

type Answer<T> = Result<T, LineFailure>
type Truth = { readonly place: PlaceRecord | null; readonly rank: number | null; readonly moment: number }

const NOTHING: Truth = { place: null, rank: null, moment: 0 }

/** What a visitor's browser and the shop remember of an event. */
export class Crowd {
  readonly #world: World
  /** Admissions that were shown, by event. */
  readonly known = new Map<string, string[]>()

  constructor(world: World) {
    this.#world = world
  }

  /** One thing that a visitor, a shop or a thief does. */
  act(host: SimHost): void {
    const { random } = this.#world
    const userId = random.pick(this.#world.userIds)
    const roll = random.between(0, 19)
    if (roll < 5) this.join(host, userId)
    else if (roll < 8) this.listen(host, userId, random.chance(0.7))
    else if (roll < 9) this.hangUp(host, userId)
    else if (roll < 12) this.poll(host, userId)
    else if (roll < 13) this.leave(host, userId)
    else this.#shop(host, roll)
  }

  #shop(host: SimHost, roll: number): void {
    const { random } = this.#world
    const known = this.known.get(host.eventId) ?? []
    if (known.length === 0) return this.join(host, random.pick(this.#world.userIds))
    const admissionId = random.chance(0.7) ? (known.at(-1) ?? '') : random.pick(known)
    if (roll < 16) this.redeem(host, admissionId, random.chance(0.8) ? 'own' : 'thief')
    else if (roll < 17) this.renew(host, admissionId)
    else if (roll < 19) {
      this.release(host, admissionId, random.chance(0.7) ? 'completed' : 'cancelled')
      if (random.chance(0.3)) this.release(host, admissionId, 'cancelled')
    } else this.forge(host)
  }

  join(host: SimHost, userId: string): void {
    if (host.shards.number > 0) this.#joinByShard(host, userId)
    else this.#joinAtLine(host, userId)
  }

  #joinByShard(host: SimHost, userId: string): void {
    const world = this.#world
    world.scheduler.after(world.delayMs('network'), () => {
      // Their number may have changed on the way.
      if (host.shards.number === 0) return
      world.trace(() => `${host.eventId}: ${userId} joins by a shard`)
      void this.#hearShard(host, userId)
    })
  }

  async #hearShard(host: SimHost, userId: string): Promise<void> {
    const { joined, moment } = await host.shards.join(userId, (place) => this.#decidedNow(host, place))
    try {
      if (joined.ok) this.#sawPlace(host, joined.value.place, moment)
    } catch (error) {
      this.#world.unexpected(`${userId} joins by a shard`, error)
    }
  }

  #decidedNow(host: SimHost, place: Place): number {
    const truth = this.#truthOf(host, place.userId)
    this.#decidedPlace(host, place, truth)
    return truth.moment
  }

  #joinAtLine(host: SimHost, userId: string): void {
    this.#ask<{ place: Place }>(
      host,
      `${userId} joins`,
      (engine) => engine.visits.join(userId),
      ({ place }, { moment }) => this.#sawPlace(host, place, moment),
      () => this.#truthOf(host, userId),
      ({ place }, truth) => this.#decidedPlace(host, place, truth),
    )
  }

  poll(host: SimHost, userId: string): void {
    this.#ask<Place>(
      host,
      `${userId} asks`,
      (engine) => engine.visits.place(userId),
      (place, { moment }) => this.#sawPlace(host, place, moment),
      () => this.#truthOf(host, userId),
      (place, truth) => this.#decidedPlace(host, place, truth),
    )
  }

  leave(host: SimHost, userId: string): void {
    this.#ask(host, `${userId} leaves`, (engine) => engine.visits.leave(userId))
  }

  listen(host: SimHost, userId: string, joins: boolean): void {
    if (host.streamShards.number > 0) this.#listenAtShard(host, userId, joins)
    else this.#listenAtLine(host, userId, joins)
  }

  #listenAtShard(host: SimHost, userId: string, joins: boolean): void {
    const world = this.#world
    world.scheduler.after(world.delayMs('network'), () => {
      // Their number may have changed on the way.
      if (host.streamShards.number === 0) return
      world.trace(() => `${host.eventId}: ${userId} listens at a shard`)
      void host.streamShards.open(userId, joins, () => this.listen(host, userId, false))
    })
  }

  #listenAtLine(host: SimHost, userId: string, joins: boolean): void {
    this.#ask(
      host,
      `${userId} listens`,
      (engine) => Promise.resolve(engine.visits.openStream(userId, joins, false)),
      () => host.streams?.show(userId),
    )
  }

  hangUp(host: SimHost, userId: string): void {
    this.#world.trace(() => `${userId} hangs up on ${host.eventId}`)
    host.touched = true
    if (host.streamShards.hangUp(userId)) return
    try {
      host.streams?.close(userId)
    } catch (error) {
      this.#world.trace(() => String(error))
    }
  }

  redeem(host: SimHost, admissionId: string, who: string): void {
    const sessionDigest = `${who} of ${admissionId}`
    this.#ask<Admission>(
      host,
      `${who} redeems ${admissionId}`,
      (engine) => engine.shop.redeem({ admissionId, sessionDigest }),
      () => this.#world.oracle.redeemed(admissionId, sessionDigest),
    )
  }

  renew(host: SimHost, admissionId: string): void {
    this.#ask<Admission>(
      host,
      `renew ${admissionId}`,
      (engine) => engine.shop.renew(admissionId),
      this.#sawAdmission,
    )
  }

  release(host: SimHost, admissionId: string, outcome: 'completed' | 'cancelled'): void {
    this.#ask<Admission>(
      host,
      `${outcome} ${admissionId}`,
      (engine) => engine.shop.release(admissionId, outcome),
      this.#sawAdmission,
    )
  }

  revoke(host: SimHost, admissionId: string): void {
    this.#ask<Admission>(
      host,
      `revoke ${admissionId}`,
      (engine) => engine.shop.revoke(admissionId),
      this.#sawAdmission,
    )
  }

  /** An admission that nobody was given. */
  forge(host: SimHost): void {
    const admissionId = `${host.eventId}.${'f'.repeat(22)}`
    this.#ask(
      host,
      'somebody forges',
      (engine) => engine.shop.redeem({ admissionId, sessionDigest: 'thief' }),
      () => {
        throw new Violation('INV-5', 'a forged admission was redeemed')
      },
    )
  }

  readonly #sawAdmission = (admission: Admission): void => this.#world.oracle.shownAdmission(admission)

  /** What the rows say of a visitor in the very turn in which the line answers. */
  #truthOf(host: SimHost, userId: string): Truth {
    const place = host.rows.latestPlace(userId)
    const rank = place?.state === 'WAITING' ? rankOf(host, place.number) : null
    return { place, rank, moment: this.#world.oracle.moment() }
  }

  #decidedPlace(host: SimHost, told: Place, truth: Truth): void {
    if (host.rows.event?.config.queueing === 'passthrough') return
    if (told.joinNumber !== truth.place?.joinNumber)
      throw new Violation(
        'INV-4',
        `${told.userId} has place ${truth.place?.joinNumber}, is told ${told.joinNumber}`,
      )
    if (told.position !== truth.rank)
      throw new Violation('INV-8', `${told.userId} is told ${told.position}, and is ${truth.rank}`)
  }

  #sawPlace(host: SimHost, place: Place, moment: number): void {
    const { oracle } = this.#world
    oracle.answeredPlace(host, place.joinNumber, place.userId)
    // A passthrough join answers later than it decides, so nobody knows of which moment its position is.
    if (host.rows.event?.config.queueing !== 'passthrough')
      oracle.shownPosition(host, place.joinNumber, place.position, moment)
    if (place.entryToken === null || place.admissionId === null) return
    oracle.shownToken(place.admissionId, place.entryToken)
    const known = this.known.get(host.eventId) ?? []
    this.known.set(host.eventId, known)
    if (!known.includes(place.admissionId)) known.push(place.admissionId)
  }

  /**
   * There and back. `truth` is asked in the turn of the call, `decided` compares the answer with it, `saw` looks at it
   * when the output gate lets it out.
   */
  #ask<T>(
    host: SimHost,
    what: string,
    call: (engine: LineEngine) => Promise<Answer<unknown>>,
    saw: (value: T, truth: Truth) => void = () => {},
    truth: () => Truth = () => NOTHING,
    decided: (value: T, truth: Truth) => void = () => {},
  ): void {
    const world = this.#world
    world.scheduler.after(world.delayMs('network'), () => {
      world.trace(() => `${host.eventId}: ${what}`)
      host.touched = true
      const engine = host.wake()
      const { life } = host
      const answered = answerOf(() => call(engine))
      const told = truth()
      void this.#hear({ host, life, what }, answered, (value) => {
        decided(value as T, told)
        host.whenDurable(() => saw(value as T, told))
      })
    })
  }

  /** An answer of a life that is over is never sent. */
  async #hear(
    { host, life, what }: { host: SimHost; life: number; what: string },
    answered: Promise<Answer<unknown>>,
    heard: (value: unknown) => void,
  ): Promise<void> {
    try {
      const answer = await answered
      if (life === host.life && answer.ok) heard(answer.value)
    } catch (error) {
      if (life === host.life) this.#world.unexpected(what, error)
    }
  }
}

/** What is thrown before the first await is an answer too. */
async function answerOf<T>(call: () => Promise<T>): Promise<T> {
  return await call()
}
