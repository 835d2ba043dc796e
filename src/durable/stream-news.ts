/** The difference between what a visitor should see and what the stream has shown. */
import { dropFrame, positionFrame, promotionFrame, seatsFrame, statusFrame } from '../core/frames.ts'
import type { EventStatusName } from '../core/event-config.ts'
import { TICK_MS } from '../core/limits.ts'
import { DropsFeed } from '../core/drop-news.ts'
import { SeatsFeed } from '../core/seats-feed.ts'
import type { StreamView } from '../core/stream-view.ts'
import type { EpochMs } from '../core/time.ts'

/** What there is to tell of what is behind the event. */
export type Feeds = { readonly seats: SeatsFeed; readonly drops: DropsFeed }

export function noFeeds(): Feeds {
  return { seats: new SeatsFeed(), drops: new DropsFeed() }
}

/** What a stream was told last. */
export type Shown = {
  readonly status: EventStatusName
  /** Undefined: nothing shown yet. */
  readonly position: number | null | undefined
  readonly positionAtMs: EpochMs
  readonly admissionId: string | null
  /** The version of the seat map that it was told of; 0: of none. */
  readonly seatsVersion: number
  readonly seatsAtMs: EpochMs
  /** The news of drops that it was told; 0: of none. */
  readonly dropsVersion: number
}

/** The frames to write, '' for none, and what will have been shown with them. `view`: null when only the status is known. */
export function newsOf(
  eventId: string,
  shown: Shown,
  now: {
    readonly view: StreamView | null
    readonly status: EventStatusName
    readonly feeds: Feeds
    readonly nowMs: EpochMs
  },
): { readonly text: string; readonly shown: Shown } {
  const { view, status, feeds, nowMs } = now
  let text = shown.status === status ? '' : statusFrame(status, nowMs)
  let next: Shown = { ...shown, status }
  // At most one position a second, whatever else is told in between. Ticks are counted by the second they belong to, so
  // that one which comes a few milliseconds early does not cost the next a whole second.
  const isFirst = shown.position === undefined
  const slotMs = isFirst ? nowMs : Math.floor(nowMs / TICK_MS) * TICK_MS
  if (
    view?.kind === 'waiting' &&
    view.position !== shown.position &&
    (isFirst || slotMs - shown.positionAtMs >= TICK_MS)
  ) {
    text += positionFrame(eventId, view, nowMs)
    next = { ...next, position: view.position, positionAtMs: slotMs }
  }
  if (view?.kind === 'admitted' && view.admission.admissionId !== shown.admissionId) {
    text += promotionFrame(eventId, view.admission, nowMs)
    next = { ...next, admissionId: view.admission.admissionId }
  }
  // Only who is inside can do something with it. Once a second, as with positions.
  const isInside = view === null ? next.admissionId !== null : view.kind === 'admitted'
  const seatsNews = isInside ? feeds.seats.since(shown.seatsVersion) : null
  const secondMs = Math.floor(nowMs / TICK_MS) * TICK_MS
  if (seatsNews !== null && secondMs - shown.seatsAtMs >= TICK_MS) {
    text += seatsFrame(eventId, seatsNews, nowMs)
    next = { ...next, seatsVersion: seatsNews.version, seatsAtMs: secondMs }
  }
  const { version: dropsVersion } = feeds.drops
  if (dropsVersion !== shown.dropsVersion) {
    for (const news of feeds.drops.since(shown.dropsVersion)) text += dropFrame(eventId, news, nowMs)
    next = { ...next, dropsVersion }
  }
  return { text, shown: next }
}
