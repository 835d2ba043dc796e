/** A whole run: a server, a crowd, observers, faults one after another, and what it all came to. */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { CapacityWatch, type WatchedPool } from './capacity-watch.ts'
import { Crowd } from './crowd.ts'
import { FAULTS, FORGETTING, NATIVE_ONLY, type Arena, type FaultHere, type FaultKind } from './faults.ts'
import { Operator } from './operator.ts'
import { PatientClient } from './patient-client.ts'
import { PlaceWatch } from './place-watch.ts'
import { SeededRandom } from './random.ts'
import { RecoveryMeter, summaryOf } from './recovery.ts'
import type { ChaosReport } from './report.ts'
import { Sampler } from './sampler.ts'
import { Server } from './server.ts'
import { TurnWatch } from './turn-watch.ts'
import { Violations } from './violations.ts'
import type { World } from './world.ts'

export type ChaosOptions = {
  readonly seed: number
  readonly visitors: number
  /** How often each fault strikes while the server runs in this process; their order is drawn. */
  readonly faults: Partial<Record<FaultHere, number>>
  /** How often the whole process tree is killed after that. */
  readonly treeKills: number
  /** At the end nothing fails for so long: time enough for the order of the admissions to show. */
  readonly calmMs: number
  /** After so long no further fault begins. */
  readonly faultsWithinMs: number
}

const KEYS = { ADMIN_API_KEY: 'chaos-admin-key', ORIGIN_API_KEY: 'chaos-origin-key' }
const POOLS: readonly WatchedPool[] = [
  { key: 'e:own', capacity: 14, eventIds: ['own'] },
  { key: 'p:shared', capacity: 18, eventIds: ['left', 'right'] },
]
/** Long enough for every fault of the run: nobody who comes back may have lost the place or the admission by then. */
const TERMS = { entryTokenTtlSeconds: 12, leaseTtlSeconds: 12, disconnectGraceSeconds: 120, public: false }
const ARRIVAL_MS = 1_500
const RECOVERED_WITHIN_MS = 20_000
const PAUSE_MS = { min: 50, max: 900 }
/** How often the watchdog runs as a fault begins, besides each minute. */
const WATCHDOG = 0.3
const HOME_WITHIN_MS = 60_000
const SETTLED_WITHIN_MS = 5_000

export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const stateDir = mkdtempSync(join(tmpdir(), 'usher-chaos-'))
  const server = await Server.start({ stateDir, keys: KEYS, redis: process.env['USHER_REDIS'] ?? '' })
  try {
    return await new Run(server, options).play()
  } finally {
    await server.stop()
  }
}

class Run {
  readonly #server: Server
  readonly #options: ChaosOptions
  readonly #random: SeededRandom
  readonly #violations = new Violations()
  readonly #recovery = new RecoveryMeter()
  readonly #world: World
  readonly #operator: Operator
  readonly #kills = { workerd: 0, trees: 0 }
  readonly #startedAtMs = Date.now()

  constructor(server: Server, options: ChaosOptions) {
    this.#server = server
    this.#options = options
    this.#random = new SeededRandom(options.seed)
    const { report } = this.#violations
    const client = new PatientClient(server.url)
    this.#operator = new Operator(client, KEYS.ADMIN_API_KEY)
    this.#world = {
      url: server.url,
      originKey: KEYS.ORIGIN_API_KEY,
      client,
      places: new PlaceWatch(report),
      capacity: new CapacityWatch(POOLS, report),
      turns: new TurnWatch(report),
      recovery: this.#recovery,
      report,
      tally: { completed: 0, left: 0, expired: 0, late: 0, secondSessions: 0 },
      isClosing: false,
    }
  }

  async play(): Promise<ChaosReport> {
    const redis = this.#server.runtime.redisDescription
    await this.#openEvents()
    const eventIds = POOLS.flatMap((pool) => pool.eventIds)
    const crowd = new Crowd(this.#world, eventIds, this.#options.visitors, this.#random.fork())
    const sampler = new Sampler(this.#server, POOLS, this.#world.capacity, this.#operator)
    crowd.arrive(ARRIVAL_MS)
    await sleep(ARRIVAL_MS + 500)
    await this.#strikeHere()
    await this.#strikeTree()
    await sleep(this.#options.calmMs)
    const left = await crowd.goHome(HOME_WITHIN_MS)
    if (left > 0) this.#violations.report('not recovered', `${left} visitors did not get through to the end`)
    await this.#checkDrained(sampler)
    await sampler.stop()
    this.#world.client.close()
    return this.#report(redis, crowd)
  }

  async #openEvents(): Promise<void> {
    for (const { key, capacity, eventIds } of POOLS) {
      const poolId = key.startsWith('p:') ? key.slice(2) : null
      if (poolId !== null) await this.#operator.put(`pools/${poolId}`, { capacity })
      for (const eventId of eventIds)
        await this.#operator.put(`events/${eventId}`, { ...TERMS, capacity, poolId })
    }
  }

  /** Redis forgets in the first act only: what leaks in the second is still there at the end. */
  #plan(): FaultHere[] {
    const isNative = this.#server.runtime.redis?.kind === 'native'
    const acts: [FaultHere[], FaultHere[]] = [[], []]
    for (const [kind, times] of Object.entries(this.#options.faults) as [FaultHere, number][]) {
      if (!isNative && NATIVE_ONLY.includes(kind)) continue
      const inFirst = FORGETTING.includes(kind) ? times : Math.floor(times / 2)
      acts[0].push(...Array<FaultHere>(inFirst).fill(kind))
      acts[1].push(...Array<FaultHere>(times - inFirst).fill(kind))
    }
    return acts.flatMap((act) => this.#random.shuffled(act))
  }

  async #strikeHere(): Promise<void> {
    for (const kind of this.#plan()) {
      // Drawn also for what there is no time for, so that a seed means the same on every machine.
      const random = this.#random.fork()
      if (Date.now() - this.#startedAtMs > this.#options.faultsWithinMs) return
      // The watchdog comes at any time, also while something fails; what it cannot do then, it does the next time.
      if (random.chance(WATCHDOG)) void this.#server.runtime.runCron().catch(() => undefined)
      await this.#strike(kind, random)
      if (!this.#recovery.isRecovered) return
    }
  }

  async #strikeTree(): Promise<void> {
    if (this.#options.treeKills === 0 || !this.#recovery.isRecovered) return
    await this.#server.moveOut()
    for (let index = 0; index < this.#options.treeKills; index += 1)
      await this.#strike('process tree killed', this.#random.fork())
    await this.#server.moveIn()
  }

  async #strike(kind: FaultKind, random: SeededRandom): Promise<void> {
    const arena: Arena = { server: this.#server, random, kills: this.#kills }
    await sleep(random.between(PAUSE_MS.min, PAUSE_MS.max))
    this.#recovery.fault(kind, await FAULTS[kind](arena))
    const deadlineMs = Date.now() + RECOVERED_WITHIN_MS
    while (!this.#recovery.isRecovered && Date.now() < deadlineMs) await sleep(20)
    if (!this.#recovery.isRecovered)
      this.#violations.report(
        'not recovered',
        `nobody let in within ${RECOVERED_WITHIN_MS} ms after: ${kind}`,
      )
  }

  /** Nothing may be left of anybody. What Redis is still owed for the last ones is on its way. */
  async #checkDrained(sampler: Sampler): Promise<void> {
    const deadlineMs = Date.now() + SETTLED_WITHIN_MS
    let leases = await sampler.leases()
    while ([...leases.values()].some((count) => count > 0) && Date.now() < deadlineMs) {
      await sleep(100)
      leases = await sampler.leases()
    }
    const { capacity, places } = this.#world
    for (const [key, count] of leases) capacity.drained(key, count, 'leases')
    for (const eventId of POOLS.flatMap((pool) => pool.eventIds)) {
      const counts = await this.#operator.counts(eventId)
      capacity.drained(`e:${eventId}`, counts.admitted, 'admitted')
      capacity.drained(`e:${eventId}`, counts.waiting, 'waiting')
      places.countJoins(eventId, counts.joinedTotal)
    }
  }

  #report(redis: string, crowd: Crowd): ChaosReport {
    const { tally, places, capacity, turns } = this.#world
    turns.finish()
    const peaks = capacity.finish()
    const resumed = summaryOf(this.#recovery.resumedMs)
    return {
      seed: this.#options.seed,
      redis,
      seconds: Math.round((Date.now() - this.#startedAtMs) / 1_000),
      kills: this.#kills,
      rows: this.#recovery.rows(),
      peaks,
      figures: {
        'workerd killed, in all': this.#kills.workerd,
        'process trees killed': this.#kills.trees,
        'joins acknowledged': places.counts.joins,
        'admissions heard of': places.counts.admissions,
        ...tally,
        'places watched for overtaking': turns.watched,
        'sweeps over a line': crowd.sweeps,
        'samples of leases and counts': capacity.samples,
        'streams resumed': this.#recovery.resumedMs.length,
        'stream gone, ms (p50 / max)': `${resumed.p50} / ${resumed.max}`,
      },
      violations: this.#violations.lines,
      violationCount: this.#violations.count,
    }
  }
}
