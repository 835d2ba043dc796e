/** When a webhook that was not taken is sent again. */

const FIRST_SECONDS = 2
const LONGEST_SECONDS = 3_600

/**
 * How many attempts follow the first: with these pauses about four hours, so that a shop may be down for an evening's
 * repair. The same as `max_retries` in wrangler.toml, by which the queue gives a message to the dead letters.
 */
export const RETRIES_MAX = 14

/** The pause after this attempt, counted from 1. `askedSeconds`: what the shop asked for in Retry-After. */
export function pauseSeconds(attempt: number, askedSeconds: number | null = null): number {
  const doubled = FIRST_SECONDS * 2 ** Math.max(0, attempt - 1)
  return Math.min(LONGEST_SECONDS, Math.max(doubled, askedSeconds ?? 0))
}
