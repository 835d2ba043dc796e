/** How many Durable Objects a sale keeps awake. */
import { SCALE_DOWN_AFTER_MS } from '../src/core/limits.ts'
import { joinShardsFor, streamShardsFor } from '../src/core/scale.ts'
import { joinsPerSecondOf, secondsOf, streamsOf, type Workload } from './workload.ts'

export type Objects = {
  /** At the busiest moment. */
  readonly total: number
  readonly streamShards: number
  readonly joinShards: number
  /** Of all of them together. */
  readonly awakeSeconds: number
  /** For how long join shards are in use. */
  readonly joinShardSeconds: number
}

/** The line and the shards that it would have by its own rule (src/core/scale.ts), or as many as were asked for. */
export function objectsOf(load: Workload, streamsShare: number): Objects {
  const saleSeconds = secondsOf(load)
  const isGiven = load.objects !== null
  const streamShards = isGiven ? 0 : streamShardsFor(streamsOf(load, streamsShare))
  const joinShards = isGiven ? 0 : joinShardsFor(joinsPerSecondOf(load))
  const withLine = load.objects ?? 1 + streamShards
  // In use until joins have been few for a while.
  const joinShardSeconds = Math.min(saleSeconds, load.joinSeconds + SCALE_DOWN_AFTER_MS / 1_000)
  return {
    total: withLine + joinShards,
    streamShards,
    joinShards,
    awakeSeconds: withLine * saleSeconds + joinShards * joinShardSeconds,
    joinShardSeconds,
  }
}
