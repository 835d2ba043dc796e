/** One event of the sale: the real engine, promotion and rows on a clock that the sale moves. */
import type { EventConfig } from '../../src/core/event-config.ts'
import { LineSeries } from '../../src/core/line-series.ts'
import type { LineState } from '../../src/core/line-state.ts'
import { drawTools } from '../../src/durable/draw-tools.ts'
import { LineEngine } from '../../src/durable/line-engine.ts'
import { LineMeters } from '../../src/durable/line-meters.ts'
import { LineRecords } from '../../src/durable/line-records.ts'
import { LineStorage } from '../../src/durable/line-storage.ts'
import { Promotion, type PromotionTools } from '../../src/durable/promotion.ts'
import type { LineHost, LineLink, Streams } from '../../src/ports/line-host.ts'
import type { LineCounter } from '../../src/ports/lines.ts'
import type { PoolConfig } from '../../src/ports/registry.ts'
import { SqliteDatabase } from './sqlite-database.ts'

/** Nobody listens here: these visitors poll. */
const NO_STREAMS: Streams = {
  size: 0,
  has: () => false,
  open: () => ({ ok: false, error: { reason: 'not-in-queue' } }),
  openRemote: () => ({ ok: false, error: { reason: 'not-in-queue' } }),
  follow: () => Promise.resolve({ kind: 'over' }),
  joined: () => {},
  announce: () => {},
  tick: async () => {},
  seatsChanged: () => {},
  dropChanged: () => {},
  endAll: () => {},
}

export type SaleLineOptions = {
  readonly eventId: string
  readonly config: EventConfig
  readonly pool: PoolConfig | null
  readonly endedRetentionMs: number
  readonly nowMs: () => number
  readonly tools: PromotionTools
}

export class SaleLine {
  readonly eventId: string
  readonly pool: PoolConfig | null
  readonly engine: LineEngine
  readonly database = new SqliteDatabase()
  readonly records: LineRecords
  readonly restarts: string[] = []
  /** Time that the synchronous part of each alarm took. */
  readonly tickMs: number[] = []
  alarmAtMs: number | null = null
  readonly #options: SaleLineOptions
  readonly #background = new Set<Promise<unknown>>()
  #link: LineLink | null = null

  constructor(options: SaleLineOptions) {
    this.#options = options
    this.eventId = options.eventId
    this.pool = options.pool
    const meters = new LineMeters()
    const host = this.#host()
    this.records = new LineRecords(this.database.sql, host.rows)
    this.engine = new LineEngine(host, {
      meters,
      series: new LineSeries((samples) => this.records.saveSamples(samples)),
      streams: () => NO_STREAMS,
      promotion: (link) => {
        this.#link = link
        return new Promotion({ ...link, meters }, options.tools)
      },
    })
  }

  get state(): LineState {
    const line = this.#link?.line() ?? null
    if (line === null) throw new Error(`there is no event ${this.eventId}`)
    return line
  }

  get rows(): number {
    return this.database.count('places') + this.database.count('admissions')
  }

  async open(): Promise<void> {
    const { eventId, config, pool } = this.#options
    await this.engine.configure({ eventId, mode: 'replace', config, statusGiven: false, pool })
  }

  /** Rings the alarm if it is due. */
  async ring(): Promise<void> {
    if (this.alarmAtMs === null || this.alarmAtMs > this.#options.nowMs()) return
    this.alarmAtMs = null
    const startedMs = performance.now()
    const rung = this.engine.alarm()
    this.tickMs.push(performance.now() - startedMs)
    await rung
  }

  /** Resolves when all that the line does beside its answers is done. */
  async settled(): Promise<void> {
    while (this.#background.size > 0) await Promise.all(this.#background)
  }

  async counter(name: LineCounter): Promise<number> {
    const metrics = await this.engine.reports.metrics()
    return metrics.ok ? metrics.value.counters[name] : 0
  }

  #host(): LineHost {
    const { nowMs, endedRetentionMs } = this.#options
    return {
      rows: new LineStorage(this.database),
      nowMs,
      getAlarm: async () => this.alarmAtMs,
      setAlarm: async (atMs) => {
        this.alarmAtMs = atMs
      },
      durable: async () => {},
      background: (work) => this.#keep(work),
      restart: (reason) => void this.restarts.push(reason),
      erase: async () => {},
      wait: async () => {},
      endedRetentionMs,
      draw: drawTools,
    }
  }

  #keep(work: Promise<unknown>): void {
    const kept = work
      .catch((error: unknown) => void this.restarts.push(String(error)))
      .finally(() => void this.#background.delete(kept))
    this.#background.add(kept)
  }
}
