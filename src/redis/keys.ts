/** The only place where a key of Redis is spelled. The hash tag keeps the keys of a pool on one node. */
import type { PoolKey } from '../ports/pool-gate.ts'

/** The keys of a pool in the order in which every script takes them: pool (hash), leases (zset), tokens (hash). */
export function poolKeys(pool: PoolKey): [pool: string, leases: string, tokens: string] {
  return [`usher:{${pool}}:pool`, `usher:{${pool}}:leases`, `usher:{${pool}}:tokens`]
}
