/** One simulated world: hosts with lines, a gate, a registry, a clock, and what goes wrong between them. */
import type { AdmissionRecord, PoolKeyText } from '../../src/core/records.ts'
import type { PoolKey } from '../../src/ports/pool-gate.ts'
import { drawFaults, NO_FAULTS, type FaultName, type Faults } from './faults.ts'
import { SimHost } from './host.ts'
import { Oracle, Violation } from './invariants.ts'
import type { Mutant } from './mutants.ts'
import { PoolModel, type PoolScripts } from './pool-model.ts'
import { copyPool, type PoolState } from './pool-state.ts'
import { Random } from './random.ts'
import { SimRegistry } from './registry.ts'
import { Scheduler } from './scheduler.ts'
import { checkRestart, checkRows } from './states.ts'

export const T0 = Date.UTC(2026, 10, 21, 12, 0, 0)
/** How many calls back an older copy may be. */
const HISTORY_CALLS = 6
/** What a replica may lag behind. */
const REPLICA_LAG_MS = 800
/** How often the memory is compared with the rows when nobody crashes. */
const RESTART_SAMPLE = 0.03

export type WorldOptions = {
  readonly seed: number
  readonly visitors: number
  /** Faults that never strike. */
  readonly without: readonly string[]
  readonly mutant: Mutant | null
  /** Counts also what a shared store that lost its last writes may let in too many. */
  readonly strict: boolean
  readonly trace: ((line: string) => void) | null
}

type Copy = { readonly atMs: number; readonly pool: PoolState }

export class World {
  readonly options: WorldOptions
  readonly random: Random
  readonly scheduler: Scheduler
  readonly registry = new SimRegistry()
  readonly hosts = new Map<string, SimHost>()
  readonly userIds: readonly string[]
  readonly store: PoolModel
  readonly scripts: PoolScripts
  readonly oracle: Oracle
  faults: Faults
  gateAwayUntilMs = 0
  isCalm = false
  signed = 0
  issuedIds = 0
  /** What a defect threw where nobody awaits it. */
  #fault: unknown = null
  readonly #copies = new Map<PoolKey, Copy[]>()

  constructor(options: WorldOptions) {
    this.options = options
    this.random = new Random(options.seed)
    this.scheduler = new Scheduler(T0 + this.random.between(0, 999), this.random)
    this.faults = { ...drawFaults(this.random, options.without), ...options.mutant?.faults }
    this.userIds = Array.from({ length: options.visitors }, (_, index) => `u${index}`)
    this.store = new PoolModel(options.mutant?.orphanLeaseMs)
    this.scripts = options.mutant?.scripts?.(this.store) ?? this.store
    this.oracle = new Oracle(this)
  }

  get mutant(): Mutant | null {
    return this.options.mutant
  }

  get strict(): boolean {
    return this.options.strict
  }

  get isGateAway(): boolean {
    return this.scheduler.nowMs < this.gateAwayUntilMs
  }

  host(eventId: string): SimHost {
    const known = this.hosts.get(eventId)
    if (known !== undefined) return known
    const host = new SimHost(this, eventId)
    this.hosts.set(eventId, host)
    return host
  }

  /** From here on nothing goes wrong any more. */
  calmDown(): void {
    this.isCalm = true
    this.faults = NO_FAULTS
    this.gateAwayUntilMs = 0
  }

  strikes(fault: FaultName): boolean {
    const probability = this.faults[fault]
    return probability > 0 && this.random.chance(probability)
  }

  delayMs(kind: 'disk' | 'network'): number {
    if (kind === 'disk') return this.random.between(0, 10)
    return !this.isCalm && this.random.chance(0.05)
      ? this.random.between(0, 1_500)
      : this.random.between(0, 60)
  }

  trace(line: () => string): void {
    this.options.trace?.(`${this.scheduler.nowMs - T0} ${line()}`)
  }

  unexpected(where: string, error: unknown): void {
    this.#fault ??= error instanceof Violation ? error : new Violation('defect', `${where}: ${String(error)}`)
  }

  /** Lets time pass; throws the first Violation. */
  async run(durationMs: number): Promise<void> {
    await this.scheduler.run(durationMs, () => this.check())
  }

  check(): void {
    this.oracle.turnEnds()
    if (this.#fault !== null) throw this.#fault
    for (const host of this.hosts.values()) {
      if (!host.touched) continue
      host.touched = false
      checkRows(this, host)
      if (this.random.chance(RESTART_SAMPLE)) checkRestart(host)
    }
  }

  crash(host: SimHost, reason: string): void {
    checkRestart(host)
    host.crash(reason)
  }

  /** Admissions that hold a place of the pool, over all its events, by the ledgers. */
  liveIn(pool: PoolKeyText): string[] {
    return this.liveRecords(pool).map((record) => record.admissionId)
  }

  liveRecords(pool: PoolKeyText): AdmissionRecord[] {
    const records: AdmissionRecord[] = []
    for (const { rows } of this.hosts.values()) {
      for (const record of rows.admissions.values()) {
        if (record.state !== 'ended' && record.pool === pool) records.push(record)
      }
    }
    return records
  }

  // --- The store's memory -------------------------------------------------------------------------------------------

  /** To be called before a script runs: what a failover may go back to. */
  remember(pool: PoolKey): void {
    const copies = this.#copies.get(pool) ?? []
    this.#copies.set(pool, copies)
    copies.push({ atMs: this.scheduler.nowMs, pool: copyPool(this.store.pool(pool)) })
    if (copies.length > HISTORY_CALLS) copies.shift()
  }

  /** The store fails over to a replica that had not seen its last writes. */
  cut(pool: PoolKey): void {
    const sinceMs = this.scheduler.nowMs - REPLICA_LAG_MS
    const recent = (this.#copies.get(pool) ?? []).filter(({ atMs }) => atMs >= sinceMs)
    this.#goBack(pool, recent.length)
  }

  /** The store is put back to an older copy. What it had granted since is unknown to the other lines of the pool. */
  putBack(pool: PoolKey): void {
    // Those of a batch whose confirmation is on its way are as good as live.
    const granted = [...this.store.pool(pool).leases.keys()]
    const copy = this.#goBack(pool, this.#copies.get(pool)?.length ?? 0)
    if (copy === null || pool.startsWith('e:')) return
    for (const admissionId of [...granted, ...this.liveIn(pool)]) {
      if (!copy.leases.has(admissionId)) this.oracle.unguarded.add(admissionId)
    }
    for (const host of this.hosts.values()) {
      if (host.rows.knows(pool)) continue
      const theirs = [...copy.leases.keys()].filter((member) => member.startsWith(`${host.eventId}.`))
      for (const admissionId of theirs) this.oracle.ownerless.add(admissionId)
    }
  }

  #goBack(pool: PoolKey, callsMax: number): PoolState | null {
    const copies = this.#copies.get(pool) ?? []
    if (callsMax === 0) return null
    const back = this.random.between(1, callsMax)
    const copy = copies[copies.length - back]
    if (copy === undefined) return null
    this.trace(() => `${pool} loses its last ${back} calls`)
    copies.length -= back
    this.store.pools.set(pool, copyPool(copy.pool))
    return copy.pool
  }
}
