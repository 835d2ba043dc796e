/**
 * The stream shards of one simulated line: real ShardStreams, which may die with all their streams, live twice at once,
 * have their calls refused, repeated or not answered, and whose number changes while people listen.
 */
import type { StreamView } from '../../src/core/stream-view.ts'
import { UPDATE_SECONDS_FAR } from '../../src/core/limits.ts'
import { shardOf } from '../../src/core/scale.ts'
import type { LineEngine } from '../../src/durable/line-engine.ts'
import { ShardStreams } from '../../src/durable/shard-streams.ts'
import type {
  FollowAnswer,
  FollowRequest,
  RemoteOpened,
  RemoteOpening,
} from '../../src/ports/stream-shards.ts'
import type { SimHost } from './host.ts'
import { Violation } from './invariants.ts'
import { Random } from './random.ts'
import { StreamClient, type Word } from './stream-client.ts'
import { rankOf } from './truth.ts'
import type { World } from './world.ts'

/** Share of the worlds in which there are stream shards at all, and what makes it a draw of its own. */
const WORLDS = 0.4
const OTHER_SEED = 7_000_003
const NUMBERS = [0, 1, 2, 3] as const
const SKEW_MS = 100
/** Each step, in a world with stream shards. */
const NUMBER_CHANGES = 0.05
const SHARD_DIES = 0.04
const SHARD_DOUBLES = 0.02
/** Each call. */
const CALL_REFUSED = 0.04
const CALL_DOUBLED = 0.05
const CALL_UNANSWERED = 0.04
/** Each stream that has broken off. */
const COMES_BACK = 0.8
/** How long a stream may be behind the line; and, by a clock at half speed, when its place ended while
 * the line did not know of the stream. */
const BEHIND_MS_MAX = 4_000
const ENDED_UNKNOWN_MS_MAX = (2 * UPDATE_SECONDS_FAR + 5) * 1_000

type Life = {
  readonly follower: string
  readonly streams: ShardStreams
  /** Who opened which of its streams. */
  readonly userIds: Map<number, string>
  readonly clients: Set<StreamClient>
}

export class SimStreamShards {
  readonly #world: World
  readonly #host: SimHost
  /** Of its own: a world without stream shards is the same as before there were any. */
  readonly #random: Random
  readonly #isUsed: boolean
  readonly #lives = new Map<string, Life>()
  /** The life that is asked, by shard; an older one of the same shard may live beside it. */
  readonly #asked = new Map<number, Life>()
  readonly #words: Word[] = []
  #number = 0
  #born = 0

  constructor(world: World, host: SimHost, seed: number) {
    this.#world = world
    this.#host = host
    this.#random = new Random(seed + OTHER_SEED)
    this.#isUsed = new Random(world.options.seed + OTHER_SEED).chance(WORLDS)
  }

  /** How many new streams are spread over now. 0: the line holds them. */
  get number(): number {
    return this.#number
  }

  /** What may happen to them in a step of the world. */
  strike(): void {
    if (!this.#isUsed) return
    const random = this.#random
    if (random.chance(NUMBER_CHANGES)) {
      this.#number = random.pick(NUMBERS)
      this.#world.trace(() => `${this.#host.eventId} has ${this.#number} stream shards`)
    }
    if (random.chance(SHARD_DOUBLES)) this.#asked.delete(random.between(0, NUMBERS.length - 1))
    if (random.chance(SHARD_DIES) && this.#lives.size > 0) this.#die(random.pick([...this.#lives.values()]))
  }

  /** `again`: called when the stream has broken off and its client comes back. */
  async open(userId: string, joins: boolean, again: () => void): Promise<void> {
    const life = this.#life(shardOf(userId, this.#number))
    try {
      const opened = await life.streams.open(userId, joins, false)
      if (!opened.ok || !this.#isAlive(life)) return
      this.#listen(life, userId, opened.value.body, again)
    } catch (error) {
      this.#world.trace(() => `${userId} is refused by ${life.follower}: ${String(error)}`)
    }
  }

  /** Whether the visitor had a stream here. */
  hangUp(userId: string): boolean {
    const client = this.#clients().find((one) => one.userId === userId)
    if (client === undefined) return false
    void client.hangUp()
    this.#forget(client)
    return true
  }

  /** Once faults have stopped: every stream shows what the line knows, and each visitor has one. */
  look(): void {
    const { nowMs } = this.#world.scheduler
    for (const client of this.#clients()) {
      const wrong = this.#wrongWith(client)
      client.wrongSinceMs = wrong === null ? null : (client.wrongSinceMs ?? nowMs)
      const behindMs = nowMs - (client.wrongSinceMs ?? nowMs)
      if (behindMs > (wrong?.startsWith('listens') ? ENDED_UNKNOWN_MS_MAX : BEHIND_MS_MAX))
        throw new Violation('streams', `${this.#host.eventId} ${client.userId} at a shard: ${wrong}`)
    }
  }

  get hasStreams(): boolean {
    return this.#clients().length > 0
  }

  // --- What the line says, told in the turn in which it says it -------------------------------------------------------

  saidOpened(request: RemoteOpening, opened: RemoteOpened): RemoteOpened {
    return { ...opened, view: this.#said(request.userId, opened.view) }
  }

  saidNews(request: FollowRequest, answer: FollowAnswer): FollowAnswer {
    const life = this.#lives.get(request.follower)
    if (answer.kind !== 'news' || life === undefined) return answer
    const news = answer.news.map((one) => ({ ...one, view: this.#said(one.userId, one.view) }))
    const views =
      answer.views?.map((view, index) => {
        const userId = life.userIds.get(request.due[index] ?? 0)
        return view === null || userId === undefined ? null : this.#said(userId, view)
      }) ?? null
    return { ...answer, news, views }
  }

  /** The view with a number in it by which the visitor's client finds what was said. */
  #said(userId: string, view: StreamView): StreamView {
    const place = this.#host.rows.latestPlace(userId)
    if (view.kind !== 'waiting' || place === null) return view
    const { oracle } = this.#world
    const { joinNumber } = place
    const word = { joinNumber, position: view.position, since: oracle.turnBegan, moment: oracle.moment() }
    return { ...view, totalWaiting: this.#words.push(word) - 1 }
  }

  // --- Listening ------------------------------------------------------------------------------------------------------

  #listen(life: Life, userId: string, body: ReadableStream<Uint8Array>, again: () => void): void {
    const world = this.#world
    let last: Word | null = null
    const client = new StreamClient(userId, body, {
      position: (index, position) => {
        last = this.#shown(userId, last, this.#words[index], position)
      },
      promotion: (admissionId, token) => world.oracle.shownToken(admissionId, token),
      over: (reason) => {
        world.trace(() => `${this.#host.eventId}: a stream of ${userId} at ${life.follower} ends: ${reason}`)
        this.#forget(client)
        if (reason !== null || !(world.isCalm || this.#random.chance(COMES_BACK))) return
        world.scheduler.after(this.#random.between(500, 3_000), again)
      },
    })
    life.clients.add(client)
    client.read().catch((error: unknown) => world.unexpected('stream', error))
  }

  #shown(userId: string, last: Word | null, word: Word | undefined, position: number | null): Word {
    const host = this.#host
    const key = `${host.eventId} ${userId}`
    if (word === undefined || word.position !== position)
      throw this.#broken('INV-8', `${key} is shown ${position}, which was never said`)
    const { oracle } = this.#world
    oracle.answeredPlace(host, word.joinNumber, userId)
    oracle.shownPosition(host, word.joinNumber, position, word.moment, word.since)
    const place = host.rows.places.get(word.joinNumber)
    const rank = place?.state === 'WAITING' ? rankOf(host, place.number) : null
    if (rank !== null && position !== null && position < rank)
      throw this.#broken('INV-8', `${key} is shown ${position}, and is ${rank}`)
    const before = last?.joinNumber === word.joinNumber ? last.position : null
    if (before !== null && before < (position ?? Infinity))
      throw this.#broken('INV-8', `a stream of ${key} showed ${before}, then ${position}`)
    return word
  }

  #wrongWith({ userId, admissionIds }: StreamClient): string | null {
    const host = this.#host
    const own = this.#clients().filter((one) => one.userId === userId)
    if (own.length > 1 || host.streams?.listeners.has(userId) === true) return 'has another stream'
    const place = host.rows.latestPlace(userId)
    if (place?.state === 'WAITING')
      return host.line()?.waiting.get(userId)?.absentSinceMs === null ? null : 'counts as absent'
    if (place?.state !== 'ADMITTED') return `listens, and is ${place?.state}`
    return admissionIds.has(place.admissionId ?? '') ? null : 'has not heard of the admission'
  }

  #clients(): StreamClient[] {
    return [...this.#lives.values()].flatMap(({ clients }) => [...clients])
  }

  #forget(client: StreamClient): void {
    for (const { clients } of this.#lives.values()) clients.delete(client)
  }

  #broken(id: string, message: string): Violation {
    const violation = new Violation(id, message)
    this.#world.unexpected(id, violation)
    return violation
  }

  // --- Lives and their calls ------------------------------------------------------------------------------------------

  #life(shard: number): Life {
    const known = this.#asked.get(shard)
    if (known !== undefined) return known
    const world = this.#world
    const random = this.#random
    const skewMs = random.between(-SKEW_MS, SKEW_MS)
    const follower = `shard ${shard}, life ${(this.#born += 1)}`
    const streams = new ShardStreams({
      line: {
        openRemote: (requests) => {
          for (const { stream, userId } of requests) life.userIds.set(stream, userId)
          return this.#call(life, (engine) => engine.visits.openRemote(requests))
        },
        follow: (request) => {
          const told = world.mutant?.streamsNotRetold ? { ...request, opened: [] } : request
          return this.#call(life, (engine) => engine.visits.follow(told))
        },
      },
      follower,
      nowMs: () => world.scheduler.nowMs + skewMs,
      wait: (ms) => this.#after(ms, life),
      background: (work) => {
        work.catch((error: unknown) => world.unexpected(follower, error))
      },
      streamLifeMs: () => (random.chance(0.5) ? Infinity : random.between(3_000, 60_000)),
    })
    const life: Life = { follower, streams, userIds: new Map(), clients: new Set() }
    this.#lives.set(follower, life)
    this.#asked.set(shard, life)
    return life
  }

  #isAlive({ follower }: Life): boolean {
    return this.#lives.has(follower)
  }

  #die(life: Life): void {
    this.#world.trace(() => `${this.#host.eventId} loses ${life.follower}`)
    this.#lives.delete(life.follower)
    for (const [shard, asked] of this.#asked) if (asked === life) this.#asked.delete(shard)
    for (const client of life.clients) client.breakOff()
  }

  /** There and back. Never resolves when the shard dies, or the line before it has answered. */
  async #call<T>(life: Life, call: (engine: LineEngine) => Promise<T>): Promise<T> {
    const world = this.#world
    const strikes = (probability: number): boolean => !world.isCalm && this.#random.chance(probability)
    await this.#after(world.delayMs('network'), life)
    if (strikes(CALL_REFUSED)) throw new Error('the line cannot be reached')
    if (strikes(CALL_DOUBLED)) void this.#ask(call)
    const answer = await this.#ask(call)
    if (strikes(CALL_UNANSWERED)) {
      if (this.#random.chance(0.5)) throw new Error('the answer is lost')
      return new Promise(() => {})
    }
    await this.#after(world.delayMs('network'), life)
    return structuredClone(answer)
  }

  /** Never resolves when the line dies, as it never sends what is not durable. */
  #ask<T>(call: (engine: LineEngine) => Promise<T>): Promise<T> {
    const host = this.#host
    host.touched = true
    const engine = host.wake()
    const { life } = host
    return new Promise((resolve) => {
      const heard = (answer: T): void => {
        if (life !== host.life) return
        if (this.#world.mutant?.streamsTellEarly) resolve(answer)
        else host.whenDurable(() => resolve(answer))
      }
      call(engine).then(heard, (error: unknown) => {
        if (life === host.life) this.#world.unexpected('a call of a stream shard', error)
      })
    })
  }

  #after(ms: number, life: Life): Promise<void> {
    return new Promise((resolve) => {
      this.#world.scheduler.after(ms, () => {
        if (!this.#isAlive(life)) return false
        this.#host.touched = true
        resolve()
        return true
      })
    })
  }
}
