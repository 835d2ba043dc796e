/** The events of a world, their operator, and what strikes a world from outside. */
import type { EventConfig } from '../../src/core/event-config.ts'
import type { PoolKey } from '../../src/ports/pool-gate.ts'
import { NO_FAULTS } from './faults.ts'
import type { SimHost } from './host.ts'
import { UNREACHABLE } from './outside.ts'
import { emptyPool } from './pool-state.ts'
import { Crowd } from './visitors.ts'
import type { World } from './world.ts'

const HALL = 'hall'
const LONGEST_LEASE_SECONDS = 3_600
const CLOCK_JUMP_MS = 300_000
const CRON_MS = 20_000

export class Setting {
  readonly crowd: Crowd
  readonly #world: World

  constructor(world: World) {
    this.#world = world
    this.crowd = new Crowd(world)
  }

  /** One to three events, each with its own pool or in the hall; sometimes the hall waits for one that never came. */
  async open(): Promise<void> {
    const { random, registry, scheduler } = this.#world
    registry.putPool(HALL, random.between(1, 4), random.chance(0.15) ? 600 : null, scheduler.nowMs)
    const count = random.between(1, 3)
    for (let index = 0; index < count; index += 1) {
      const poolId = random.chance(0.6) ? HALL : null
      const eventId = `e${index}`
      registry.register(eventId, poolId, LONGEST_LEASE_SECONDS)
      const host = this.#world.host(eventId)
      const pool = poolId === null ? null : registry.pool(poolId)
      const config = this.#config(poolId)
      const { faults } = this.#world
      this.#world.faults = NO_FAULTS
      await host.wake().configure({ eventId, mode: 'replace', config, statusGiven: true, pool })
      this.#world.faults = faults
    }
    if (random.chance(0.1)) registry.register('never', HALL, LONGEST_LEASE_SECONDS)
    this.cron()
  }

  #config(poolId: string | null): EventConfig {
    const { random } = this.#world
    return {
      name: 'Demo',
      capacity: random.between(1, 5),
      poolId,
      admitPerMinute: random.chance(0.15) ? 600 : null,
      batchSizeMax: random.chance(0.5) ? 1_000 : random.between(1, 3),
      entryTokenTtlSeconds: random.between(5, 60),
      leaseTtlSeconds: random.between(10, 60),
      maxSessionSeconds: LONGEST_LEASE_SECONDS,
      disconnectGraceSeconds: random.between(5, 60),
      queueing: random.pick(['fifo', 'fifo', 'fifo', 'lottery', 'passthrough']),
      status: random.chance(0.9) ? 'open' : 'scheduled',
      opensAt: null,
      closesAt: null,
      public: true,
      expectedPeak: null,
    }
  }

  /** The watchdog's rounds, each of which may be skipped or doubled. */
  cron(): void {
    const world = this.#world
    world.scheduler.after(CRON_MS, () => {
      this.cron()
      if (world.strikes('cronSkipped')) return
      this.watch()
      if (world.strikes('cronDoubled')) this.watch()
    })
  }

  watch(): void {
    for (const host of this.#events()) this.#tell(host, (engine) => engine.watch(this.#world.scheduler.nowMs))
  }

  /** What happens next in the world. */
  step(): void {
    const { random } = this.#world
    this.#strike()
    const host = random.pick(this.#events())
    if (random.chance(0.06)) this.#operate(host)
    else this.crowd.act(host)
  }

  #events(): SimHost[] {
    return [...this.#world.hosts.values()].filter((host) => host.eventId !== 'never')
  }

  #operate(host: SimHost): void {
    const { random } = this.#world
    const roll = random.between(0, 10)
    if (roll < 2) this.act(host, random.pick(['pause', 'resume']))
    else if (roll < 4) this.act(host, 'open')
    else if (roll === 4) this.act(host, random.pick(['close', 'sold-out']))
    else if (roll < 7) this.setCapacity(host, random.between(0, 5))
    else if (roll < 9) this.setHall(random.between(0, 5))
    else if (roll === 9) this.move(host, random.chance(0.5) ? HALL : null)
    else {
      const known = this.crowd.known.get(host.eventId) ?? []
      if (known.length > 0) this.crowd.revoke(host, random.pick(known))
    }
  }

  act(host: SimHost, action: 'open' | 'pause' | 'resume' | 'close' | 'sold-out'): void {
    this.#world.trace(() => `${host.eventId}: ${action}`)
    this.#tell(host, (engine) => engine.act(action))
  }

  setCapacity(host: SimHost, capacity: number): void {
    this.#world.trace(() => `${host.eventId}: capacity ${capacity}`)
    const poolId = host.rows.event?.config.poolId ?? null
    const pool = poolId === null ? null : this.#world.registry.pool(poolId)
    const { eventId } = host
    this.#tell(host, (engine) => engine.configure({ eventId, mode: 'patch', change: { capacity }, pool }))
  }

  /** Another pool for whoever comes in from now on. */
  move(host: SimHost, poolId: string | null): void {
    const { eventId } = host
    const { registry } = this.#world
    this.#world.trace(() => `${eventId}: moves to ${poolId ?? 'a pool of its own'}`)
    registry.register(eventId, poolId, LONGEST_LEASE_SECONDS)
    const pool = poolId === null ? null : registry.pool(poolId)
    this.#tell(host, (engine) => engine.configure({ eventId, mode: 'patch', change: { poolId }, pool }))
  }

  /** The shared pool is changed, and the events of it that can be reached are told. */
  setHall(capacity: number): void {
    const { registry, scheduler } = this.#world
    const admitPerMinute = registry.pool(HALL)?.admitPerMinute ?? null
    const pool = registry.putPool(HALL, capacity, admitPerMinute, scheduler.nowMs)
    this.#world.trace(() => `the hall: capacity ${capacity}`)
    for (const host of this.#events()) {
      if (this.#world.strikes('peerAway')) continue
      this.#tell(host, async (engine) => engine.poolChanged(pool))
    }
  }

  #tell(host: SimHost, call: (engine: ReturnType<SimHost['wake']>) => Promise<unknown>): void {
    const world = this.#world
    world.scheduler.after(world.delayMs('network'), () => {
      host.touched = true
      const engine = host.wake()
      const { life } = host
      call(engine).catch((error: unknown) => {
        // The registry is asked by the watchdog's round, which is repeated.
        const isAway = error instanceof Error && error.message === UNREACHABLE
        if (life === host.life && !isAway) world.unexpected('operator', error)
      })
    })
  }

  #strike(): void {
    const world = this.#world
    const { random, scheduler } = world
    const host = random.pick(this.#events())
    const pool = random.pick<PoolKey>(['p:hall', 'p:hall', `e:${host.eventId}`])
    if (world.strikes('crash')) world.crash(host, 'evicted')
    host.shards.strike()
    host.streamShards.strike()
    if (world.strikes('gateAway')) world.gateAwayUntilMs = scheduler.nowMs + random.between(1_000, 20_000)
    if (world.strikes('storeCut')) world.cut(pool)
    if (world.strikes('storeOlder')) world.putBack(pool)
    if (world.strikes('storeFlushed')) {
      world.trace(() => 'the store is flushed')
      world.store.pools.clear()
    }
    if (world.strikes('storeKeyLost')) this.#loseKey(pool)
    if (world.strikes('clockJump')) {
      host.clockOffsetMs = random.between(-CLOCK_JUMP_MS, CLOCK_JUMP_MS)
      world.trace(() => `${host.eventId}: the clock is off by ${host.clockOffsetMs} ms`)
      host.setTimer()
    }
  }

  #loseKey(pool: PoolKey): void {
    const { random, store } = this.#world
    const key = random.pick(['hash', 'leases', 'tokens'] as const)
    this.#world.trace(() => `${pool} loses its ${key}`)
    Object.assign(store.pool(pool), { [key]: emptyPool()[key] })
  }
}
