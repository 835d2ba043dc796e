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
