/** The line of an event as the gateway asks it: in lanes, at the line or at a shard of it. */
import type { CallLane } from './call-lane.ts'
import type { EventAction } from './core/event-config.ts'
import { shardOf } from './core/scale.ts'
import { inLane } from './durable-clients.ts'
import { joinShardOf, lineOf, streamShardOf } from './durable/objects.ts'
import { scaleOf } from './durable/stream-response.ts'
import { LanesByLine } from './line-lanes.ts'
import { LineScales } from './line-scales.ts'
import { objectCaller, type ObjectCaller } from './object-caller.ts'
import type { ExportKind } from './ports/line-console.ts'
import type { ConfigureRequest, Joined, LineApi, LineResult } from './ports/lines.ts'
import { Overloaded } from './ports/overloaded.ts'
import type { PoolConfig } from './ports/registry.ts'

/** What this isolate has under way. */
const lanes = new LanesByLine()
/** What this isolate has heard of how events are spread. */
const scales = new LineScales()

/**
 * See LineApi. A class, since one is made for each request and asked once.
 * @throws Overloaded, from every method, when too many visitors ask the same line or it takes no calls.
 */
export class LineClient implements LineApi {
  readonly #env: Env
  readonly #eventId: string
  readonly #ask: ObjectCaller<LineApi>

  constructor(env: Env, eventId: string) {
    this.#env = env
    this.#eventId = eventId
    this.#ask = objectCaller(() => lineOf(env, eventId))
  }

  // Repeated, these three would see their own first effect and answer something else.

  act(action: EventAction): ReturnType<LineApi['act']> {
    return this.#ask('never', (line) => line.act(action))
  }

  configure(request: ConfigureRequest): ReturnType<LineApi['configure']> {
    return this.#ask('never', (line) => line.configure(request))
  }

  remove(): ReturnType<LineApi['remove']> {
    return this.#ask('never', (line) => line.remove())
  }

  // Visitors ask in lanes, so that strangers cannot press a line.

  async join(userId: string): Promise<LineResult<Joined>> {
    const { joinShards } = scales.of(this.#eventId, Date.now())
    const joined =
      joinShards === 0
        ? await this.#inLane(this.#lanes().joins, (line) => line.join(userId))
        : await this.#joinByShard(shardOf(userId, joinShards), userId)
    if (joined.ok) scales.heard(this.#eventId, joined.value.scale, Date.now())
    return joined
  }

  status(): ReturnType<LineApi['status']> {
    return this.#visit((line) => line.status())
  }

  progress(): ReturnType<LineApi['progress']> {
    return this.#visit((line) => line.progress())
  }

  visit(userId: string | null): ReturnType<LineApi['visit']> {
    return this.#visit((line) => line.visit(userId))
  }

  place(userId: string): ReturnType<LineApi['place']> {
    return this.#visit((line) => line.place(userId))
  }

  leave(userId: string): ReturnType<LineApi['leave']> {
    return this.#visit((line) => line.leave(userId))
  }

  async fetch(request: Request): Promise<Response> {
    const { searchParams } = new URL(request.url)
    const { joinShards, streamShards } = scales.of(this.#eventId, Date.now())
    const userId = searchParams.get('userId') ?? ''
    const joins = searchParams.has('join')
    // Who joins by listening joins as everybody does; the stream then finds the place.
    const joinsFirst = joinShards > 0 && joins && !searchParams.has('resumed')
    if (joinsFirst) {
      const joined = await this.#joinByShard(shardOf(userId, joinShards), userId)
      if (!joined.ok) return Response.json(joined.error, { status: 409 })
    }
    const shard = shardOf(userId, Math.max(streamShards, 1))
    const holder = objectCaller(() =>
      streamShards === 0 ? lineOf(this.#env, this.#eventId) : streamShardOf(this.#env, this.#eventId, shard),
    )
    // Whoever holds the stream, the line is asked: it is the line that the lane is for.
    const lane = joins && !joinsFirst ? this.#lanes().joins : this.#lanes().visits
    const response = await inLane(lane, () => holder('repeat', (one) => one.fetch(request)))
    if (response.ok) scales.heard(this.#eventId, scaleOf(response), Date.now())
    return response
  }

  // Calls with a key, and the watchdog's, are in no lane.

  detail(): ReturnType<LineApi['detail']> {
    return this.#ask('repeat', (line) => line.detail())
  }

  redeem(request: { admissionId: string; sessionDigest: string }): ReturnType<LineApi['redeem']> {
    return this.#ask('repeat', (line) => line.redeem(request))
  }

  admission(admissionId: string): ReturnType<LineApi['admission']> {
    return this.#ask('repeat', (line) => line.admission(admissionId))
  }

  renew(admissionId: string): ReturnType<LineApi['renew']> {
    return this.#ask('repeat', (line) => line.renew(admissionId))
  }

  release(admissionId: string, outcome: 'completed' | 'cancelled'): ReturnType<LineApi['release']> {
    return this.#ask('repeat', (line) => line.release(admissionId, outcome))
  }

  revoke(admissionId: string): ReturnType<LineApi['revoke']> {
    return this.#ask('repeat', (line) => line.revoke(admissionId))
  }

  watch(scheduledTimeMs: number): ReturnType<LineApi['watch']> {
    return this.#ask('repeat', (line) => line.watch(scheduledTimeMs))
  }

  reassertPool(poolId: string): Promise<void> {
    return this.#ask('repeat', (line) => line.reassertPool(poolId))
  }

  poolChanged(pool: PoolConfig): Promise<void> {
    return this.#ask('repeat', (line) => line.poolChanged(pool))
  }

  metrics(): ReturnType<LineApi['metrics']> {
    return this.#ask('repeat', (line) => line.metrics())
  }

  series(minutes: number): ReturnType<LineApi['series']> {
    return this.#ask('repeat', (line) => line.series(minutes))
  }

  visitor(userId: string): ReturnType<LineApi['visitor']> {
    return this.#ask('repeat', (line) => line.visitor(userId))
  }

  removeVisitor(userId: string): ReturnType<LineApi['removeVisitor']> {
    return this.#ask('repeat', (line) => line.removeVisitor(userId))
  }

  exportPage(what: ExportKind, after: number): ReturnType<LineApi['exportPage']> {
    return this.#ask('repeat', (line) => line.exportPage(what, after))
  }

  #lanes(): ReturnType<LanesByLine['of']> {
    return lanes.of(this.#eventId)
  }

  #visit<T>(call: (line: LineApi) => Promise<T>): Promise<T> {
    return this.#inLane(this.#lanes().visits, call)
  }

  #inLane<T>(lane: CallLane, call: (line: LineApi) => Promise<T>): Promise<T> {
    return inLane(lane, () => this.#ask('repeat', call))
  }

  /** @throws Overloaded when the shard has got no answer from the line in time. */
  async #joinByShard(shard: number, userId: string): Promise<LineResult<Joined>> {
    const ask = objectCaller(() => joinShardOf(this.#env, this.#eventId, shard))
    const joined = await inLane(this.#lanes().shardJoins, () => ask('repeat', (one) => one.join(userId)))
    if (!joined.ok && joined.error.reason === 'overloaded')
      throw new Overloaded('the line of a join shard does not answer in time')
    return joined
  }
}
