/** The records of all drops in PostgreSQL. */
import { RECORDS_TIMEOUT_MS } from '../core/limits.ts'
import type { ClaimRecord } from '../core/records.ts'
import type { ClaimRecords } from '../ports.ts'
import { outcomesOf } from '../records/outcomes.ts'
import type { Parameter, PostgresPool } from './pool.ts'
import { FRESH } from './statements.ts'

/** $1 the drop, $2 the generation. */
const RAISE = `
INSERT INTO drops (drop_id, generation) VALUES ($1, $2::bigint)
ON CONFLICT (drop_id) DO UPDATE SET generation = greatest(drops.generation, excluded.generation)
RETURNING generation::float8`

/**
 * The lock that is shared lets batches go side by side; whoever raises the generation waits for them, and reads what they
 * wrote; and it shows the latest generation, even one that has been raised since the statement began. A drop whose
 * generation was never raised has no claims. $1 the drop, $2 the generation, $3 the claims as a JSON array.
 */
const INSERT = `
WITH fence AS (
  SELECT generation FROM drops WHERE drop_id = $1 FOR SHARE
), inserted AS (
  INSERT INTO drop_claims (drop_id, user_id, code, claimed_at_ms)
  SELECT $1, claim."userId", claim.code, claim."claimedAtMs"
  FROM fence, jsonb_to_recordset($3::text::jsonb) AS claim ("userId" text, code text, "claimedAtMs" bigint)
  WHERE fence.generation <= $2::bigint
  ON CONFLICT DO NOTHING
)
SELECT generation::float8 FROM fence`

const COLUMNS = 'user_id, code, claimed_at_ms::float8'

/** $1 the drop, $2 the visitors as a JSON array. A statement of its own: INSERT does not see what another has just written. */
const OF_VISITORS = `${FRESH}
SELECT ${COLUMNS} FROM drop_claims
WHERE drop_id = $1 AND user_id IN (SELECT jsonb_array_elements_text($2::text::jsonb))`

const OF_VISITOR = `${FRESH} SELECT ${COLUMNS} FROM drop_claims WHERE drop_id = $1 AND user_id = $2`

const PAGE = `${FRESH}
SELECT ${COLUMNS} FROM drop_claims WHERE drop_id = $1 AND user_id > $2 ORDER BY user_id LIMIT $3::int`

const COUNT = `${FRESH} SELECT count(*)::int AS claims FROM drop_claims WHERE drop_id = $1`

type Row = { readonly user_id: string; readonly code: string; readonly claimed_at_ms: number }

/** The records in the database that the pool connects to. */
export function postgresRecords(pool: PostgresPool): ClaimRecords {
  const rows = <T>(statement: string, parameters: readonly Parameter[]) =>
    pool.rows<T>(statement, parameters, RECORDS_TIMEOUT_MS)
  const claims = async (statement: string, parameters: readonly Parameter[]) =>
    (await rows<Row>(statement, parameters)).map(recordOf)
  /** Infinity: it was never raised, so no claim is taken. */
  const generationBy = async (statement: string, parameters: readonly Parameter[]) => {
    const [row] = await rows<{ generation: number }>(statement, parameters)
    return row?.generation ?? Infinity
  }
  return {
    raise: (dropId, generation) => generationBy(RAISE, [dropId, generation]),
    async insert(dropId, generation, batch) {
      const current = await generationBy(INSERT, [dropId, generation, JSON.stringify(batch)])
      const visitors = JSON.stringify(batch.map(({ userId }) => userId))
      const recorded = await claims(OF_VISITORS, [dropId, visitors])
      const codes = new Map(recorded.map(({ userId, code }) => [userId, code]))
      return outcomesOf(batch, codes, current <= generation)
    },
    async claimOf(dropId, userId) {
      const [claim] = await claims(OF_VISITOR, [dropId, userId])
      return claim ?? null
    },
    page: (dropId, afterUserId, limit) => claims(PAGE, [dropId, afterUserId, limit]),
    async count(dropId) {
      const [row] = await rows<{ claims: number }>(COUNT, [dropId])
      return row?.claims ?? 0
    },
    async ping() {
      await rows(`${FRESH} SELECT 1 FROM drop_claims LIMIT 1`, [])
    },
  }
}

function recordOf({ user_id: userId, code, claimed_at_ms: claimedAtMs }: Row): ClaimRecord {
  return { userId, code, claimedAtMs }
}
