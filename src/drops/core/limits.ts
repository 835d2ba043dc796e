/** Every bound of the drops, unit in the name, reason beside it. What an operator may choose is configuration. */

/** As the contract says. The codes of so many are some ten megabytes of an object's storage. */
export const STOCK_MAX = 100_000
export const CODE_CHARS_MAX = 64

/** Claims of one insert: one statement of some 100 kB, a few tens of milliseconds of a database. */
export const CLAIMS_OF_A_BATCH_MAX = 500

/** How long one call to the records may take before its outcome counts as unknown. */
export const RECORDS_TIMEOUT_MS = 5_000

/** How often the recording of one claim is tried, while the records take others, before an operator is asked. */
export const RECORD_ATTEMPTS_MAX = 5

/**
 * Redis forgets a drop that nobody touched for so long; whoever comes then waits until it is filled again from the records.
 * Each drain puts it off.
 */
export const DROP_TTL_MS = 7 * 24 * 60 * 60 * 1_000

/** Connections that one drop's object holds to PostgreSQL: two claim, the others are for whoever looks. */
export const POOL_CONNECTIONS_MAX = 10
export const CONNECT_TIMEOUT_SECONDS = 2
/** Connections keep their object in memory: those that nobody needs are closed. */
export const POOL_IDLE_SECONDS = 20

/** Some milliseconds are usual; whoever is told to come again gets the same coupon. */
export const CLAIM_TIMEOUT_MS = 2_000
/** Statements of one drop's claims at once: the fewer, the more claims share one (docs/drops.md). */
export const CLAIM_STATEMENTS_MAX = 2
/** Claims of one statement: a few milliseconds of a database, during which their coupons are locked. */
export const CLAIMS_OF_A_STATEMENT_MAX = 64
/** How long a claim waits for a statement, and how many wait: as many as are taken in that time. */
export const CLAIM_WAIT_MS = 3_000
export const CLAIMS_WAITING_MAX = 5_000
/** How long a claim tries while every coupon that is left is being taken by somebody else: each of those takes some ms. */
export const LAST_COUPONS_MS = 500

/** Loading codes, counting and comparing them: seconds at STOCK_MAX. */
export const STOCK_TIMEOUT_MS = 20_000
/** Codes of one insert into PostgreSQL: one text of a few hundred kB. */
export const CODES_OF_A_LOAD = 10_000

/** A claim whose record is due at no time: an operator has to say what becomes of it. As in lua/drops/lib/drop.lua. */
export const PARKED_MS = 9_000_000_000_000
