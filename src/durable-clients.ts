/** The ports of the gateway on Durable Objects. */
import { waitUntil } from 'cloudflare:workers'
import type { CallLane } from './call-lane.ts'
import { shardOf } from './core/scale.ts'
import { auditOf, joinShardOf, lineOf, registryOf, streamShardOf } from './durable/objects.ts'
import { scaleOf } from './durable/stream-response.ts'
import { LanesByLine } from './line-lanes.ts'
import { LineScales } from './line-scales.ts'
import { objectCaller } from './object-caller.ts'
import type { ObjectCaller } from './object-caller.ts'
import type { AuditApi } from './ports/audit.ts'
import type { IdempotencyApi } from './ports/idempotency.ts'
import type { Joined, LineApi, LineResult } from './ports/lines.ts'
import { Overloaded } from './ports/overloaded.ts'
import type { RegistryApi } from './ports/registry.ts'

/** What this isolate has under way. */
const lanes = new LanesByLine()
/** What this isolate has heard of how events are spread. */
const scales = new LineScales()

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
    join: async (userId) => {
      const { joinShards } = scales.of(eventId, Date.now())
      const joined =
        joinShards === 0
          ? await join((line) => line.join(userId))
          : await joinByShard(env, eventId, shardOf(userId, joinShards), userId)
      if (joined.ok) scales.heard(eventId, joined.value.scale, Date.now())
      return joined
    },
    status: () => visit((line) => line.status()),
    progress: () => visit((line) => line.progress()),
    visit: (userId) => visit((line) => line.visit(userId)),
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
    series: (minutes) => ask('repeat', (line) => line.series(minutes)),
    visitor: (userId) => ask('repeat', (line) => line.visitor(userId)),
    removeVisitor: (userId) => ask('repeat', (line) => line.removeVisitor(userId)),
    exportPage: (what, after) => ask('repeat', (line) => line.exportPage(what, after)),
    fetch: async (request) => {
      const { searchParams } = new URL(request.url)
      const { joinShards, streamShards } = scales.of(eventId, Date.now())
      const userId = searchParams.get('userId') ?? ''
      const joins = searchParams.has('join')
      // Who joins by listening joins as everybody does; the stream then finds the place.
      const joinsFirst = joinShards > 0 && joins && !searchParams.has('resumed')
      if (joinsFirst) {
        const joined = await joinByShard(env, eventId, shardOf(userId, joinShards), userId)
        if (!joined.ok) return Response.json(joined.error, { status: 409 })
      }
      const shard = shardOf(userId, Math.max(streamShards, 1))
      const holder = objectCaller(() =>
        streamShards === 0 ? lineOf(env, eventId) : streamShardOf(env, eventId, shard),
      )
      // Whoever holds the stream, the line is asked: it is the line that the lane is for.
      const lane = joins && !joinsFirst ? lanes.of(eventId).joins : lanes.of(eventId).visits
      const response = await inLane(lane, () => holder('repeat', (one) => one.fetch(request)))
      if (response.ok) scales.heard(eventId, scaleOf(response), Date.now())
      return response
    },
  }
}

/** @throws Overloaded when the shard has got no answer from the line in time. */
async function joinByShard(
  env: Env,
  eventId: string,
  shard: number,
  userId: string,
): Promise<LineResult<Joined>> {
  const ask = objectCaller(() => joinShardOf(env, eventId, shard))
  const joined = await inLane(lanes.of(eventId).shardJoins, () => ask('repeat', (one) => one.join(userId)))
  if (!joined.ok && joined.error.reason === 'overloaded')
    throw new Overloaded('the line of a join shard does not answer in time')
  return joined
}

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
