/** Every bound of the purchase service, unit in the name, reason beside it. What an operator may choose is configuration. */

/** As the contract says; more than a family buys in one go, fewer than a reseller wants. */
export const SEATS_PER_RESERVATION_MAX = 4
/** All reservations of one admission together, so that nobody collects seats four by four. */
export const SEATS_PER_ADMISSION_MAX = 4

/** A large arena. The map of so many is about five megabytes, and an object keeps each in some 300 bytes. */
export const SEATS_MAX = 50_000
export const SECTIONS_MAX = 200
export const ROWS_MAX = 1_000
export const SEATS_PER_ROW_MAX = 1_000

/** Minor units. One charge and one seat: with 9e15 countable exactly, a shard takes 900 million of them. */
export const AMOUNT_MAX = 10_000_000

/** As long as the first answer to an Idempotency-Key is kept. */
export const OPERATION_KEPT_MS = 24 * 60 * 60 * 1_000

/** How long after its deadline a payment at a provider may still become known before an operator is asked, unless configured. */
export const PAYMENT_GRACE_MS = 120_000

/** Entries of one page of a statement. */
export const STATEMENT_PAGE_MAX = 100

/** Ledger shards: enough that 900 charges a second are about 60 for each, few enough that none is ever new. */
export const WALLET_SHARDS = 16
