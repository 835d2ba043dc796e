/**
 * Over how many objects an event is spread. The line stays the only authority: shards take joins and streams off it,
 * and how many there are changes nothing but who is asked first.
 */
import {
  EXPECTED_PEAK_JOINS_PER_SECOND,
  JOIN_RATE_WINDOW_SECONDS,
  JOIN_SHARDS_FROM_PER_SECOND,
  JOIN_SHARDS_MAX,
  JOINS_PER_SECOND_OF_A_SHARD,
  SCALE_DOWN_AFTER_MS,
  STREAM_SHARDS_FROM,
  STREAM_SHARDS_MAX,
  STREAMS_OF_A_SHARD,
} from './limits.ts'
import type { EpochMs } from './time.ts'

/** How many shards of each kind there are. 0: the line does it itself. */
export type LineScale = { readonly joinShards: number; readonly streamShards: number }

/** Everything goes to the line: a small event, which pays nothing for what a large one needs. */
export const UNSCALED: LineScale = { joinShards: 0, streamShards: 0 }

export type ScaleInputs = {
  /** Streams of the event, wherever they are held. */
  readonly streams: number
  /** What the operator expects: joins in the busiest second. */
  readonly expectedPeak: number | null
}

/** Follows the load of one line. Grows at once; shrinks when the load has been low for SCALE_DOWN_AFTER_MS. */
export class ScaleRule {
  readonly #joins = new RecentJoins()
  #scale: LineScale = UNSCALED
  /** Since when joins, and streams, have been few; null while they are not. */
  #fewJoinsSinceMs: EpochMs | null = null
  #fewStreamsSinceMs: EpochMs | null = null

  /** So many visitors have asked to join, by whatever way. */
  joined(count: number, nowMs: EpochMs): void {
    this.#joins.add(count, nowMs)
  }

  /** The scale of this moment; the same object while it does not change. */
  scale({ streams, expectedPeak }: ScaleInputs, nowMs: EpochMs): LineScale {
    const joinShards = this.#joinShards(expectedPeak ?? 0, nowMs)
    const streamShards = this.#streamShards(streams, nowMs)
    const { joinShards: joinsBefore, streamShards: streamsBefore } = this.#scale
    if (joinShards !== joinsBefore || streamShards !== streamsBefore)
      this.#scale = joinShards + streamShards === 0 ? UNSCALED : { joinShards, streamShards }
    return this.#scale
  }

  #joinShards(expectedPerSecond: number, nowMs: EpochMs): number {
    const present = this.#scale.joinShards
    const expected = joinShardsFor(Math.min(expectedPerSecond, EXPECTED_PEAK_JOINS_PER_SECOND))
    const perSecond = this.#joins.perSecond(nowMs)
    const isLow = perSecond < JOIN_SHARDS_FROM_PER_SECOND / 2
    this.#fewJoinsSinceMs = isLow ? (this.#fewJoinsSinceMs ?? nowMs) : null
    if (isOver(this.#fewJoinsSinceMs, nowMs)) return expected
    return Math.max(present, expected, joinShardsFor(perSecond))
  }

  #streamShards(streams: number, nowMs: EpochMs): number {
    const present = this.#scale.streamShards
    const wanted = streamShardsFor(streams)
    if (wanted >= present) {
      this.#fewStreamsSinceMs = null
      return wanted
    }
    // Below half of what made it grow to this number.
    const isLow = streams < growsAt(present) / 2
    this.#fewStreamsSinceMs = isLow ? (this.#fewStreamsSinceMs ?? nowMs) : null
    if (!isOver(this.#fewStreamsSinceMs, nowMs)) return present
    this.#fewStreamsSinceMs = null
    return present === 1 ? 0 : present / 2
  }
}

/** Shards for a rate of joins: the smallest power of two that has room for it. */
export function joinShardsFor(perSecond: number): number {
  if (perSecond <= JOIN_SHARDS_FROM_PER_SECOND) return 0
  return Math.min(powerOfTwoAbove(perSecond / JOINS_PER_SECOND_OF_A_SHARD), JOIN_SHARDS_MAX)
}

/** Shards for a number of streams, likewise. */
export function streamShardsFor(streams: number): number {
  if (streams <= STREAM_SHARDS_FROM) return 0
  return Math.min(powerOfTwoAbove(streams / STREAMS_OF_A_SHARD), STREAM_SHARDS_MAX)
}

/** The shard of a visitor: the same in every isolate, and even over whatever ids there are. */
export function shardOf(userId: string, shards: number): number {
  return fingerprintOf(userId) % shards
}

/** 32 bits of a visitor's id (FNV-1a, mixed once more because its low bits are what is used). */
export function fingerprintOf(userId: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < userId.length; index += 1)
    hash = Math.imul(hash ^ userId.charCodeAt(index), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b)
  return (hash ^ (hash >>> 15)) >>> 0
}

/** The number of streams above which there are at least so many shards. */
function growsAt(shards: number): number {
  return shards === 1 ? STREAM_SHARDS_FROM : (shards / 2) * STREAMS_OF_A_SHARD
}

function isOver(sinceMs: EpochMs | null, nowMs: EpochMs): boolean {
  return sinceMs !== null && nowMs - sinceMs >= SCALE_DOWN_AFTER_MS
}

function powerOfTwoAbove(count: number): number {
  return 2 ** Math.max(0, Math.ceil(Math.log2(count)))
}

/** Joins by the second, as far back as the rate looks. */
class RecentJoins {
  readonly #counts = Array.from({ length: JOIN_RATE_WINDOW_SECONDS }, () => 0)
  #second = 0
  #sum = 0

  add(count: number, nowMs: EpochMs): void {
    this.#turn(nowMs)
    const slot = this.#second % JOIN_RATE_WINDOW_SECONDS
    this.#counts[slot] = (this.#counts[slot] ?? 0) + count
    this.#sum += count
  }

  perSecond(nowMs: EpochMs): number {
    this.#turn(nowMs)
    return this.#sum / JOIN_RATE_WINDOW_SECONDS
  }

  #turn(nowMs: EpochMs): void {
    const second = Math.max(this.#second, Math.floor(nowMs / 1_000))
    const from = Math.max(this.#second + 1, second - JOIN_RATE_WINDOW_SECONDS + 1)
    for (let passed = from; passed <= second; passed += 1) {
      const slot = passed % JOIN_RATE_WINDOW_SECONDS
      this.#sum -= this.#counts[slot] ?? 0
      this.#counts[slot] = 0
    }
    this.#second = second
  }
}
