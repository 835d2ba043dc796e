/** A reconnecting client waits at least this long, and up to the spread more. */
const RETRY_MS_MIN = 1_000
const RETRY_SPREAD_MS_MIN = 2_000
/** Reconnects that one object takes in a second without anybody noticing. */
const RECONNECTS_PER_SECOND = 200

/** How long a client waits before it reconnects: the more streams its object holds, the further they are spread. */
export function retryMs(streams: number): number {
  const spreadMs = Math.max(RETRY_SPREAD_MS_MIN, (streams / RECONNECTS_PER_SECOND) * 1_000)
  return RETRY_MS_MIN + Math.random() * spreadMs
}
