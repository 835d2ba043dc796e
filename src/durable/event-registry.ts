/**
 * Which events and pools exist. One object: written when an operator changes something, read by cron, by the list of
 * events and by a pool's recovery. Never on the way of a visitor.
 */
import { DurableObject } from 'cloudflare:workers'
import type { FieldChange } from '../core/console-views.ts'
import { changedFields } from '../core/field-changes.ts'
import type { PoolConfig, RegisteredEvent, RegistryApi } from '../ports/registry.ts'
import { migrate, type Migrations } from './migrations.ts'

const REGISTRY_MIGRATIONS: Migrations = [
  `
  CREATE TABLE events (
    event_id TEXT PRIMARY KEY,
    public INTEGER NOT NULL,
    pool_id TEXT,
    longest_lease_seconds INTEGER NOT NULL,
    active INTEGER NOT NULL
  );
  CREATE TABLE pools (
    pool_id TEXT PRIMARY KEY,
    capacity INTEGER NOT NULL,
    admit_per_minute INTEGER,
    version INTEGER NOT NULL
  );
  CREATE TABLE pool_members (
    pool_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    PRIMARY KEY (pool_id, event_id)
  );
  `,
]

type EventRow = { event_id: string; public: number; pool_id: string | null }
type PoolRow = { pool_id: string; capacity: number; admit_per_minute: number | null; version: number }

export class EventRegistry extends DurableObject<Env> implements RegistryApi {
  readonly #sql: SqlStorage

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    this.#sql = ctx.storage.sql
    migrate(ctx.storage, REGISTRY_MIGRATIONS)
  }

  async register(event: RegisteredEvent & { longestLeaseSeconds: number }): Promise<void> {
    this.ctx.storage.transactionSync(() => {
      this.#sql.exec(
        `INSERT INTO events (event_id, public, pool_id, longest_lease_seconds, active) VALUES (?, ?, ?, ?, 1)
         ON CONFLICT (event_id) DO UPDATE SET public = excluded.public, pool_id = excluded.pool_id, active = 1,
           longest_lease_seconds = max(longest_lease_seconds, excluded.longest_lease_seconds)`,
        event.eventId,
        Number(event.public),
        event.poolId,
        event.longestLeaseSeconds,
      )
      if (event.poolId === null) return
      this.#sql.exec(
        'INSERT INTO pool_members (pool_id, event_id) VALUES (?, ?) ON CONFLICT DO NOTHING',
        event.poolId,
        event.eventId,
      )
    })
  }

  async unregister(eventId: string): Promise<void> {
    this.ctx.storage.transactionSync(() => {
      this.#sql.exec('DELETE FROM events WHERE event_id = ?', eventId)
      this.#sql.exec('DELETE FROM pool_members WHERE event_id = ?', eventId)
    })
  }

  async retire(eventIds: readonly string[]): Promise<void> {
    this.#sql.exec(
      'UPDATE events SET active = 0 WHERE event_id IN (SELECT value FROM json_each(?))',
      JSON.stringify(eventIds),
    )
  }

  async events(): Promise<RegisteredEvent[]> {
    const rows = this.#sql
      .exec<EventRow>('SELECT event_id, public, pool_id FROM events ORDER BY event_id')
      .toArray()
    return rows.map((row) => ({ eventId: row.event_id, public: row.public === 1, poolId: row.pool_id }))
  }

  async activeEventIds(): Promise<string[]> {
    const rows = this.#sql.exec<{ event_id: string }>(
      'SELECT event_id FROM events WHERE active = 1 ORDER BY event_id',
    )
    return rows.toArray().map((row) => row.event_id)
  }

  async putPool(pool: {
    poolId: string
    capacity: number
    admitPerMinute: number | null
  }): Promise<{ created: boolean; pool: PoolConfig; changes: readonly FieldChange[] }> {
    const known = this.#pool(pool.poolId)
    // Follows the clock, so that a pool made again under the same id is newer than what the gate remembers.
    const version = Math.max((known?.version ?? 0) + 1, Date.now())
    this.#sql.exec(
      `INSERT INTO pools (pool_id, capacity, admit_per_minute, version) VALUES (?, ?, ?, ?)
       ON CONFLICT (pool_id) DO UPDATE SET capacity = excluded.capacity, admit_per_minute = excluded.admit_per_minute,
         version = excluded.version`,
      pool.poolId,
      pool.capacity,
      pool.admitPerMinute,
      version,
    )
    const changed: PoolConfig = { ...pool, version }
    // Its version and its id are no setting of the operator's.
    const { poolId: _id, ...settings } = pool
    return { created: known === null, pool: changed, changes: changedFields(known, settings) }
  }

  async pool(poolId: string): Promise<PoolConfig | null> {
    return this.#pool(poolId)
  }

  async pools(): Promise<PoolConfig[]> {
    return this.#sql.exec<PoolRow>('SELECT * FROM pools ORDER BY pool_id').toArray().map(poolFromRow)
  }

  async poolMembers(poolId: string): Promise<{ eventIds: string[]; longestLeaseSeconds: number }> {
    const rows = this.#sql
      .exec<{ event_id: string; seconds: number }>(
        `SELECT m.event_id, e.longest_lease_seconds AS seconds
         FROM pool_members m JOIN events e ON e.event_id = m.event_id WHERE m.pool_id = ? ORDER BY m.event_id`,
        poolId,
      )
      .toArray()
    return {
      eventIds: rows.map((row) => row.event_id),
      longestLeaseSeconds: Math.max(0, ...rows.map((row) => row.seconds)),
    }
  }

  async leftPool(eventId: string, poolId: string): Promise<void> {
    this.#sql.exec(
      `DELETE FROM pool_members WHERE pool_id = ?1 AND event_id = ?2
       AND NOT EXISTS (SELECT 1 FROM events WHERE event_id = ?2 AND pool_id = ?1)`,
      poolId,
      eventId,
    )
  }

  async ping(): Promise<'pong'> {
    return 'pong'
  }

  #pool(poolId: string): PoolConfig | null {
    const row = this.#sql.exec<PoolRow>('SELECT * FROM pools WHERE pool_id = ?', poolId).toArray()[0]
    return row === undefined ? null : poolFromRow(row)
  }
}

function poolFromRow(row: PoolRow): PoolConfig {
  return {
    poolId: row.pool_id,
    capacity: row.capacity,
    admitPerMinute: row.admit_per_minute,
    version: row.version,
  }
}
