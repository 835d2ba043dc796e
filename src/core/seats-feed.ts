/**
 * What the streams of an event are to be told of its seats: the last few changes, by the versions of the seat map. It is
 * news and not the truth: whoever sees that a version is missing asks for the map.
 */

/** Of one second, or of a few that are told together: more are a new map. */
export const SEATS_TOLD_MAX = 500
/** A stream that was not told for longer than that asks for the map. */
const KEPT_MAX = 5

export type SeatChange = { readonly seatId: string; readonly state: 'free' | 'held' | 'sold' }

export type SeatsNews = {
  /** The map that results. */
  readonly version: number
  /** The map that these changes are changes of. Whoever has an older one lacks some, and asks for the whole. */
  readonly previousVersion: number
  readonly seats: readonly SeatChange[]
}

export class SeatsFeed {
  readonly #kept: SeatsNews[] = []
  /** Answers since the last news came; most streams ask for the same. */
  readonly #merged = new Map<number, SeatsNews>()

  /** Of the latest map that is known of; 0: of none. */
  get version(): number {
    return this.#kept.at(-1)?.version ?? 0
  }

  /** Older news than those that are here already are passed over. */
  add(news: SeatsNews): void {
    if (news.version <= this.version) return
    // What is before a gap leads nowhere.
    if (news.previousVersion !== this.version) this.#kept.length = 0
    this.#kept.push(news)
    if (this.#kept.length > KEPT_MAX) this.#kept.shift()
    this.#merged.clear()
  }

  /** What has changed after `version`, as far back as is known; null when nothing has. */
  since(version: number): SeatsNews | null {
    const latest = this.#kept.at(-1)
    if (latest === undefined || latest.version <= version) return null
    const known = this.#merged.get(version)
    if (known !== undefined) return known
    const merged = merge(
      this.#kept.filter((news) => news.version > version),
      latest,
    )
    this.#merged.set(version, merged)
    return merged
  }
}

/** As many of the latest as can be told together; a seat that changed twice is told as it is. */
function merge(kept: readonly SeatsNews[], latest: SeatsNews): SeatsNews {
  let merged: SeatsNews = { ...latest, seats: [...latest.seats] }
  for (const news of kept.toReversed().slice(1)) {
    const states = new Map([...news.seats, ...merged.seats].map(({ seatId, state }) => [seatId, state]))
    if (states.size > SEATS_TOLD_MAX) break
    const seats = Array.from(states, ([seatId, state]) => ({ seatId, state }))
    merged = { version: latest.version, previousVersion: news.previousVersion, seats }
  }
  return merged
}
