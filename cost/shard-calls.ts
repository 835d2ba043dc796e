/**
 * What the shards of a large event ask its line. Reckoned from how they work (docs/adr/0017, 0018), not counted. Each
 * is a call of an object and nothing else: shards have no rows and no alarm, and what the line writes for a visitor it
 * writes either way.
 */
import { JOIN_WINDOW_MS, TICK_MS } from '../src/core/limits.ts'
import { text, type Activity } from './activity.ts'
import { objectsOf } from './objects.ts'
import { admissionsOf, secondsOf, type Workload } from './workload.ts'

/** A shard asks again when the line has answered, and the line answers at its tick. */
const FOLLOWS_PER_SECOND = 1_000 / TICK_MS
/** Of a join shard that has somebody in each window. */
const REPORTS_PER_SECOND = 1_000 / JOIN_WINDOW_MS

/** @param openings streams opened in all. Those that come together share a call, so theirs are an upper bound. */
export function shardCalls(load: Workload, streamsShare: number, openings: number): Activity[] {
  const objects = objectsOf(load, streamsShare)
  return [
    ...(objects.streamShards > 0 ? streamCalls(load, streamsShare, openings, objects.streamShards) : []),
    calls(
      'join shards report',
      objects.joinShards * REPORTS_PER_SECOND * objects.joinShardSeconds,
      `${objects.joinShards} x ${REPORTS_PER_SECOND} / s x ${text(objects.joinShardSeconds)} s`,
    ),
  ]
}

/** In a full shop each release admits one: a batch of its own, which ends the call of one shard early. */
function streamCalls(load: Workload, streamsShare: number, openings: number, shards: number): Activity[] {
  const seconds = secondsOf(load)
  const admissions = admissionsOf(load)
  return [
    calls(
      'stream shards follow',
      shards * FOLLOWS_PER_SECOND * seconds,
      `${shards} x ${FOLLOWS_PER_SECOND} / s x ${text(seconds)} s`,
    ),
    calls(
      'and hear of admissions',
      admissions * streamsShare,
      `${text(admissions)} admitted x ${text(streamsShare)}`,
    ),
    calls('and of openings, at most', openings, `${text(openings)} opened`),
  ]
}

function calls(label: string, times: number, arithmetic: string): Activity {
  return {
    phase: 'event',
    label: `${label} (reckoned)`,
    times,
    arithmetic,
    needs: { objectRequests: 1 },
  }
}
