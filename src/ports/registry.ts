/** Which events and pools exist. EventRegistry implements it; calls go over RPC. */
import type { FieldChange } from '../core/console-views.ts'

export type PoolConfig = {
  readonly poolId: string
  /** Admissions alive at once over all events of the pool. */
  readonly capacity: number
  readonly admitPerMinute: number | null
  /** Grows with every change, so that an older configuration never replaces a newer one. */
  readonly version: number
}

export type RegisteredEvent = {
  readonly eventId: string
  readonly public: boolean
  readonly poolId: string | null
}

export interface RegistryApi {
  /** Before the line is told, so that cron and the pool's recovery never miss an event that exists. Idempotent. */
  register(event: RegisteredEvent & { longestLeaseSeconds: number }): Promise<void>
  /** After the line has forgotten the event. Idempotent. */
  unregister(eventId: string): Promise<void>
  /** Ended and drained: the watchdog need not call it until it is registered again. */
  retire(eventIds: readonly string[]): Promise<void>
  /** All, ordered by id. */
  events(): Promise<RegisteredEvent[]>
  /** Those that the watchdog must call. */
  activeEventIds(): Promise<string[]>
  putPool(pool: {
    poolId: string
    capacity: number
    admitPerMinute: number | null
  }): Promise<{ created: boolean; pool: PoolConfig; changes: readonly FieldChange[] }>
  pool(poolId: string): Promise<PoolConfig | null>
  pools(): Promise<PoolConfig[]>
  /**
   * The events that may hold leases of a shared pool, and the longest that any of their leases can live: what the
   * pool's recovery has to wait for.
   */
  poolMembers(poolId: string): Promise<{ eventIds: string[]; longestLeaseSeconds: number }>
  /** The line has no lease of its former pool any more. */
  leftPool(eventId: string, poolId: string): Promise<void>
  ping(): Promise<'pong'>
}
