/** The ports of the gateway on Durable Objects; the one of a line is line-client.ts. */
import { waitUntil } from 'cloudflare:workers'
import type { CallLane } from './call-lane.ts'
import { auditOf, registryOf } from './durable/objects.ts'
import { objectCaller } from './object-caller.ts'
import type { ObjectCaller } from './object-caller.ts'
import type { AuditApi } from './ports/audit.ts'
import type { IdempotencyApi } from './ports/idempotency.ts'
import type { RegistryApi } from './ports/registry.ts'

/** A call that its client hangs up on goes on to its end: one that was cut off would never leave its lane. */
export function inLane<T>(lane: CallLane, call: () => Promise<T>): Promise<T> {
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

/** The log of what operators did; see AuditApi. */
export function auditClient(env: Env): AuditApi {
  const ask = objectCaller(() => auditOf(env))
  return {
    // Repeated, it would be in the log twice.
    write: (facts, ending) => ask('never', (audit) => audit.write(facts, ending)),
    settle: (entryId, ending) => ask('repeat', (audit) => audit.settle(entryId, ending)),
    page: (query) => ask('repeat', (audit) => audit.page(query)),
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
