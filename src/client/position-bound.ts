/**
 * From the document of progress, which is the same for everybody, to one visitor's own position. For pages and other
 * clients: imports nothing, touches no DOM.
 *
 * The document, `GET /api/v1/events/{eventId}/progress`, cached for a second:
 *
 *   {"eventId":"tour","status":"open","holding":false,"waiting":340,"nowServing":1200,
 *    "pacePerMinute":{"low":52,"high":71},"steps":[[1201,1],[1232,30],[1546,340]],
 *    "updatedAt":"2026-11-21T14:00:00.000Z"}
 *
 * The visitor's own `number` is in every answer of `GET .../queue`: null before a lottery's draw, and unless WAITING.
 * One whose number is not above `nowServing` has been admitted, or was passed over while absent: ask for the place.
 */

/** So many who wait have a number that is not larger than `number`. */
export type Step = readonly [number: number, waiting: number]

export type Progress = {
  readonly eventId: string
  readonly status: 'scheduled' | 'open' | 'paused' | 'closed' | 'sold_out'
  /** True while admissions are held although the event is open. */
  readonly holding: boolean
  readonly waiting: number
  /** The number of the visitor admitted last; 0 before the first. */
  readonly nowServing: number
  /** Admissions a minute, a range as measured; null while nobody is admitted. */
  readonly pacePerMinute: { readonly low: number; readonly high: number } | null
  /** Ascending in both; the last is the highest number given so far. Empty before a lottery's draw. */
  readonly steps: readonly Step[]
  /** When the line last changed: of two documents the one with the later time is the newer. */
  readonly updatedAt: string
}

/**
 * A 1-based position that is never smaller than the truth (INV-8), however old the document is, and as long as the
 * visitor waits under `number`. Exact for the first 32, less than a quarter too large behind them, and nowhere larger
 * by more than the people in between who have gone. A visitor who joined after the document was made counts all joins
 * since then.
 *
 * @param number the visitor's own, from `GET .../queue`
 * @param shownBefore what the same place was last told, by whatever answer: a position never grows, so the smaller of
 *   the two is true as well. Null at first.
 * @returns null when there is no order yet and nothing was shown: before a lottery's draw
 */
export function positionBound(
  steps: readonly Step[],
  number: number,
  shownBefore: number | null = null,
): number | null {
  const last = steps.at(-1)
  if (last === undefined) return shownBefore
  // The first step that reaches the number bounds it from behind, the one before it and the numbers since from ahead.
  const reaching = steps.findIndex(([upTo]) => upTo >= number)
  const [upTo, waitingUpTo] = (reaching === -1 ? last : steps[reaching - 1]) ?? [0, 0]
  const fromAhead = waitingUpTo + number - upTo
  const fromBehind = steps[reaching]?.[1] ?? fromAhead
  return Math.max(1, Math.min(fromAhead, fromBehind, shownBefore ?? fromAhead))
}

/**
 * How long a page waits until it asks for the document again, in milliseconds. Far back a step is a small part of the
 * wait, and those who are there are most of the requests.
 *
 * @param position null: not known yet, or before a draw
 */
export function progressAfterMs(position: number | null): number {
  if (position === null || position <= 1_000) return 5_000
  return position <= 10_000 ? 10_000 : 15_000
}

/**
 * How long the wait at a position takes at the pace of the document, in whole seconds.
 *
 * @returns null without a pace: no evidence, no promise
 */
export function etaSeconds(
  pacePerMinute: Progress['pacePerMinute'],
  position: number,
): { readonly low: number; readonly high: number } | null {
  if (pacePerMinute === null) return null
  const seconds = position * 60
  return { low: Math.floor(seconds / pacePerMinute.high), high: Math.ceil(seconds / pacePerMinute.low) }
}
