/** What is measured of drops: one side at a time, as fast as a fixed number of clients is answered. */
import { setTimeout as sleep } from 'node:timers/promises'
import { runClosedLoop } from '../client/closed-loop.ts'
import { requestBytes } from '../client/http-lane.ts'
import { UsherClient, type Guest } from '../client/usher-client.ts'
import { Latencies } from '../measure/latency.ts'
import type { Subject } from '../runtime/subject.ts'
import type { World } from '../world.ts'

export const STRATEGIES = ['object', 'redis-queue', 'skip-locked'] as const
export type Strategy = (typeof STRATEGIES)[number]
/** `insert`: the call of an object that writes one row, and does nothing else. */
export type Side = Strategy | 'insert'

/** Of one side in one round. */
export type Run = {
  readonly perSecond: number
  /** Of the runtime, for each claim, until the last is recorded. */
  readonly cpuUs: number
  readonly latencies: Latencies
  /** Claims a second in each tenth of them, the first first. */
  readonly tenths: readonly number[]
}

const CLIENTS = 50
const READY_WITHIN_MS = 60_000
const RECORDED_WITHIN_MS = 120_000
const LOOK_EVERY_MS = 200
/** More than a second of them: shorter rounds say how the garbage collector happened to fall. */
const REFUSALS = 20_000
/** A route of the same Worker that asks nobody and answers a constant. */
const NO_OP = requestBytes('GET', '/.well-known/jwks.json')

export class CouponShop {
  readonly #usher: Subject
  readonly #floor: Subject
  readonly #client: UsherClient
  /** By strategy, a drop of which nothing is left. */
  readonly #soldOut = new Map<Strategy, string>()
  #drops = 0

  constructor(usher: Subject, floor: Subject, { backend }: World) {
    this.#usher = usher
    this.#floor = floor
    this.#client = new UsherClient(usher.url, backend.variables)
  }

  /** Why this machine does not have the strategy; null when it does. */
  async missing(strategy: Strategy): Promise<string | null> {
    try {
      await this.#client.operator('PUT', `drops/try-${strategy}`, { name: 'try', stock: 1, strategy })
      return null
    } catch (error) {
      const text = String(error)
      if (text.includes('drop-strategy-unavailable')) return text
      throw error
    }
  }

  /** So many claims of as many visitors for as many coupons; or as many inserts. */
  measure(side: Side, stock: number): Promise<Run> {
    return side === 'insert' ? this.#insert(stock) : this.#claim(side, stock)
  }

  guests(count: number): Promise<Guest[]> {
    return this.#client.guests(count)
  }

  /** Refusals a second of a drop that is sold out. */
  async refuse(strategy: Strategy, losers: readonly Guest[]): Promise<number> {
    const path = `/api/v1/drops/${this.#soldOut.get(strategy)}/claims`
    const requests = losers.map(({ token }) => requestBytes('POST', path, { token }))
    const each = repeated(requests, REFUSALS)
    return (await runClosedLoop(this.#usher.url, CLIENTS, each, [410])).perSecond
  }

  async noOp(): Promise<number> {
    return (await runClosedLoop(this.#usher.url, CLIENTS, repeated([NO_OP], REFUSALS), [200])).perSecond
  }

  async #insert(count: number): Promise<Run> {
    const requests = Array.from({ length: count }, (_, index) =>
      requestBytes('POST', `/insert?id=g_${String(index).padStart(22, '0')}`),
    )
    const beforeMs = this.#floor.cpuMs()
    const done = await runClosedLoop(this.#floor.url, CLIENTS, requests, [201])
    return { ...done, cpuUs: ((this.#floor.cpuMs() - beforeMs) * 1_000) / count }
  }

  async #claim(strategy: Strategy, stock: number): Promise<Run> {
    this.#drops += 1
    const dropId = `${strategy}-${this.#drops}`
    await this.#client.operator('PUT', `drops/${dropId}`, { name: dropId, stock, strategy })
    await this.#until(dropId, READY_WITHIN_MS, ({ remaining }) => remaining === stock)
    const guests = await this.#client.guests(stock)
    const path = `/api/v1/drops/${dropId}/claims`
    const requests = guests.map(({ token }) => requestBytes('POST', path, { token }))
    const beforeMs = this.#usher.cpuMs()
    const done = await runClosedLoop(this.#usher.url, CLIENTS, requests, [201, 202])
    await this.#until(dropId, RECORDED_WITHIN_MS, ({ issued }) => issued === stock)
    this.#soldOut.set(strategy, dropId)
    return { ...done, cpuUs: ((this.#usher.cpuMs() - beforeMs) * 1_000) / stock }
  }

  async #until(
    dropId: string,
    withinMs: number,
    isSo: (counts: { readonly issued?: unknown; readonly remaining?: unknown }) => boolean,
  ): Promise<void> {
    const deadlineMs = Date.now() + withinMs
    for (;;) {
      const found = await this.#client.operator('GET', `drops/${dropId}`)
      if (isSo(found)) return
      if (Date.now() > deadlineMs)
        throw new Error(`${dropId} does not come to rest: ${JSON.stringify(found)}`)
      await sleep(LOOK_EVERY_MS)
    }
  }
}

/** Rounds of the same kind as one: rates and costs for each claim, latencies of all. */
export function joined(runs: readonly Run[]): Run {
  const latencies = new Latencies()
  for (const each of runs) latencies.add(each.latencies)
  const mean = (of: (each: Run) => number): number =>
    runs.reduce((sum, each) => sum + of(each), 0) / runs.length
  return {
    perSecond: 1 / mean(({ perSecond }) => 1 / perSecond),
    cpuUs: mean(({ cpuUs }) => cpuUs),
    latencies,
    tenths: [],
  }
}

function* repeated(requests: readonly Buffer[], count: number): Generator<Buffer> {
  for (let index = 0; index < count; index += 1) {
    const request = requests[index % requests.length]
    if (request !== undefined) yield request
  }
}
