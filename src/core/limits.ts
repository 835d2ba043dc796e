/**
 * Every bound of the system in one place: the unit is in the name, the reason beside it.
 * A limit that an operator may choose is in EventConfig instead.
 */

/** A stream whose visitor is this near the head is written to every second, so a closed one shows within 2 s. */
export const NEAR_HEAD_POSITIONS = 1_000

/** Every stream is written to at least this often: heartbeat for the client, dead-peer probe for the line. */
export const HEARTBEAT_MS = 5_000

/** One tick of the line: promotion, expiry and positions. */
export const TICK_MS = 1_000

/** Most visitors in one promotion batch, and most members in one script call (bounds the time Redis is held). */
export const BATCH_MEMBERS_MAX = 1_000

/** How long a Redis call may take before its outcome counts as unknown. */
export const REDIS_TIMEOUT_MS = 2_000

/**
 * Presence of those who poll: they are present for twice the delay that they were handed (D10), so a longer
 * delay costs a slower notice of absence and a shorter one costs requests.
 */
export const POLL_AFTER_MS_NEAR = 5_000
export const POLL_AFTER_MS_FAR = 15_000
/** Beyond this position the far delay is handed out. */
export const POLL_NEAR_POSITIONS = 1_000

/** Streams written to in one turn of the event loop before joins and polls get theirs. */
export const STREAM_SLICE = 100

/** A stream that has taken nothing for this many ticks is dropped; its visitor reconnects or is absent. */
export const STREAM_STALLED_TICKS_MAX = 30

/** Bytes that may wait for one slow reader before its frames are skipped (a later one supersedes them). */
export const STREAM_BUFFER_BYTES = 64 * 1024

/** Redis forgets a pool that nobody touched for this long; a line then re-asserts what is still alive. */
export const POOL_TTL_MS = 24 * 60 * 60 * 1_000

/**
 * A lease ends when its owner's ledger says so. One that is this long past its expiry belongs to a line that no
 * longer exists; it is dropped so that capacity cannot be lost for good. It is far above any clock error.
 */
export const ORPHAN_LEASE_MS = 60 * 60 * 1_000
