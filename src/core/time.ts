/** Milliseconds since 1970-01-01 UTC. */
export type EpochMs = number

/** ISO 8601 UTC, as every time outside a stream is written. */
export function isoTime(atMs: EpochMs): string {
  return new Date(atMs).toISOString()
}

export function isoTimeOrNull(atMs: EpochMs | null): string | null {
  return atMs === null ? null : isoTime(atMs)
}
