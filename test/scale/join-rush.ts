/**
 * A rush to join, through shards, in simulated time: the real collectors, windows and line, with calls between them
 * that take as long as calls do, and clocks that differ. It says what became of the order in which people came.
 */
import type { LineState } from '../../src/core/line-state.ts'
import type { Decision } from '../../src/core/records.ts'
import { BlockJoins } from '../../src/durable/block-joins.ts'
import { shardOf } from '../../src/core/scale.ts'
import { JoinCollector } from '../../src/durable/join-collector.ts'
import type { Joined, LineResult } from '../../src/ports/lines.ts'
import { Random } from '../sim/random.ts'
import { Scheduler } from '../sim/scheduler.ts'
import { lineWith, T0 } from '../unit/core/fixtures.ts'
import { Order } from './order.ts'

export type RushOptions = {
  readonly seed: number
  readonly joins: number
  readonly seconds: number
  readonly shards: number
  /** Of each way of a call. */
  readonly rpcMedianMs: number
  /** Share of the calls that take 0.5 to 3 s. */
  readonly stragglers: number
  readonly skewSdMs: number
}

export const RUSH: RushOptions = {
  seed: 1,
  joins: 1_000_000,
  seconds: 60,
  shards: 64,
  rpcMedianMs: 40,
  stragglers: 0.005,
  skewSdMs: 20,
}

export type RushResult = {
  readonly line: LineState
  readonly order: Order
  /** Joins that were answered with a place of their own, and those that were refused. */
  readonly acknowledged: number
  readonly refused: number
  /** From the arrival at the shard to its answer, by how many joins there were of each millisecond. */
  readonly waits: ReadonlyMap<number, number>
  readonly calls: number
  readonly callsInBusiestSecond: number
  readonly commits: number
  /** CPU that the line took for all of it. */
  readonly lineMs: number
}

/** Half of those who come do so in the first quarter. */
const HALF_LIFE = 1 / 4
/** Spread of a lognormal delay. */
const RPC_SIGMA = 0.5
const STRAGGLER_MS = [500, 3_000] as const
/** Until the last stragglers are in. */
const AFTERMATH_MS = 15_000

export async function joinRush(options: RushOptions): Promise<RushResult> {
  const rush = new Rush(options)
  return rush.run()
}

class Rush {
  readonly #options: RushOptions
  readonly #random: Random
  readonly #scheduler: Scheduler
  readonly #line = lineWith({ capacity: 0 })
  readonly #order: Order
  readonly #waits = new Map<number, number>()
  readonly #callsBySecond = new Map<number, number>()
  #acknowledged = 0
  #refused = 0
  #calls = 0
  #commits = 0
  #lineMs = 0

  constructor(options: RushOptions) {
    this.#options = options
    this.#random = new Random(options.seed)
    this.#scheduler = new Scheduler(T0, this.#random)
    this.#order = new Order(options.joins)
  }

  async run(): Promise<RushResult> {
    const shards = this.#shards()
    const arrivals = this.#arrivals()
    let next = 0
    const slot = (): void => {
      const sinceMs = this.#scheduler.nowMs - T0
      while (next < arrivals.length && (arrivals[next] ?? 0) <= sinceMs) {
        this.#join(shards, next)
        next += 1
      }
      if (next < arrivals.length) this.#scheduler.after(1, slot)
    }
    this.#scheduler.after(0, slot)
    await this.#scheduler.run(this.#options.seconds * 1_000 + AFTERMATH_MS, () => {})
    return {
      line: this.#line,
      order: this.#order,
      acknowledged: this.#acknowledged,
      refused: this.#refused,
      waits: this.#waits,
      calls: this.#calls,
      callsInBusiestSecond: Math.max(...this.#callsBySecond.values()),
      commits: this.#commits,
      lineMs: this.#lineMs,
    }
  }

  /** Milliseconds since the opening, ascending. */
  #arrivals(): Float64Array {
    const { joins, seconds } = this.#options
    const whole = 1 - 2 ** (-1 / HALF_LIFE)
    const times = new Float64Array(joins)
    for (let index = 0; index < joins; index += 1) {
      const share = this.#random.next() * whole
      times[index] = -Math.log2(1 - share) * HALF_LIFE * seconds * 1_000
    }
    return times.toSorted()
  }

  #join(shards: readonly JoinCollector[], index: number): void {
    const userId = userIdOf(index)
    const arrivedAtMs = this.#scheduler.nowMs
    this.#order.arrived(index, arrivedAtMs)
    const shard = shards[shardOf(userId, shards.length)]
    if (shard !== undefined) void this.#answered(shard.join(userId), arrivedAtMs)
  }

  async #answered(joining: Promise<LineResult<Joined>>, arrivedAtMs: number): Promise<void> {
    const answer = await joining
    if (answer.ok && answer.value.created) this.#acknowledged += 1
    else this.#refused += 1
    const waitMs = this.#scheduler.nowMs - arrivedAtMs
    this.#waits.set(waitMs, (this.#waits.get(waitMs) ?? 0) + 1)
  }

  #shards(): JoinCollector[] {
    const blocks = this.#blocks()
    return Array.from({ length: this.#options.shards }, (_, shard) => {
      const skewMs = Math.round(this.#normal() * this.#options.skewSdMs)
      return new JoinCollector({
        shard,
        nowMs: () => this.#scheduler.nowMs + skewMs,
        wait: (ms) => this.#wait(ms),
        background: (work) => void work,
        report: async (report) => {
          await this.#wait(this.#rpcMs())
          this.#countCall()
          const answers = await this.#timed(() => blocks.report(report))
          await this.#wait(this.#rpcMs())
          return answers.ok ? { ok: true, value: { answers: answers.value } } : answers
        },
      })
    })
  }

  #blocks(): BlockJoins {
    return new BlockJoins({
      line: () => this.#line,
      nowMs: () => this.#scheduler.nowMs,
      wait: (ms) => this.#wait(ms),
      commit: (made) => this.#committed(made),
      background: (work) => void work,
      joined: () => {},
      admit: async () => {},
    })
  }

  #committed({ changes }: Decision<unknown>): void {
    this.#commits += 1
    for (const change of changes) {
      if (change.kind === 'place_joined') this.#order.numbered(indexOf(change.place.userId), change.place)
    }
  }

  #timed<T>(work: () => T): T {
    const before = process.cpuUsage()
    const value = work()
    const { user, system } = process.cpuUsage(before)
    this.#lineMs += (user + system) / 1_000
    return value
  }

  #countCall(): void {
    this.#calls += 1
    const second = Math.floor(this.#scheduler.nowMs / 1_000)
    this.#callsBySecond.set(second, (this.#callsBySecond.get(second) ?? 0) + 1)
  }

  #rpcMs(): number {
    const { rpcMedianMs, stragglers } = this.#options
    if (this.#random.chance(stragglers)) return this.#random.between(...STRAGGLER_MS)
    return Math.round(rpcMedianMs * Math.exp(RPC_SIGMA * this.#normal()))
  }

  /** Box and Muller's. */
  #normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.#random.next())) * Math.cos(2 * Math.PI * this.#random.next())
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.#scheduler.after(ms, resolve))
  }
}

/** As long as a guest's id, and as flat as one that came over the wire. */
export function userIdOf(index: number): string {
  return Buffer.from(`g_${String(index).padStart(22, '0')}`).toString('latin1')
}

function indexOf(userId: string): number {
  return Number(userId.slice(2))
}

/** The least time in which `share` of all were answered. */
export function waitQuantileMs(waits: ReadonlyMap<number, number>, share: number): number {
  const total = [...waits.values()].reduce((sum, count) => sum + count, 0)
  let seen = 0
  for (const [waitMs, count] of [...waits].toSorted(([a], [b]) => a - b)) {
    seen += count
    if (seen >= share * total) return waitMs
  }
  return 0
}
