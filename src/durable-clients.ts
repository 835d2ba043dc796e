/** The ports of the gateway on Durable Objects. */
import { waitUntil } from 'cloudflare:workers'
import type { CallLane } from './call-lane.ts'
import { lineOf, registryOf } from './durable/objects.ts'
import { LanesByLine } from './line-lanes.ts'
import { objectCaller } from './object-caller.ts'
import type { ObjectCaller } from './object-caller.ts'
import type { IdempotencyApi } from './ports/idempotency.ts'
import type { LineApi } from './ports/lines.ts'
import type { RegistryApi } from './ports/registry.ts'

/** What this isolate has under way. */
const lanes = new LanesByLine()

/** The line of an event; see LineApi. Throws Overloaded when too many visitors ask the same line. */
export function lineClient(env: Env, eventId: string): LineApi {
  const ask = objectCaller(() => lineOf(env, eventId))
  const join = <T>(call: (line: LineApi) => Promise<T>): Promise<T> =>
    inLane(lanes.of(eventId).joins, () => ask('repeat', call))
  const visit = <T>(call: (line: LineApi) => Promise<T>): Promise<T> =>
    inLane(lanes.of(eventId).visits, () => ask('repeat', call))
  return {
    // Repeated, these would see their own first effect and answer something else.
    act: (action) => ask('never', (line) => line.act(action)),
    configure: (request) => ask('never', (line) => line.configure(request)),
    remove: () => ask('never', (line) => line.remove()),
    join: (userId) => join((line) => line.join(userId)),
    status: () => visit((line) => line.status()),
    detail: () => ask('repeat', (line) => line.detail()),
    place: (userId) => visit((line) => line.place(userId)),
    leave: (userId) => visit((line) => line.leave(userId)),
    redeem: (request) => ask('repeat', (line) => line.redeem(request)),
    admission: (admissionId) => ask('repeat', (line) => line.admission(admissionId)),
    renew: (admissionId) => ask('repeat', (line) => line.renew(admissionId)),
    release: (admissionId, outcome) => ask('repeat', (line) => line.release(admissionId, outcome)),
    revoke: (admissionId) => ask('repeat', (line) => line.revoke(admissionId)),
    watch: (scheduledTimeMs) => ask('repeat', (line) => line.watch(scheduledTimeMs)),
    reassertPool: (poolId) => ask('repeat', (line) => line.reassertPool(poolId)),
    poolChanged: (pool) => ask('repeat', (line) => line.poolChanged(pool)),
    metrics: () => ask('repeat', (line) => line.metrics()),
    fetch: (request) =>
      new URL(request.url).searchParams.has('join')
        ? join((line) => line.fetch(request))
        : visit((line) => line.fetch(request)),
  }
}

/** A call that its client hangs up on goes on to its end: one that was cut off would never leave its lane. */
function inLane<T>(lane: CallLane, call: () => Promise<T>): Promise<T> {
  const answer = lane.run(call)
  waitUntil(answer.catch(() => null))
  return answer
}

/** The registry; see RegistryApi. */
export function registryClient(env: Env): RegistryApi {
  const ask = objectCaller(() => registryOf(env))
  return {
    register: (event) => ask('repeat', (registry) => registry.register(event)),
    unregister: (eventId) => ask('repeat', (registry) => registry.unregister(eventId)),
    retire: (eventIds) => ask('repeat', (registry) => registry.retire(eventIds)),
    events: () => ask('repeat', (registry) => registry.events()),
    activeEventIds: () => ask('repeat', (registry) => registry.activeEventIds()),
    putPool: (pool) => ask('repeat', (registry) => registry.putPool(pool)),
    pool: (poolId) => ask('repeat', (registry) => registry.pool(poolId)),
    pools: () => ask('repeat', (registry) => registry.pools()),
    poolMembers: (poolId) => ask('repeat', (registry) => registry.poolMembers(poolId)),
    leftPool: (eventId, poolId) => ask('repeat', (registry) => registry.leftPool(eventId, poolId)),
    ping: () => ask('repeat', (registry) => registry.ping()),
  }
}

/** Keys are spread by their first character, which is uniform: they are digests. */
const IDEMPOTENCY_SHARDS = 16

/** The first answers to idempotency keys; see IdempotencyApi. */
export function idempotencyClient(env: Env): IdempotencyApi {
  const askShardOf = (key: string): ObjectCaller<IdempotencyApi> =>
    objectCaller(() => {
      const shard = key.charCodeAt(0) % IDEMPOTENCY_SHARDS
      // The shard implements the port; the platform's types only forget that a header is a pair.
      return env.IDEMPOTENCY_SHARD.getByName(String(shard)) as unknown as IdempotencyApi
    })
  return {
    // Repeated, it would meet its own mark and call the request in progress.
    begin: (key, requestHash) => askShardOf(key)('never', (shard) => shard.begin(key, requestHash)),
    finish: (key, attempt, answer) =>
      askShardOf(key)('repeat', (shard) => shard.finish(key, attempt, answer)),
    abandon: (key, attempt) => askShardOf(key)('repeat', (shard) => shard.abandon(key, attempt)),
  }
}
