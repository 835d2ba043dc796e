/** When live data is asked for again. */

const LIVE_MS = 2_000
const FAILING_MS_MAX = 15_000

/** A list asks every event how it stands, which with many of them is done less often. */
export function listEveryMs(events: number): number {
  return Math.min(FAILING_MS_MAX, LIVE_MS * Math.max(1, Math.ceil(events / 20)))
}

/**
 * @param failures in a row; 0 after an answer.
 * @param retryAfterSeconds what the server asked for with its refusal, if it did.
 * @returns milliseconds; doubles with each failure, within bounds.
 */
export function pollDelayMs(
  failures: number,
  retryAfterSeconds: number | null = null,
  liveMs = LIVE_MS,
): number {
  const backoff = Math.min(Math.max(FAILING_MS_MAX, liveMs), liveMs * 2 ** failures)
  return Math.max(backoff, (retryAfterSeconds ?? 0) * 1_000)
}
