/**
 * Load at a fixed rate, whatever the server does. A request is due at its time; if every connection is busy then, it
 * waits for one, and that wait is part of its latency (Gil Tene's "coordinated omission" is what this avoids).
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Latencies } from '../measure/latency.ts'
import { HttpLane, type HttpAnswer } from './http-lane.ts'

export type Load = {
  readonly url: string
  readonly perSecond: number
  /** What is sent, one after the other. */
  readonly requests: readonly Buffer[]
  readonly expectedStatus: number
}

export type LoadResult = { readonly operations: number; readonly latencies: Latencies }

/** Enough for a path that answers after a third of a second at several hundred a second. */
const CONNECTIONS = 256

/** The connections of one load, which many rounds share. */
export class OpenLoop {
  readonly #url: string
  readonly #connections: number
  /** Those that are idle, the longest first: a connection that nobody uses for seconds is closed by the runtime. */
  #idle: HttpLane[] = []
  #lanes: HttpLane[] = []
  readonly #waiting: ((lane: HttpLane) => void)[] = []

  private constructor(url: string, connections: number) {
    this.#url = url
    this.#connections = connections
  }

  static async open(url: string, connections = CONNECTIONS): Promise<OpenLoop> {
    const loop = new OpenLoop(url, connections)
    await loop.reconnect()
    return loop
  }

  /** Before a round, while no request is under way: after a pause the old connections may be closed. */
  async reconnect(): Promise<void> {
    this.close()
    const opening = Array.from({ length: this.#connections }, () => HttpLane.open(this.#url))
    this.#lanes = await Promise.all(opening)
    this.#idle = [...this.#lanes]
  }

  /** @throws Error when an answer has another status than expected: a refusal is cheap, and would flatter. */
  async run(load: Omit<Load, 'url'>): Promise<LoadResult> {
    const latencies = new Latencies()
    const startMs = performance.now() + 5
    const pending: Promise<void>[] = []
    for (const [index, request] of load.requests.entries()) {
      const dueAtMs = startMs + (index / load.perSecond) * 1_000
      const aheadMs = dueAtMs - performance.now()
      if (aheadMs > 0.5) await sleep(aheadMs)
      pending.push(this.#ask(request, dueAtMs, load.expectedStatus, latencies))
    }
    await Promise.all(pending)
    return { operations: load.requests.length, latencies }
  }

  /** One request outside of any schedule. */
  async once(request: Buffer): Promise<HttpAnswer> {
    const lane = await this.#take()
    try {
      return await lane.ask(request)
    } finally {
      this.#give(lane)
    }
  }

  close(): void {
    for (const lane of this.#lanes) lane.close()
  }

  async #ask(request: Buffer, dueAtMs: number, expected: number, latencies: Latencies): Promise<void> {
    const answer = await this.once(request)
    latencies.record(performance.now() - dueAtMs)
    if (answer.status !== expected) {
      throw new Error(`expected ${expected}, got ${answer.status}: ${answer.body.slice(0, 200)}`)
    }
  }

  #take(): Promise<HttpLane> {
    const lane = this.#idle.shift()
    return lane === undefined ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve(lane)
  }

  #give(lane: HttpLane): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#idle.push(lane)
    else next(lane)
  }
}
