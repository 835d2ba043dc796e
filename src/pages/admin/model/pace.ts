/** How fast an event admits, from its total as it was seen at several moments. */

const WINDOW_MS = 60_000
/** Less is too little to speak of a pace. */
const SPAN_MS_MIN = 8_000

export type Seen = { readonly atMs: number; readonly total: number }

/** The history with one more look at it; only the last minute is kept. A total that fell belongs to a new event. */
export function look(history: readonly Seen[], seen: Seen): Seen[] {
  const last = history[history.length - 1]
  if (last !== undefined && seen.total < last.total) return [seen]
  return [...history.filter(({ atMs }) => atMs > seen.atMs - WINDOW_MS), seen]
}

/** Per minute, over what has been seen; null until that is enough. */
export function pacePerMinute(history: readonly Seen[]): number | null {
  const [first, last] = [history[0], history[history.length - 1]]
  if (first === undefined || last === undefined || last.atMs - first.atMs < SPAN_MS_MIN) return null
  return ((last.total - first.total) / (last.atMs - first.atMs)) * 60_000
}
