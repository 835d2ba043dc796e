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

/**
 * After this a grant of a shared pool is asked for again, before anybody is admitted on it. Above the usual lag of a
 * replica, below a tick.
 */
export const CONFIRM_AFTER_MS = 900

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

/** A stream that has taken nothing for this long is dropped; its visitor reconnects or is absent. */
export const STREAM_STALLED_MS_MAX = 30_000

/**
 * Bytes that may wait for one slow reader before its frames are skipped (a later one supersedes them). Several times
 * what is ever written at once, and small enough for ten thousand such readers in the memory of one object.
 */
export const STREAM_BUFFER_BYTES = 8 * 1024

/**
 * How long a stream lives before its client is sent to reconnect. A peer that vanished without a word looks like a
 * quiet reader until the kernels' buffers are full, which takes hours at a hundred bytes a second; so no stream is
 * believed for longer than this. The spread keeps those who came together from coming back together.
 */
export const STREAM_LIFE_MS_MIN = 5 * 60 * 1_000
export const STREAM_LIFE_MS_SPREAD = 5 * 60 * 1_000

/** Streams of one line. One write a second to each is then about what one thread can do. */
export const STREAMS_MAX = 30_000

/** Redis forgets a pool that nobody touched for this long; a line then re-asserts what is still alive. */
export const POOL_TTL_MS = 24 * 60 * 60 * 1_000

/**
 * A lease ends when its owner's ledger says so. One that is this long past its expiry belongs to a line that no
 * longer exists; it is dropped so that capacity cannot be lost for good. It is far above any clock error.
 */
export const ORPHAN_LEASE_MS = 60 * 60 * 1_000
