/** How many Durable Objects a sale keeps awake. */
import type { Workload } from './workload.ts'

export type Objects = {
  readonly total: number
  readonly streamShards: number
  readonly joinShards: number
  /** Of the shards to the line. Assumed, not counted. */
  readonly callsPerSecond: number
}

/** What one object is planned to carry; beyond it the work is spread over as many as it takes. */
const STREAMS_PER_OBJECT = 2_000
const JOINS_PER_SECOND_PER_OBJECT = 300
/** How often a shard asks its line what to show, and how often one reports who has joined. */
const CALLS_PER_STREAM_SHARD_SECOND = 1
const CALLS_PER_JOIN_SHARD_SECOND = 4

/** The line, and the shards that the streams and joins need beyond what one object carries. */
export function objectsOf(load: Workload, streamsShare: number): Objects {
  const streams = load.waiting * streamsShare
  const joinsPerSecond = load.waiting / load.joinSeconds
  const isGiven = load.objects !== null
  const streamShards = isGiven ? 0 : shardsFor(streams, STREAMS_PER_OBJECT)
  const joinShards = isGiven ? 0 : shardsFor(joinsPerSecond, JOINS_PER_SECOND_PER_OBJECT)
  return {
    total: load.objects ?? 1 + streamShards + joinShards,
    streamShards,
    joinShards,
    callsPerSecond: streamShards * CALLS_PER_STREAM_SHARD_SECOND + joinShards * CALLS_PER_JOIN_SHARD_SECOND,
  }
}

/** None while one object carries all. */
function shardsFor(load: number, perObject: number): number {
  return load > perObject ? Math.ceil(load / perObject) : 0
}
