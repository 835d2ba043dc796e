/**
 * A simulated Durable Object with a real LineEngine in it: rows that become durable a little later, an output gate that
 * holds back what depends on them, an alarm, a clock of its own, and an end that may come at any await.
 */
import { LineClock } from '../../src/durable/line-clock.ts'
import { LineEngine } from '../../src/durable/line-engine.ts'
import { LineSeries } from '../../src/core/line-series.ts'
import { LineMeters } from '../../src/durable/line-meters.ts'
import { Promotion } from '../../src/durable/promotion.ts'
import type { LineState } from '../../src/core/line-state.ts'
import type { Change } from '../../src/core/records.ts'
import type { LineHost, LineLink, LineRows } from '../../src/ports/line-host.ts'
import { drawTools, promotionToolsOf } from './outside.ts'
import { MemoryRows } from './rows.ts'
import { SimShards } from './shards.ts'
import { SimStreamShards } from './stream-shards.ts'
import { SimStreams } from './streams.ts'
import type { World } from './world.ts'

type Gated = { readonly mark: number; readonly go: () => void }

export class SimHost {
  readonly eventId: string
  readonly rows = new MemoryRows()
  readonly shards: SimShards
  readonly streamShards: SimStreamShards
  readonly #world: World
  /** Counts the lives of the object: whatever belongs to an earlier one does not happen any more. */
  life = 0
  clockOffsetMs = 0
  engine: LineEngine | null = null
  streams: SimStreams | null = null
  /** Whether anything happened here since the invariants were checked last. */
  touched = false
  #link: LineLink | null = null
  #clock: LineClock | null = null
  #gated: Gated[] = []
  #syncing = false
  #timer = 0
  #inAlarm = false

  constructor(world: World, eventId: string) {
    this.#world = world
    this.eventId = eventId
    const seed = world.options.seed + world.hosts.size * 1_000_003
    this.shards = new SimShards(world, this, seed)
    this.streamShards = new SimStreamShards(world, this, seed)
  }

  rawNowMs(): number {
    return this.#world.scheduler.nowMs + this.clockOffsetMs
  }

  /** The state in memory, or null when the object sleeps or was never configured. */
  line(): LineState | null {
    return this.#link?.line() ?? null
  }

  /** What the object believes the time to be. */
  nowMs(): number {
    return this.#clock?.nowMs() ?? this.rawNowMs()
  }

  wake(): LineEngine {
    if (this.engine !== null) return this.engine
    const world = this.#world
    const meters = new LineMeters()
    const clock = new LineClock(() => this.rawNowMs())
    this.#clock = clock
    const { life } = this
    const host = this.#hostOf(life, clock)
    this.engine = new LineEngine(host, {
      meters,
      // Charts are no part of what is simulated.
      series: new LineSeries(() => {}),
      streams: (link) => {
        this.#link = link
        this.streams = new SimStreams(link, host.rows, this, world)
        return this.streams
      },
      promotion: (link) =>
        new Promotion(
          { ...link, ...(world.mutant?.confirmsAtOnce ? { wait: async () => {} } : {}), meters },
          promotionToolsOf(world, this, () => life === this.life),
        ),
    })
    const line = this.line()
    if (line !== null) world.mutant?.line?.(line)
    return this.engine
  }

  /** Runs once everything written so far is durable, unless the object dies before. */
  whenDurable(go: () => void): void {
    if (this.rows.durable === this.rows.written) go()
    else this.#gated.push({ mark: this.rows.written, go })
  }

  /** After a delay, in this life only. */
  later(delayMs: number, work: () => void): void {
    const { life } = this
    this.#world.scheduler.after(delayMs, () => {
      if (life !== this.life) return false
      this.touched = true
      work()
      return true
    })
  }

  /** The object is gone; of what was not durable a seeded part is lost. */
  crash(reason: string): void {
    const { random } = this.#world
    const { undurable } = this.rows
    const kept = random.between(0, undurable)
    this.#world.trace(() => `${this.eventId} crashes (${reason}), keeps ${kept} of ${undurable} writes`)
    this.rows.crash(kept)
    this.life += 1
    this.engine = null
    this.streams = null
    this.#link = null
    this.#clock = null
    this.#gated = []
    this.#syncing = false
    this.touched = true
    this.setTimer()
  }

  loseAlarm(): void {
    this.rows.setAlarm(null)
    this.rows.sync()
    this.#release()
    this.setTimer()
  }

  /** To be called whenever the alarm or the clock has changed. */
  setTimer(): void {
    const { alarmAtMs } = this.rows
    this.#timer += 1
    if (alarmAtMs === null) return
    const timer = this.#timer
    const world = this.#world
    const lateMs = world.strikes('alarmLate')
      ? world.random.between(100, 15_000)
      : world.random.between(0, 20)
    world.scheduler.after(Math.max(0, alarmAtMs - this.rawNowMs()) + lateMs, () => {
      if (timer !== this.#timer) return false
      return this.#ring()
    })
  }

  #ring(): void {
    const world = this.#world
    this.touched = true
    this.rows.setAlarm(null)
    this.#timer += 1
    this.#syncSoon()
    if (world.strikes('alarmLost')) {
      world.trace(() => `${this.eventId} loses its alarm`)
      return
    }
    this.#alarm()
    if (world.strikes('alarmDoubled')) this.later(world.random.between(0, 3_000), () => this.#alarm())
  }

  #alarm(): void {
    const engine = this.wake()
    this.#inAlarm = true
    void engine.alarm().catch((error: unknown) => this.#world.unexpected('alarm', error))
    this.#inAlarm = false
  }

  #hostOf(life: number, clock: LineClock): LineHost {
    const world = this.#world
    const isOver = () => life !== this.life
    return {
      rows: this.#rowsOf(life),
      nowMs: () => clock.nowMs(),
      getAlarm: () =>
        new Promise((resolve) => {
          const answer = () => {
            const { alarmAtMs } = this.rows
            resolve(alarmAtMs === null ? null : clock.fromRaw(alarmAtMs))
          }
          if (!isOver()) this.later(world.delayMs('disk'), answer)
        }),
      setAlarm: async (atMs) => {
        if (isOver() || (world.mutant?.alarmStaysOff === true && this.#inAlarm)) return
        this.rows.setAlarm(clock.toRaw(atMs))
        this.#syncSoon()
        this.setTimer()
      },
      durable: () =>
        new Promise((resolve) => {
          if (!isOver()) this.whenDurable(resolve)
        }),
      background: (work) => {
        work.catch((error: unknown) => {
          if (!isOver()) world.unexpected('background', error)
        })
      },
      restart: (reason) => {
        if (!isOver()) this.crash(reason)
      },
      erase: () => Promise.reject(new Error('no event is deleted here')),
      wait: (ms) =>
        new Promise((resolve) => {
          if (!isOver()) this.later(ms, resolve)
        }),
      endedRetentionMs: null,
      draw: drawTools,
    }
  }

  #rowsOf(life: number): LineRows {
    const world = this.#world
    const { rows } = this
    return {
      load: (nowMs) => {
        const snapshot = rows.load(nowMs)
        return snapshot === null ? null : (world.mutant?.load?.(snapshot) ?? snapshot)
      },
      create: () => rows.create(),
      apply: (changes: readonly Change[]) => {
        if (life !== this.life) throw new Error('this object is gone')
        if (world.strikes('writeRefused')) throw new Error('the disk is full')
        try {
          world.oracle.before(this, changes)
          rows.apply(changes)
          world.oracle.after(changes)
        } catch (error) {
          world.unexpected('rows', error)
          throw error
        }
        this.touched = true
        this.#syncSoon()
      },
      latestPlace: (userId) => rows.latestPlace(userId),
      admission: (admissionId) => rows.admission(admissionId),
      forget: () => rows.forget(),
      oldestEndedMs: () => rows.oldestEndedMs(),
    }
  }

  #syncSoon(): void {
    if (this.#syncing) return
    this.#syncing = true
    const world = this.#world
    this.later(world.strikes('slowDisk') ? world.random.between(0, 500) : world.delayMs('disk'), () => {
      this.#syncing = false
      this.rows.sync()
      this.#release()
    })
  }

  #release(): void {
    const gated = this.#gated
    this.#gated = []
    for (const { mark, go } of gated) {
      if (mark <= this.rows.durable) go()
      else this.#gated.push({ mark, go })
    }
  }
}
