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
export const POLL_RATES = [
  { upTo: 1_000, afterMs: 5_000 },
  { upTo: 10_000, afterMs: 15_000 },
] as const
/** Further back than these: 20,000 who poll there are 667 calls a second, where an object takes about 1,000. */
export const POLL_AFTER_MS_FAR = 30_000
/** Before a lottery's draw: anybody may be the first of it. */
export const POLL_AFTER_MS_UNDRAWN = 15_000

/**
 * Streams written to in one turn of the event loop before joins and polls get theirs. Several shards may share a thread:
 * with four of them and 6,000 streams, 100 in a turn cost workerd about twice as much for each as 25.
 */
export const STREAM_SLICE = 25

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

/** Joins per second above which they are taken by shards: a line takes 200 to 500 durable ones, and has more to do. */
export const JOIN_SHARDS_FROM_PER_SECOND = 150
/** The rate is an average over so long: one burst of a single second is no rush. */
export const JOIN_RATE_WINDOW_SECONDS = 5
/** Calls per second that one object takes with ease. */
export const JOINS_PER_SECOND_OF_A_SHARD = 300
/** Each reports every window; 64 of them are 256 calls a second to the line, about what it takes. */
export const JOIN_SHARDS_MAX = 64
/** The most that an operator may expect; more than JOIN_SHARDS_MAX shards take. */
export const EXPECTED_PEAK_JOINS_PER_SECOND = 100_000

/** Streams above which they move to shards: a line writes 2,000 messages a second with ease, and has more to do. */
export const STREAM_SHARDS_FROM = 1_500
/** Streams of one shard: at one message a second about a fifth of its thread. */
export const STREAMS_OF_A_SHARD = 2_000
/** 16 shards of 2,000 are above STREAMS_MAX. */
export const STREAM_SHARDS_MAX = 16

/** How long the load has to be low before shards are given up: longer than the lull between two waves. */
export const SCALE_DOWN_AFTER_MS = 5 * 60 * 1_000

/** Joins of one shard are reported together, once in this time: what a visitor hardly notices. */
export const JOIN_WINDOW_MS = 250

/**
 * A window waits this long after its end for a shard that has not reported it; what comes later joins the next one. All
 * of the window's visitors wait with it: four times as long would keep the order of one in a thousand better by a second,
 * and make everybody else wait a second more.
 */
export const JOIN_LATENESS_MS = 500

/** Joins that one shard takes in a window: more than ten times what it is there for, and a small message to the line. */
export const JOINERS_OF_A_WINDOW_MAX = 1_000

/** Windows of one shard that wait for the line's answer, four seconds of them: the line is overloaded, or away. */
export const JOIN_WINDOWS_IN_FLIGHT_MAX = 16

/** A line answers within JOIN_LATENESS_MS, and the second that a passthrough join may wait; a call may take as long. */
export const JOIN_BLOCK_TIMEOUT_MS = 5_000

/**
 * How often a stream at a shard is told its position, by how far back it is. Who is near sees every step; from far back a
 * step is a small part of the wait, and the many who are there are most of the writes: 100,000 streams at these rates
 * are 16,833 writes a second instead of 100,000.
 */
export const UPDATE_RATES = [
  { upTo: 1_000, seconds: 1 },
  { upTo: 10_000, seconds: 2 },
  { upTo: 50_000, seconds: 5 },
  { upTo: 200_000, seconds: 15 },
] as const
/** Further back than all of these. */
export const UPDATE_SECONDS_FAR = 30
/** Before a lottery's draw there is nothing to tell but how many take part. */
export const UPDATE_SECONDS_UNDRAWN = 5

/** A shard asks its line once a second. One that has been silent for this long has lost its streams. */
export const SHARD_SILENT_MS = 5_000
/** A line that follows its tick answers within a second; one that takes this long is away, or has lost the call. */
export const FOLLOW_TIMEOUT_MS = 3_000
/** Until a shard that could not reach its line asks again; up to as much more, by chance, so that 16 come apart. */
export const FOLLOW_RETRY_MS = 250
/** Streams that a shard opens with one call: a few milliseconds of the line. */
export const OPENINGS_OF_A_CALL_MAX = 100
/** How long the opening of a stream at a shard waits for the line. */
export const OPEN_TIMEOUT_MS = 5_000
/** Lives of shards that a line knows at once: four of each of 16, for those that ended within SHARD_SILENT_MS. */
export const FOLLOWERS_MAX = 64

/** Joiners whom a line holds for its windows: several times what 64 busy shards bring while one of them is waited for. */
export const JOINERS_HELD_MAX = 100_000
