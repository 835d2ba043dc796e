/** What a line knows of one life of one stream shard. */
import type { EventStatusName } from '../core/event-config.ts'
import type { EndReason } from '../core/records.ts'
import type { DropNews, DropsFeed } from '../core/drop-news.ts'
import type { SeatsFeed, SeatsNews } from '../core/seats-feed.ts'
import type { EpochMs } from '../core/time.ts'
import type { FollowAnswer, RemoteStream } from '../ports/stream-shards.ts'

/** A stream at a shard. */
export type PlacedStream = RemoteStream & { readonly follower: Follower }

/** `reason`: how the visitor's place or stream has ended; null when it goes on. */
type Untold = { readonly userId: string; readonly stream: number; readonly reason: EndReason | null }

type Held = { readonly due: readonly number[]; readonly resolve: (answer: FollowAnswer) => void }

export class Follower {
  /** By their numbers. */
  readonly streams = new Map<number, PlacedStream>()
  /** Opened since the last tick, and not yet among those that are due: the shard asked before it knew of them. */
  readonly fresh = new Map<number, RemoteStream>()
  /** It has told of all its streams. */
  isComplete = false
  heardAtMs: EpochMs
  /** The tick whose positions it was shown last. */
  tick: number
  /** How many answers it was given. */
  answers = 0
  #untold = new Map<number, Untold>()
  /** What the last answer told, until it is known to have arrived. */
  #told = new Map<number, Untold>()
  #toldStatus: EventStatusName | null = null
  /** The seat map that the last answer told of, and the one that it is known to have heard of. */
  #toldSeats = 0
  #heardSeats = 0
  /** The news of drops, likewise. */
  #toldDrops = 0
  #heardDrops = 0
  #held: Held | null = null

  constructor(nowMs: EpochMs, tick: number) {
    this.heardAtMs = nowMs
    this.tick = tick
  }

  /** It waits for an answer. */
  get isHeld(): boolean {
    return this.#held !== null
  }

  /** The streams that the call which waits wants positions for. */
  get due(): readonly number[] {
    return this.#held?.due ?? []
  }

  hasNews(status: EventStatusName): boolean {
    return this.#untold.size > 0 || this.#toldStatus !== status
  }

  /** One stream is to hear of its visitor; a later word takes the place of an earlier one. */
  tell({ userId, stream }: RemoteStream, reason: EndReason | null): void {
    this.#untold.set(stream, { userId, stream, reason })
  }

  /** The stream is gone: nobody is left to tell. */
  forget(stream: number): void {
    this.#untold.delete(stream)
    this.fresh.delete(stream)
  }

  /** `heard`: the last answer that arrived. What one that was lost has told is told again. */
  acknowledge(heard: number): void {
    if (heard !== this.answers) {
      for (const [stream, untold] of this.#told) {
        if (!this.#untold.has(stream)) this.#untold.set(stream, untold)
      }
      this.#toldStatus = null
      this.#toldSeats = this.#heardSeats
      this.#toldDrops = this.#heardDrops
    }
    this.#heardSeats = this.#toldSeats
    this.#heardDrops = this.#toldDrops
    this.#told.clear()
  }

  takeNews(status: EventStatusName): Untold[] {
    this.#toldStatus = status
    this.#told = this.#untold
    this.#untold = new Map()
    this.answers += 1
    return [...this.#told.values()]
  }

  /** What it has not been told of the seats. */
  takeSeats(feed: SeatsFeed): SeatsNews | null {
    const news = feed.since(this.#toldSeats)
    if (news !== null) this.#toldSeats = news.version
    return news
  }

  /** How drops stand, of those of which it has not been told. */
  takeDrops(feed: DropsFeed): DropNews[] {
    const news = feed.since(this.#toldDrops)
    this.#toldDrops = feed.version
    return news
  }

  /** Keeps the call until there is something to answer. One that still waits was given up by its caller. */
  hold(due: readonly number[], resolve: (answer: FollowAnswer) => void): void {
    this.answer({ kind: 'unknown' })
    for (const stream of due) this.fresh.delete(stream)
    this.#held = { due, resolve }
  }

  answer(answer: FollowAnswer): void {
    this.#held?.resolve(answer)
    this.#held = null
  }
}
