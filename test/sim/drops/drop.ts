/** A simulated Durable Object with a real DropEngine, its real issuer and their real SQL in it. */
import { withinTime } from '../../../src/bounded.ts'
import { DropsFeed } from '../../../src/core/drop-news.ts'
import { DropEngine } from '../../../src/drops/objects/drop-engine.ts'
import type { DropHost, IssuerFound } from '../../../src/drops/objects/drop-host.ts'
import type { ClaimIssuer, ClaimRecords, IssuerTools } from '../../../src/drops/ports.ts'
import { DurableDatabase } from './database.ts'
import type { DropWorld } from './world.ts'

export const DROP_ID = 'coupons'
export const EVENT_ID = 'gig'

/** The platform rings again this soon when an object has died of its alarm. */
const ALARM_AGAIN_MS = 2_000
/** A caller gives up. */
const NO_ANSWER_MS = 60_000

/** Whatever an object calls outside of itself waits until it is durable what was written before. */
export type Leave = <T>(call: () => Promise<T>) => Promise<T>
export type MakeIssuer = (tools: IssuerTools, leave: Leave) => ClaimIssuer

export class SimDrop {
  readonly database: DurableDatabase
  /** What the event's line knows. */
  readonly feed = new DropsFeed()
  readonly #world: DropWorld
  readonly #records: ClaimRecords
  readonly #issuer: MakeIssuer
  #engine: DropEngine | null = null
  #life = 0
  #timer = 0

  constructor(world: DropWorld, records: ClaimRecords, issuer: MakeIssuer) {
    this.#world = world
    this.#records = records
    this.#issuer = issuer
    this.database = new DurableDatabase(world)
  }

  /** A call from outside. What dies with the object is never answered; the caller hears of it in time. */
  ask<T>(name: string, work: (engine: DropEngine) => Promise<T>): Promise<T> {
    return this.#world.call(name, () => {
      const life = this.#life
      const engine = this.#wake()
      return new Promise<T>((resolve, reject) => {
        this.#world.scheduler.after(NO_ANSWER_MS, () => reject(new Error('no answer')))
        const answer = (value: T): void => {
          if (life !== this.#life) return
          if (this.#world.mutant?.answersEarly === true) resolve(value)
          else this.database.whenDurable(() => resolve(value))
        }
        work(engine).then(answer, reject)
      })
    })
  }

  crash(): void {
    this.#life += 1
    this.#engine = null
    this.database.crash()
    this.#setTimer()
  }

  close(): void {
    this.#life += 1
    this.database.close()
  }

  #wake(): DropEngine {
    this.#engine ??= new DropEngine(this.#hostOf(this.#life))
    return this.#engine
  }

  #hostOf(life: number): DropHost {
    const world = this.#world
    const isAlive = (): boolean => life === this.#life
    const wait = (ms: number): Promise<void> =>
      new Promise((resolve) => {
        world.scheduler.after(ms, () => {
          if (isAlive()) resolve()
        })
      })
    const leave: Leave = (call) => this.#gated(isAlive, call)
    return {
      dropId: DROP_ID,
      database: this.database.open(isAlive),
      records: gated(this.#records, leave),
      issuer: (): IssuerFound => ({
        ok: true,
        value: (tools) => watched(this.#issuer(world.mutant?.tools?.(tools) ?? tools, leave), world),
      }),
      nowMs: () => world.nowMs,
      setAlarm: async (atMs) => {
        if (!isAlive()) return
        this.database.setAlarm(atMs)
        this.#setTimer()
      },
      background: (work) =>
        void work.catch((error: unknown) => {
          if (isAlive()) world.violated('defect', `in the background: ${String(error)}`)
        }),
      within: (limitMs, work) => withinTime(work, limitMs, wait),
      randomBytes: (count) => Uint8Array.from({ length: count }, () => world.random.between(0, 255)),
      tellLine: (eventId, news) =>
        leave(() =>
          world.call(`${eventId} hears of the drop`, async () => {
            this.feed.add(news)
          }),
        ),
    }
  }

  /** Calls leave the object once what was written before them is durable. */
  #gated<T>(isAlive: () => boolean, call: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.database.whenDurable(() => {
        if (isAlive()) void call().then(resolve, reject)
      })
    })
  }

  #setTimer(): void {
    const { alarmAtMs } = this.database
    this.#timer += 1
    const timer = this.#timer
    if (alarmAtMs === null) return
    const world = this.#world
    const lateMs = world.strikes('alarmLate') ? world.random.between(0, 20_000) : world.random.between(0, 20)
    world.scheduler.after(Math.max(0, alarmAtMs - world.nowMs) + lateMs, () => {
      if (timer !== this.#timer) return false
      return this.#ring()
    })
  }

  #ring(): void {
    const engine = this.#wake()
    const life = this.#life
    this.database.setAlarm(null)
    void engine.alarm().catch((error: unknown) => {
      if (life === this.#life) this.#world.violated('defect', `the alarm: ${String(error)}`)
    })
    if (life !== this.#life) this.#world.scheduler.after(ALARM_AGAIN_MS, () => this.#ring())
  }
}

/** The same records, whose calls wait at the object's gate. */
function gated(records: ClaimRecords, leave: Leave): ClaimRecords {
  return {
    raise: (...args) => leave(() => records.raise(...args)),
    insert: (...args) => leave(() => records.insert(...args)),
    claimOf: (...args) => leave(() => records.claimOf(...args)),
    page: (...args) => leave(() => records.page(...args)),
    count: (...args) => leave(() => records.count(...args)),
    ping: () => leave(() => records.ping()),
  }
}

/** The listener's guarantee: of one issuer nothing that is done in turn overlaps. */
function watched(issuer: ClaimIssuer, world: DropWorld): ClaimIssuer {
  let underWay: string | null = null
  const alone = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    if (underWay !== null) world.violated('listener', `${name} begins while ${underWay} is under way`)
    underWay = name
    try {
      return await work()
    } finally {
      underWay = null
    }
  }
  return {
    claim: (userId) => issuer.claim(userId),
    claimOf: (userId) => issuer.claimOf(userId),
    counts: () => issuer.counts(),
    claimants: () => issuer.claimants(),
    heard: (receipts) => issuer.heard(receipts),
    told: (seen) => issuer.told?.(seen),
    supply: (plan) => alone('supply', () => issuer.supply(plan)),
    drain: (nowMs) => alone('drain', () => issuer.drain(nowMs)),
    reconcile: (repair) => alone('reconcile', () => issuer.reconcile(repair)),
    retryFailed: () => alone('retryFailed', () => issuer.retryFailed()),
  }
}
