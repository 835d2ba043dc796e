/** What the streams of an event are told of the drops behind it. */
import type { EpochMs } from './time.ts'

export const DROP_STATUSES = ['scheduled', 'open', 'sold_out', 'closed'] as const
export type DropStatus = (typeof DROP_STATUSES)[number]

export type DropNews = {
  readonly dropId: string
  readonly status: DropStatus
  /** Grows when more stock comes: what was sold out in another one need not be in this one. */
  readonly epoch: number
  /** By the drop's clock: news can overtake each other on their way. */
  readonly atMs: EpochMs
}

/** Whether the one is older than the other. */
function isOlder(one: DropNews, other: DropNews): boolean {
  return one.epoch < other.epoch || (one.epoch === other.epoch && one.atMs < other.atMs)
}

/** Drops behind one event of which a line remembers how they stand; of more, the latest. */
const DROPS_MAX = 50

/** How the drops behind an event stand, as far as they have told: a stream is told what is newer than what it knows. */
export class DropsFeed {
  readonly #news = new Map<string, { readonly version: number; readonly news: DropNews }>()
  #version = 0

  /** Of the latest news; 0: there were none. */
  get version(): number {
    return this.#version
  }

  /** The same again is no news, and neither is what is older. */
  add(news: DropNews): void {
    const known = this.#news.get(news.dropId)
    if (known !== undefined && isOlder(news, known.news)) return
    if (known?.news.status === news.status && known.news.epoch === news.epoch) {
      // Only later than it was known: what is older than this must not come after it either.
      this.#news.set(news.dropId, { ...known, news })
      return
    }
    this.#version += 1
    this.#news.delete(news.dropId)
    this.#news.set(news.dropId, { version: this.#version, news })
    const [oldest] = this.#news.keys()
    if (this.#news.size > DROPS_MAX && oldest !== undefined) this.#news.delete(oldest)
  }

  /** What has come after `version`, the oldest first; of each drop the latest. */
  since(version: number): DropNews[] {
    return Array.from(this.#news.values()).flatMap((kept) => (kept.version > version ? [kept.news] : []))
  }
}
