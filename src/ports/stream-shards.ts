/**
 * Between a line and its stream shards. A shard holds the open streams of some visitors and follows the line; it knows
 * nothing that the line does not know. EventLine implements LineStreamsApi; calls go over RPC.
 */
import type { EventStatusName } from '../core/event-config.ts'
import type { LineScale } from '../core/scale.ts'
import type { DropNews } from '../core/drop-news.ts'
import type { SeatsNews } from '../core/seats-feed.ts'
import type { StreamView } from '../core/stream-view.ts'
import type { EpochMs } from '../core/time.ts'
import type { LineResult } from './lines.ts'

export interface LineStreamsApi {
  /**
   * Decides of each what the line decides for a stream of its own, and remembers where the stream is. One answer for each,
   * in their order. Safe to repeat.
   */
  openRemote(requests: readonly RemoteOpening[]): Promise<readonly LineResult<RemoteOpened>[]>
  /**
   * Says what has changed at the shard and answers what has changed for it: at the line's next tick, or at once when
   * one of the shard's visitors is to hear something. Safe to repeat.
   */
  follow(request: FollowRequest): Promise<FollowAnswer>
}

export type RemoteOpening = {
  /** One life of one shard: a shard that starts again is another follower, and its old streams are gone. */
  readonly follower: string
  /** Counts the openings of this follower from 1: what is said of an older stream is not meant for a newer one. */
  readonly stream: number
  readonly userId: string
  /** As in Streams.open. */
  readonly joins: boolean
  readonly resumed: boolean
}

export type RemoteOpened = {
  readonly eventId: string
  readonly view: StreamView
  readonly status: EventStatusName
  /** The line's clock: what is shown by it never goes back. */
  readonly nowMs: EpochMs
  /** There when the event is spread over shards; for the gateway. */
  readonly scale?: LineScale
}

export type FollowRequest = {
  readonly follower: string
  /** The number of the last answer that arrived; 0 before the first. What an answer told that was lost is told again. */
  readonly heard: number
  /** `opened` is everybody who streams here. Otherwise only those of whom the line may not know. */
  readonly isAll: boolean
  readonly opened: readonly RemoteStream[]
  /** Streams that are gone. A visitor whose only stream is gone is absent. */
  readonly closed: readonly number[]
  /** Streams that have lived long enough; their visitors are on the way back. */
  readonly retired: readonly number[]
  /** Streams that are to be shown their position at the next tick. */
  readonly due: readonly number[]
  /** Since the last answer that arrived. */
  readonly framesWritten: number
  readonly framesSkipped: number
}

export type RemoteStream = { readonly userId: string; readonly stream: number; readonly openedAtMs: EpochMs }

export type FollowAnswer =
  /** The line has started again, or has given the shard up: it needs to hear of all streams. */
  | { readonly kind: 'unknown' }
  /** The event is gone. */
  | { readonly kind: 'over' }
  | {
      readonly kind: 'news'
      readonly number: number
      readonly nowMs: EpochMs
      readonly status: EventStatusName
      readonly news: readonly StreamNews[]
      /** For each of `due`; null for a stream that the line does not know. All null when it is not time yet. */
      readonly views: readonly (StreamView | null)[] | null
      /** What has changed of the event's seats since the shard was told last; null: nothing. */
      readonly seats: SeatsNews | null
      /** How drops behind the event stand, of those of which the shard was not told. */
      readonly drops: readonly DropNews[]
    }

/** What one stream is to be shown at once. */
export type StreamNews = { readonly userId: string; readonly stream: number; readonly view: StreamView }
