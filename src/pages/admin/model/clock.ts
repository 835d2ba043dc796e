/** How far this machine's clock is from the server's. */

/** Whole seconds travel, and the way takes a while: less than this is not told apart from nothing. */
const NOTICED_MS = 3_000

/**
 * @param date the `Date` of an answer that came at `nowMs`.
 * @returns milliseconds that the server is ahead; 0 when that is not known or too little.
 */
export function clockSkewMs(date: string | null, nowMs: number): number {
  const skewMs = Date.parse(date ?? '') - nowMs
  return Math.abs(skewMs) < NOTICED_MS || Number.isNaN(skewMs) ? 0 : skewMs
}
