/** The records in D1. migrations/d1 has the tables. */
import type { ClaimRecord } from '../core/records.ts'
import type { ClaimRecords } from '../ports.ts'
import { outcomesOf } from './outcomes.ts'

/** What is used here of a D1 database. */
export type D1Like = {
  prepare(query: string): D1StatementLike
  /** One transaction. */
  batch<Row>(statements: D1StatementLike[]): Promise<D1Rows<Row>[]>
}
type D1Rows<Row> = { results: Row[] }
type D1StatementLike = {
  bind(...values: unknown[]): D1StatementLike
  all<Row>(): Promise<D1Rows<Row>>
}

type Row = { user_id: string; code: string; claimed_at_ms: number }

export function d1Records(database: D1Like): ClaimRecords {
  const rowsOf = <T>(query: string, ...bindings: unknown[]): Promise<D1Rows<T>> =>
    database
      .prepare(query)
      .bind(...bindings)
      .all<T>()
  return {
    async raise(dropId, generation) {
      const { results } = await rowsOf<{ generation: number }>(
        `INSERT INTO drops (drop_id, generation) VALUES (?1, ?2)
         ON CONFLICT (drop_id) DO UPDATE SET generation = max(generation, excluded.generation)
         RETURNING generation`,
        dropId,
        generation,
      )
      return results[0]?.generation ?? generation
    },
    async insert(dropId, generation, claims) {
      const batch = JSON.stringify(claims.map(({ userId, code, claimedAtMs }) => [userId, code, claimedAtMs]))
      const inserted = await rowsOf(
        `INSERT INTO drop_claims (drop_id, user_id, code, claimed_at_ms)
         SELECT ?1, value ->> 0, value ->> 1, value ->> 2 FROM json_each(?3)
         WHERE (SELECT generation FROM drops WHERE drop_id = ?1) <= ?2
         ON CONFLICT DO NOTHING RETURNING 1`,
        dropId,
        generation,
        batch,
      )
      if (inserted.results.length === claims.length) return claims.map(() => 'recorded')
      // Rows stay, and a generation only grows: what is read a moment later says why some were not inserted.
      const [found, fence] = await database.batch<Row & { generation: number }>([
        database
          .prepare(
            `SELECT c.user_id, c.code FROM json_each(?2) AS j
             CROSS JOIN drop_claims AS c ON c.drop_id = ?1 AND c.user_id = j.value ->> 0`,
          )
          .bind(dropId, batch),
        database.prepare('SELECT generation FROM drops WHERE drop_id = ?').bind(dropId),
      ])
      const codes = new Map((found?.results ?? []).map((row) => [row.user_id, row.code]))
      return outcomesOf(claims, codes, (fence?.results[0]?.generation ?? Infinity) <= generation)
    },
    async claimOf(dropId, userId) {
      const { results } = await rowsOf<Row>(
        'SELECT user_id, code, claimed_at_ms FROM drop_claims WHERE drop_id = ? AND user_id = ?',
        dropId,
        userId,
      )
      return results[0] === undefined ? null : claimFromRow(results[0])
    },
    async page(dropId, afterUserId, limit) {
      const { results } = await rowsOf<Row>(
        `SELECT user_id, code, claimed_at_ms FROM drop_claims WHERE drop_id = ? AND user_id > ?
         ORDER BY user_id LIMIT ?`,
        dropId,
        afterUserId,
        limit,
      )
      return results.map(claimFromRow)
    },
    async count(dropId) {
      const { results } = await rowsOf<{ n: number }>(
        'SELECT count(*) AS n FROM drop_claims WHERE drop_id = ?',
        dropId,
      )
      return results[0]?.n ?? 0
    },
    async ping() {
      await rowsOf('SELECT 1 FROM drop_claims LIMIT 1')
    },
  }
}

function claimFromRow({ user_id, code, claimed_at_ms }: Row): ClaimRecord {
  return { userId: user_id, code, claimedAtMs: claimed_at_ms }
}
