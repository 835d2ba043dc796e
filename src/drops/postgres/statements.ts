/** What is asked of PostgreSQL about a stock. migrations/postgres has the tables, and why their indexes are as they are. */
import { CLAIMS_OF_A_STATEMENT_MAX } from '../core/limits.ts'

/**
 * The beginning of a statement that only reads. A Hyperdrive that was not told otherwise answers such a statement from its
 * cache, for a minute; not one that names a function of the moment.
 */
export const FRESH = 'WITH fresh AS (SELECT clock_timestamp())'

/**
 * Takes coupons for visitors, records them, and says what became of each: one statement, hence one transaction. $1 the drop,
 * $2 the visitors as a JSON array, no two the same, at most CLAIMS_OF_A_STATEMENT_MAX. One row for each, in their order.
 *
 * That SKIP LOCKED finds too few means that no more are unlocked: the last coupon may be in the hands of a transaction that
 * fails. `sold-out` is said when the statement's own snapshot, which sees such a coupon as free, has none but those that
 * were taken here: they are gone for good with the transaction that says so.
 *
 * Of two claims of one visitor at once both lock a coupon, and the second finds the first's row at the key of drop_claims:
 * its coupon stays free, and asked again it finds the first's. Whoever meets such a row waits for its transaction, so all
 * write theirs in one order, or two that have two visitors in common would wait for each other.
 *
 * The limit that is a constant is for the planner: one that it cannot know counts as a tenth of the table, which it may then
 * read. The limit around it stops the locking at as many coupons as there are visitors for.
 */
export const CLAIM = `
WITH moment AS MATERIALIZED (
  SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now_ms
), stock AS MATERIALIZED (
  SELECT epoch, opens_at_ms, now_ms,
    coalesce(now_ms < opens_at_ms, false) AS is_early,
    coalesce(now_ms >= closes_at_ms, false) AS is_late
  FROM drop_stocks, moment WHERE drop_id = $1
), asked AS MATERIALIZED (
  SELECT given.user_id, given.nth, claim.code, claim.claimed_at_ms
  FROM jsonb_array_elements_text($2::text::jsonb) WITH ORDINALITY AS given (user_id, nth)
  LEFT JOIN LATERAL drop_claim_of($1, given.user_id) AS claim ON true
), newcomers AS MATERIALIZED (
  SELECT user_id, row_number() OVER (ORDER BY nth) AS turn
  FROM asked, stock WHERE code IS NULL AND NOT is_early AND NOT is_late
), locked AS MATERIALIZED (
  SELECT coupon_id, code, position FROM (
    SELECT coupon_id, code, position FROM drop_coupons
    WHERE drop_id = $1 AND user_id IS NULL
    ORDER BY position LIMIT ${CLAIMS_OF_A_STATEMENT_MAX}
    FOR UPDATE SKIP LOCKED
  ) AS unlocked LIMIT (SELECT count(*) FROM newcomers)
), matched AS MATERIALIZED (
  SELECT coupon_id, code, user_id
  FROM (SELECT *, row_number() OVER (ORDER BY position) AS turn FROM locked) AS coupon JOIN newcomers USING (turn)
), recorded AS (
  INSERT INTO drop_claims (drop_id, user_id, code, claimed_at_ms)
  SELECT $1, user_id, code, now_ms FROM matched, moment ORDER BY user_id COLLATE "C"
  ON CONFLICT DO NOTHING
  RETURNING user_id, code, claimed_at_ms
), taken AS (
  UPDATE drop_coupons SET user_id = matched.user_id FROM matched JOIN recorded USING (code)
  WHERE drop_coupons.coupon_id = matched.coupon_id
)
SELECT
  CASE
    WHEN asked.code IS NOT NULL THEN 'had'
    WHEN recorded.code IS NOT NULL THEN 'taken'
    WHEN epoch IS NULL THEN 'no-stock'
    WHEN is_early THEN 'not-open'
    WHEN is_late THEN 'closed'
    WHEN (
      SELECT position FROM drop_coupons
      WHERE drop_id = $1 AND user_id IS NULL AND code NOT IN (SELECT code FROM recorded)
      ORDER BY position LIMIT 1
    ) IS NULL THEN 'sold-out'
    ELSE 'all-locked'
  END AS kind,
  coalesce(asked.code, recorded.code) AS code,
  coalesce(asked.claimed_at_ms, recorded.claimed_at_ms)::float8 AS claimed_at_ms,
  opens_at_ms::float8, epoch::float8
FROM asked LEFT JOIN recorded USING (user_id) LEFT JOIN stock ON true
ORDER BY nth`

/** A row of CLAIM. */
export type ClaimRow =
  | { readonly kind: 'had' | 'taken'; readonly code: string; readonly claimed_at_ms: number }
  | { readonly kind: 'not-open'; readonly opens_at_ms: number }
  | { readonly kind: 'closed' | 'all-locked' | 'no-stock' }
  | { readonly kind: 'sold-out'; readonly epoch: number }

/** How many coupons there are, and up to which position. $1 the drop. */
export const EXTENT = `${FRESH}
SELECT count(*)::int AS coupons, coalesce(max(position), 0) AS last FROM drop_coupons WHERE drop_id = $1`

/** Adds coupons that are not there yet. $1 the drop, $2 the position before the first, $3 the codes as a JSON array. */
export const ADD_COUPONS = `
INSERT INTO drop_coupons (drop_id, position, code)
SELECT $1, $2::int + ordinality, code
FROM jsonb_array_elements_text($3::text::jsonb) WITH ORDINALITY AS given (code, ordinality)
ON CONFLICT (drop_id, code) DO NOTHING`

/** How often the stock's terms were written. $1 the drop. */
export const VERSION = `${FRESH} SELECT version::float8 FROM drop_stocks WHERE drop_id = $1`

/**
 * From here on claims are taken, by this window. $1 the drop, $2 and $3 the window, $4 the epoch, $5 the version that these
 * terms follow, 0 for the first. No row: others were written meanwhile. A statement that was given up may be carried
 * out late; it must not undo what has been written since.
 */
export const OPEN_STOCK = `
INSERT INTO drop_stocks (drop_id, opens_at_ms, closes_at_ms, epoch, version)
VALUES ($1, $2::bigint, $3::bigint, $4::bigint, $5::bigint + 1)
ON CONFLICT (drop_id) DO UPDATE SET
  opens_at_ms = excluded.opens_at_ms, closes_at_ms = excluded.closes_at_ms, epoch = excluded.epoch,
  version = excluded.version
WHERE drop_stocks.version = excluded.version - 1
RETURNING version::float8`

/** After many coupons were added: plans that were made for fewer are made anew. */
export const ANALYZE_COUPONS = 'ANALYZE drop_coupons'

/** `stocks` 0: the database knows nothing of the drop. $1 the drop. */
export const COUNT_STOCK = `${FRESH}
SELECT
  (SELECT count(*) FROM drop_stocks WHERE drop_id = $1)::int AS stocks,
  (SELECT count(*) FROM drop_claims WHERE drop_id = $1)::int AS issued,
  (SELECT count(*) FROM drop_coupons WHERE drop_id = $1 AND user_id IS NULL)::int AS remaining`

/** $1 the drop. */
export const CLAIMANTS = `${FRESH} SELECT user_id FROM drop_claims WHERE drop_id = $1`

/**
 * Where coupons and claims differ, of one moment. A claim and its coupon are written together, so they differ only when
 * somebody else has changed a table. $1 the drop.
 * unrecorded: taken coupons without their claim. unmarked: coupons that are free, though a claim has their code.
 * extra: claims that no coupon fits.
 */
export const COMPARE = `${FRESH}
SELECT
  count(*) FILTER (WHERE claim.code IS NULL)::int AS unrecorded,
  count(*) FILTER (WHERE claim.code IS NOT NULL AND coupon.code IS NOT NULL AND coupon.user_id IS NULL)::int AS unmarked,
  count(*) FILTER (WHERE claim.code IS NOT NULL AND (coupon.code IS NULL OR coupon.user_id <> claim.user_id))::int AS extra
FROM (SELECT code, user_id FROM drop_claims WHERE drop_id = $1) AS claim
FULL JOIN (SELECT code, user_id FROM drop_coupons WHERE drop_id = $1) AS coupon ON coupon.code = claim.code
WHERE coupon.user_id IS DISTINCT FROM claim.user_id`

/** Makes the coupons say what the claims say. $1 the drop. */
export const MARK_COUPONS = `
UPDATE drop_coupons SET user_id = claim.user_id FROM drop_claims AS claim
WHERE drop_coupons.drop_id = $1 AND drop_coupons.user_id IS NULL
  AND claim.drop_id = $1 AND claim.code = drop_coupons.code`

/** Records what the coupons say, unless the records say something else; in the order in which CLAIM writes. $1 the drop. */
export const RECORD_COUPONS = `
INSERT INTO drop_claims (drop_id, user_id, code, claimed_at_ms)
SELECT drop_id, user_id, code, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint
FROM drop_coupons WHERE drop_id = $1 AND user_id IS NOT NULL ORDER BY user_id
ON CONFLICT DO NOTHING`
