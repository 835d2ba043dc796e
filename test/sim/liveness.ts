/** After the last fault: the lines go on by themselves, let in whom there is room for, and in the end nothing is left. */
import { SHARD_SILENT_MS } from '../../src/core/limits.ts'
import { poolKeyOf } from '../../src/core/ledger.ts'
import type { PoolKey } from '../../src/ports/pool-gate.ts'
import type { SimHost } from './host.ts'
import { Violation } from './invariants.ts'
import type { Setting } from './setting.ts'
import { checkRestart } from './states.ts'
import type { World } from './world.ts'

/** What was sent before the calm may still arrive, and recoveries that it disturbed are done again. */
const AFTERMATH_MS = 14_000
const TICK_MS = 1_000
/** INV-7: ticks without an admission, though somebody present waits and there is room. */
const STANDSTILL_TICKS_MAX = 2
/** In a shared pool the second tick asks whether the grant is still there, and its answer lets them in. */
const SHARED_STANDSTILL_TICKS_MAX = 3
/** What a clock that was ahead has left behind costs a rate at most a minute from when it is next looked at. */
const RATE_REPAIR_TICKS_MAX = 62
/** An own and a shared rate, both left in the future by a clock that was ahead: two minutes, at half speed. */
const DRAIN_TICKS_MAX = 150

export async function settle(world: World, setting: Setting): Promise<void> {
  world.trace(() => 'calm')
  world.calmDown()
  const hosts = [...world.hosts.values()].filter((host) => host.rows.event !== null)
  for (const host of hosts) comeRight(host)
  await world.run(2 * TICK_MS)
  setting.setHall(world.random.between(1, 3) + ownerlessIn(world, 'p:hall'))
  for (const host of hosts) {
    setting.setCapacity(host, world.random.between(1, 3))
    setting.act(host, 'open')
  }
  for (const userId of world.userIds) setting.crowd.listen(world.random.pick(hosts), userId, true)
  setting.watch()
  await world.run(AFTERMATH_MS)
  setting.watch()
  await world.run(4 * TICK_MS)
  await progress(world, setting, hosts)
  await drain(world, setting, hosts)
}

/** The clocks are right again; a line whose time was ahead goes on at half speed until the clock has caught up. */
function comeRight(host: SimHost): void {
  host.clockOffsetMs = 0
  host.setTimer()
}

async function progress(world: World, setting: Setting, hosts: readonly SimHost[]): Promise<void> {
  const stood = new Map<SimHost, number>()
  for (let tick = 0; tick < 8; tick += 1) {
    const before = new Map(hosts.map((host) => [host, admittedTo(host)]))
    if (tick === 3) endSome(world, setting, hosts, 0.5)
    await world.run(TICK_MS)
    for (const host of hosts) {
      host.streamShards.look()
      const stands = couldAdmit(world, host) && admittedTo(host) === before.get(host)
      const ticks = stands ? (stood.get(host) ?? 0) + 1 : 0
      stood.set(host, ticks)
      if (ticks > standstillTicksMax(host))
        throw new Violation('INV-7', `${host.eventId} stands still; ${strangersIn(world, host)}`)
    }
  }
}

/** Leases that no ledger knows: what usually keeps a line from going on. */
function strangersIn(world: World, host: SimHost): string {
  const { event } = host.rows
  const pool = event === null ? null : poolKeyOf(event)
  const live = pool === null ? [] : world.liveIn(pool)
  const leases = pool === null ? [] : [...world.store.pool(pool).leases.keys()]
  return `unknown to the ledgers: ${leases.filter((member) => !live.includes(member)).join(' ')}`
}

function standstillTicksMax(host: SimHost): number {
  if (isLimited(host)) return RATE_REPAIR_TICKS_MAX
  return host.rows.event?.pool === null ? STANDSTILL_TICKS_MAX : SHARED_STANDSTILL_TICKS_MAX
}

function isLimited({ rows: { event } }: SimHost): boolean {
  return (event?.config.admitPerMinute ?? event?.pool?.admitPerMinute ?? null) !== null
}

function admittedTo(host: SimHost): number {
  return host.rows.admissions.size
}

/** Whether there is room in the event and in its pool, and somebody present waits. */
function couldAdmit(world: World, host: SimHost): boolean {
  const { event } = host.rows
  if (event === null || event.status !== 'open') return false
  const pool = poolKeyOf(event)
  // Whoever came in through a pool that the event has left is inside all the same.
  const own = [...host.rows.admissions.values()].filter((record) => record.state !== 'ended').length
  const shared = event.pool === null ? Infinity : (world.registry.pool(event.pool.poolId)?.capacity ?? 0)
  const taken = world.liveIn(pool).length + grantedIn(world, pool)
  const hasRoom = own < event.config.capacity && taken < shared
  const line = host.line()
  const waits = [...host.rows.places.values()].filter((place) => place.state === 'WAITING')
  return hasRoom && waits.length > 0 && (line === null || line.waiting.presentCount > 0)
}

/** Leases beside those of the ledgers: of batches in flight, granted and not confirmed yet, and those without an owner. */
function grantedIn(world: World, pool: PoolKey): number {
  const { leases } = world.store.pool(pool)
  const asked = [...world.hosts.values()].flatMap(({ rows: { batch } }) => batch?.members ?? [])
  return asked.filter(({ admissionId }) => leases.has(admissionId)).length + ownerlessIn(world, pool)
}

function ownerlessIn(world: World, pool: PoolKey): number {
  return [...world.store.pool(pool).leases.keys()].filter((member) => world.oracle.ownerless.has(member))
    .length
}

function endSome(world: World, setting: Setting, hosts: readonly SimHost[], share: number): void {
  for (const host of hosts) {
    for (const record of host.rows.admissions.values()) {
      if (record.state !== 'ended' && world.random.chance(share))
        setting.crowd.release(host, record.admissionId, 'completed')
    }
  }
}

/** Everybody inside goes, everybody outside comes in, and then every slot has come back once (INV-6). */
async function drain(world: World, setting: Setting, hosts: readonly SimHost[]): Promise<void> {
  for (let tick = 0; tick < DRAIN_TICKS_MAX && !isEmpty(hosts); tick += 1) {
    endSome(world, setting, hosts, 1)
    if (tick % 10 === 0) everybodyComesBack(setting, hosts)
    await world.run(2 * TICK_MS)
    for (const host of hosts) host.streamShards.look()
    if (tick % 10 === 9) setting.watch()
  }
  if (!isEmpty(hosts))
    throw new Violation(
      'INV-7',
      `the lines do not empty; ${hosts.map((host) => strangersIn(world, host)).join('; ')}`,
    )
  setting.watch()
  await world.run(3 * TICK_MS)
  await streamsEnd(world, hosts)
  for (const host of hosts) {
    checkRestart(host)
    const owing = [...host.rows.admissions.values()].filter((record) => record.debt !== null)
    if (owing.length > 0) throw new Violation('INV-6', `${host.eventId} still owes ${owing.length} slots`)
    if (host.rows.batch !== null) throw new Violation('INV-6', `${host.eventId} has an open batch`)
  }
  const used = new Set(hosts.flatMap(({ rows: { event } }) => (event === null ? [] : poolKeyOf(event))))
  for (const [pool, { leases, tokens }] of world.store.pools) {
    // One that nobody uses any more may come back as an older copy, and lies there until it expires.
    if (!used.has(pool)) continue
    const { ownerless } = world.oracle
    const left = [...leases.keys()].filter((member) => !member.startsWith('epoch:') && !ownerless.has(member))
    const heldTokens = [...tokens.keys()].filter((member) => !ownerless.has(member))
    if (left.length > 0 || heldTokens.length > 0)
      throw new Violation('INV-6', `${pool} keeps ${left.join(' ')} and ${heldTokens.length} tokens`)
  }
}

/** With the last place the last stream at a shard ends, and no line believes in one that is gone. */
async function streamsEnd(world: World, hosts: readonly SimHost[]): Promise<void> {
  while (hosts.some(({ streamShards }) => streamShards.hasStreams)) {
    for (const { streamShards } of hosts) streamShards.look()
    await world.run(TICK_MS)
  }
  // A shard that has nothing left says nothing more, and is given up after a while.
  await world.run(SHARD_SILENT_MS + 3 * TICK_MS)
  const believer = hosts.find(({ streams }) => (streams?.remoteSize ?? 0) > 0)
  if (believer !== undefined)
    throw new Violation('streams', `${believer.eventId} counts streams that are gone`)
}

function everybodyComesBack(setting: Setting, hosts: readonly SimHost[]): void {
  for (const host of hosts) {
    for (const place of host.rows.places.values()) {
      if (place.state === 'WAITING') setting.crowd.listen(host, place.userId, false)
    }
  }
}

function isEmpty(hosts: readonly SimHost[]): boolean {
  return hosts.every(({ rows }) => {
    const isWaiting = [...rows.places.values()].some((place) => place.state === 'WAITING')
    return !isWaiting && [...rows.admissions.values()].every((record) => record.state === 'ended')
  })
}
