/** A line, its stream shards and their clients, on a clock that the test moves. Calls between them can be lost. */
import { restoreLine, type LineState } from '../../../src/core/line-state.ts'
import { expireSilent, join } from '../../../src/core/line-visitors.ts'
import type { Notice } from '../../../src/core/records.ts'
import { LineMeters } from '../../../src/durable/line-meters.ts'
import { LineStreams } from '../../../src/durable/line-streams.ts'
import { ShardStreams } from '../../../src/durable/shard-streams.ts'
import type { LineStreamsApi } from '../../../src/ports/stream-shards.ts'
import { lineWith, T0 } from '../core/fixtures.ts'

/** What becomes of a shard's calls: `deaf` calls arrive and their answers are lost. */
export type Link = 'good' | 'away' | 'deaf'

export class ShardWorld {
  nowMs = T0
  line: LineState
  streams: LineStreams
  readonly meters = new LineMeters()
  link: Link = 'good'
  #lives = 0
  #timers: { atMs: number; go: () => void }[] = []

  constructor(line: LineState = lineWith({ capacity: 1 })) {
    this.line = line
    this.streams = this.#lineStreams()
  }

  /** One life of a shard. */
  shard(streamLifeMs: () => number = () => Infinity): ShardStreams {
    this.#lives += 1
    return new ShardStreams({
      line: this.#linkToLine(),
      follower: `life-${this.#lives}`,
      nowMs: () => this.nowMs,
      wait: (ms) => this.#wait(ms),
      background: (work) => void work,
      streamLifeMs,
    })
  }

  /** A shard that is there no more: it hears and says nothing from then on. */
  mortalShard(): { shard: ShardStreams; kill: () => void } {
    let isAlive = true
    const link = this.#linkToLine()
    this.#lives += 1
    const never = new Promise<never>(() => {})
    const shard = new ShardStreams({
      line: {
        openRemote: (requests) => (isAlive ? link.openRemote(requests) : never),
        follow: (request) => (isAlive ? link.follow(request) : never),
      },
      follower: `life-${this.#lives}`,
      nowMs: () => this.nowMs,
      wait: (ms) => (isAlive ? this.#wait(ms) : never),
      background: (work) => void work,
    })
    return { shard, kill: () => (isAlive = false) }
  }

  joinAll(...userIds: string[]): void {
    for (const userId of userIds) join(this.line, userId, this.nowMs)
  }

  async open(holder: ShardStreams | LineStreams, userId: string, joins = false): Promise<Client> {
    const opened = await holder.open(userId, joins, false)
    if (!opened.ok) throw new Error(opened.error.reason)
    return new Client('body' in opened.value ? opened.value.body : opened.value)
  }

  /** The line starts again from its rows; whoever follows it finds another one. */
  restartLine(): void {
    const { event, waiting, ledger, joinedTotal } = this.line
    const places = [...waiting.all()].map((visitor) => ({
      ...visitor,
      state: 'WAITING' as const,
      endedAtMs: null,
      admissionId: null,
    }))
    this.line = restoreLine(
      {
        event,
        waiting: places,
        admissions: [...ledger.live()],
        batch: null,
        poolViews: [],
        tatMs: 0,
        joinedTotal,
        admittedTotal: 0,
        nowServing: 0,
        recentAdmissionsMs: [],
      },
      this.nowMs,
    )
    this.streams = this.#lineStreams()
  }

  announce(...notices: Notice[]): void {
    this.streams.announce(notices)
  }

  /** The line ticks at each whole second. */
  async pass(ms: number): Promise<void> {
    await settle()
    for (const endMs = this.nowMs + ms; this.nowMs < endMs;) {
      this.nowMs += 250
      for (const timer of this.#timers.filter(({ atMs }) => atMs <= this.nowMs)) timer.go()
      this.#timers = this.#timers.filter(({ atMs }) => atMs > this.nowMs)
      await settle()
      if (this.nowMs % 1_000 !== 0) continue
      expireSilent(this.line, this.nowMs)
      await this.streams.tick(this.nowMs)
      await settle()
    }
  }

  #lineStreams(): LineStreams {
    return new LineStreams({
      line: () => this.line,
      nowMs: () => this.nowMs,
      wait: (ms) => this.#wait(ms),
      commit: () => {},
      rows: { latestPlace: () => null },
      meters: this.meters,
    })
  }

  #linkToLine(): LineStreamsApi {
    const over = async <T>(call: () => Promise<T>): Promise<T> => {
      if (this.link === 'away') throw new Error('the line is away')
      const { streams } = this
      const answer = await call()
      // The answer of a line that has started again meanwhile never comes.
      if (this.link === 'deaf' || streams !== this.streams) return new Promise(() => {})
      return structuredClone(answer)
    }
    return {
      openRemote: (requests) =>
        over(async () => structuredClone(requests).map((one) => this.streams.openRemote(one))),
      follow: (request) => over(() => this.streams.follow(structuredClone(request))),
    }
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.#timers.push({ atMs: this.nowMs + ms, go: resolve }))
  }
}

/** What a client of one stream has been sent. */
export class Client {
  text = ''
  isOver = false

  constructor(body: ReadableStream<Uint8Array>) {
    void this.#read(body)
  }

  get positions(): number[] {
    return [...this.text.matchAll(/"position":(\d+),/g)].map(([, position]) => Number(position))
  }

  count(event: string): number {
    return this.text.split(`event: ${event}\n`).length - 1
  }

  get endReason(): string | null {
    return /"type":"END","reason":"(\w+)"/.exec(this.text)?.[1] ?? null
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder()
    try {
      for await (const chunk of body) this.text += decoder.decode(chunk, { stream: true })
    } catch {
      // Broken off: nothing more comes.
    }
    this.isOver = true
  }
}

/** Whatever is under way gets as far as it can without time passing. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}
