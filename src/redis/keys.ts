/** The only place where a key of Redis is spelled. The hash tag keeps the keys of a pool, and of a drop, on one node. */
import type { PoolKey } from '../ports/pool-gate.ts'

/** The keys of a pool in the order in which every script takes them: pool (hash), leases (zset), tokens (hash). */
export function poolKeys(pool: PoolKey): [pool: string, leases: string, tokens: string] {
  return [`usher:{${pool}}:pool`, `usher:{${pool}}:leases`, `usher:{${pool}}:tokens`]
}

/** The keys of a drop, and of the filling that is about to take its place: drop (hash), codes (list), outbox (zset). */
export function dropKeys(dropId: string): { readonly now: DropKeys; readonly next: DropKeys } {
  return { now: keysOf(`usher:{d:${dropId}}`), next: keysOf(`usher:{d:${dropId}}:next`) }
}

export type DropKeys = { readonly drop: string; readonly codes: string; readonly outbox: string }

function keysOf(prefix: string): DropKeys {
  return { drop: `${prefix}:drop`, codes: `${prefix}:codes`, outbox: `${prefix}:outbox` }
}
