/**
 * The join shards of one simulated line: real collectors, which may die with all that they hold, whose reports may get
 * lost, be answered to nobody or come twice, and whose number changes while people wait.
 */
import type { JoinReport } from '../../src/core/join-windows.ts'
import { shardOf } from '../../src/core/scale.ts'
import type { Place } from '../../src/core/views.ts'
import { JoinCollector } from '../../src/durable/join-collector.ts'
import type { JoinBlockAnswer, Joined, LineResult } from '../../src/ports/lines.ts'
import type { SimHost } from './host.ts'
import { Random } from './random.ts'
import type { World } from './world.ts'

/** Share of the worlds in which there are shards at all. */
const WORLDS = 0.4
const NUMBERS = [0, 1, 2, 3, 4] as const
const SKEW_MS = 100
/** Each step, in a world with shards. */
const NUMBER_CHANGES = 0.05
const SHARD_DIES = 0.05
/** Each report. */
const REPORT_LOST = 0.05
const REPORT_UNANSWERED = 0.1
const REPORT_DOUBLED = 0.1

/** What the visitor hears, and when the line said it. */
export type ShardJoin = { readonly joined: LineResult<Joined>; readonly moment: number }

/** Called in the turn in which the line has decided. */
export type Decided = (place: Place) => number

export class SimShards {
  readonly #world: World
  readonly #host: SimHost
  /** Of its own: a world without shards is the same as before there were any. */
  readonly #random: Random
  readonly #collectors = new Map<number, JoinCollector>()
  readonly #moments = new WeakMap<Place, number>()
  readonly #isUsed: boolean
  #number = 0

  constructor(world: World, host: SimHost, seed: number) {
    this.#world = world
    this.#host = host
    this.#random = new Random(seed)
    this.#isUsed = new Random(world.options.seed).chance(WORLDS)
  }

  /** How many take joins now. 0: the line does. */
  get number(): number {
    return this.#number
  }

  /** What may happen to them in a step of the world. */
  strike(): void {
    if (!this.#isUsed) return
    const random = this.#random
    if (random.chance(NUMBER_CHANGES)) {
      this.#number = random.pick(NUMBERS)
      this.#world.trace(() => `${this.#host.eventId} has ${this.#number} join shards`)
    }
    if (random.chance(SHARD_DIES)) {
      const shard = random.between(0, NUMBERS.length - 1)
      if (this.#collectors.delete(shard))
        this.#world.trace(() => `${this.#host.eventId} loses the join shard ${shard}`)
    }
  }

  /** Never resolves when the shard dies. `decided` is told every place that the line answers to any of its shards. */
  async join(userId: string, decided: Decided): Promise<ShardJoin> {
    const joined = await this.#collector(shardOf(userId, this.#number), decided).join(userId)
    return { joined, moment: joined.ok ? (this.#moments.get(joined.value.place) ?? 0) : 0 }
  }

  #collector(shard: number, decided: Decided): JoinCollector {
    const known = this.#collectors.get(shard)
    if (known !== undefined) return known
    const world = this.#world
    const skewMs = this.#random.between(-SKEW_MS, SKEW_MS)
    const isAlive = (): boolean => this.#collectors.get(shard) === collector
    const collector: JoinCollector = new JoinCollector({
      shard,
      nowMs: () => world.scheduler.nowMs + skewMs,
      wait: (ms) => this.#after(ms, isAlive),
      background: (work) => {
        work.catch((error: unknown) => world.unexpected('shard', error))
      },
      report: (report) => this.#report(report, isAlive, decided),
    })
    this.#collectors.set(shard, collector)
    return collector
  }

  async #report(
    report: JoinReport,
    isAlive: () => boolean,
    decided: Decided,
  ): Promise<LineResult<JoinBlockAnswer>> {
    const world = this.#world
    const random = this.#random
    await this.#after(world.delayMs('network'), isAlive)
    const hasFaults = !world.isCalm
    if (hasFaults && random.chance(REPORT_LOST)) throw new Error('the report is lost')
    if (hasFaults && random.chance(REPORT_DOUBLED)) void this.#ask(report, decided)
    const answer = await this.#ask(report, decided)
    if (hasFaults && random.chance(REPORT_UNANSWERED)) throw new Error('the answer is lost')
    await this.#after(world.delayMs('network'), isAlive)
    return answer
  }

  /** Never resolves when the line dies, as it never sends what is not durable. */
  #ask(report: JoinReport, decided: Decided): Promise<LineResult<JoinBlockAnswer>> {
    const host = this.#host
    this.#world.trace(() => `${host.eventId} is told ${JSON.stringify(report)}`)
    host.touched = true
    const engine = host.wake()
    const { life } = host
    return new Promise((resolve) => {
      const heard = (answer: LineResult<JoinBlockAnswer>): void => {
        if (life !== host.life) return
        for (const one of answer.ok ? answer.value.answers : []) {
          if (one.ok) this.#moments.set(one.value.place, decided(one.value.place))
        }
        if (this.#world.mutant?.shardsAnswerEarly) resolve(answer)
        else host.whenDurable(() => resolve(answer))
      }
      engine.visits.joinBlock(report).then(heard, (error: unknown) => {
        if (life === host.life) this.#world.unexpected('joinBlock', error)
      })
    })
  }

  #after(ms: number, isAlive: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#world.scheduler.after(ms, () => {
        if (!isAlive()) return false
        this.#host.touched = true
        resolve()
        return true
      })
    })
  }
}
