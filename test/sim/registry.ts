/** Which events share a pool, as src/durable/event-registry.ts keeps it. */
import type { PoolConfig } from '../../src/ports/registry.ts'

export class SimRegistry {
  readonly pools = new Map<string, PoolConfig>()
  readonly #members = new Map<string, Set<string>>()
  #longestLeaseSeconds = 0

  register(eventId: string, poolId: string | null, longestLeaseSeconds: number): void {
    this.#longestLeaseSeconds = Math.max(this.#longestLeaseSeconds, longestLeaseSeconds)
    if (poolId === null) return
    const members = this.#members.get(poolId) ?? new Set()
    this.#members.set(poolId, members.add(eventId))
  }

  putPool(poolId: string, capacity: number, admitPerMinute: number | null, nowMs: number): PoolConfig {
    const version = Math.max((this.pools.get(poolId)?.version ?? 0) + 1, nowMs)
    const pool = { poolId, capacity, admitPerMinute, version }
    this.pools.set(poolId, pool)
    return pool
  }

  pool(poolId: string): PoolConfig | null {
    return this.pools.get(poolId) ?? null
  }

  poolMembers(poolId: string): { eventIds: string[]; longestLeaseSeconds: number } {
    const eventIds = [...(this.#members.get(poolId) ?? [])]
    return { eventIds, longestLeaseSeconds: this.#longestLeaseSeconds }
  }

  leftPool(eventId: string, poolId: string): void {
    this.#members.get(poolId)?.delete(eventId)
  }
}
