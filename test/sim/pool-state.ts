/** What Redis keeps of a pool, as plain data, and what the library of the scripts (lua/lib) does with it. */
import type { PoolCall, PoolChange, PoolView, ReassertCall, ReserveCall } from '../../src/ports/pool-gate.ts'
import { spentTat } from './pool-rate.ts'

export type Terms = {
  readonly version: number
  readonly capacity: number
  readonly rate: number | null
}

/** The hash of a pool; a field that is not there is undefined. */
export type PoolHash = {
  epoch: number
  phase: 'recovering' | 'open'
  recoverByMs: number
  terms: Terms | null
  tatMs: string | null
  readonly versions: Map<string, number>
  readonly asserted: Set<string>
  readonly batches: Map<string, { readonly id: string; readonly granted: number; readonly version: number }>
}

/** The three keys of a pool. An empty set or hash is one that does not exist. */
export type PoolState = {
  hash: PoolHash | null
  leases: Map<string, number>
  tokens: Map<string, string>
}

export function emptyPool(): PoolState {
  return { hash: null, leases: new Map(), tokens: new Map() }
}

export function copyPool({ hash, leases, tokens }: PoolState): PoolState {
  return {
    hash: hash && {
      ...hash,
      versions: new Map(hash.versions),
      asserted: new Set(hash.asserted),
      batches: new Map(hash.batches),
    },
    leases: new Map(leases),
    tokens: new Map(tokens),
  }
}

function isWhole({ hash, leases }: PoolState): boolean {
  return hash !== null && leases.has(`epoch:${hash.epoch}`)
}

/** Null where the scripts say `lost`. */
export function knownHash(pool: PoolState, { view, eventId }: PoolCall): PoolHash | null {
  const { hash } = pool
  if (hash === null || !isWhole(pool) || hash.epoch !== view.epoch) return null
  return (hash.versions.get(eventId) ?? 0) < view.version ? null : hash
}

export function versionAfter(hash: PoolHash, { eventId, nextVersion }: PoolChange): number {
  return Math.max((hash.versions.get(eventId) ?? 0) + 1, nextVersion)
}

export function commit(hash: PoolHash, call: PoolChange): void {
  hash.versions.set(call.eventId, versionAfter(hash, call))
}

export function viewOf(hash: PoolHash, eventId: string): PoolView {
  return { epoch: hash.epoch, version: hash.versions.get(eventId) ?? 0 }
}

export function freeOf(pool: PoolState, { capacity }: Terms): number {
  return Math.max(0, capacity - (pool.leases.size - 1))
}

type Offer = Pick<ReserveCall, 'capacity' | 'admitPerMinute' | 'configVersion'>

export function newestTerms(hash: PoolHash | null, offer: Offer): { terms: Terms; isNew: boolean } {
  const stored = hash?.terms ?? null
  if (stored !== null && stored.version >= offer.configVersion) return { terms: stored, isNew: false }
  const terms = { version: offer.configVersion, capacity: offer.capacity, rate: offer.admitPerMinute }
  return { terms, isNew: true }
}

/** The pool's hash, begun anew where the pool is not what the caller knows. */
export function currentEpoch(
  pool: PoolState,
  call: ReassertCall,
  terms: Terms,
): { hash: PoolHash; isFresh: boolean } {
  const { hash } = pool
  const { epoch: seenEpoch, version: seenVersion } = call.view
  const version = hash?.versions.get(call.eventId) ?? 0
  const isPresent = hash?.epoch === seenEpoch || version > 0
  const isRefused = hash?.epoch === seenEpoch && call.startEpoch && version === seenVersion
  const isRegressed = (isPresent && version < seenVersion) || isRefused
  if (hash === null || !isWhole(pool) || hash.epoch < seenEpoch || isRegressed) {
    return { hash: beginEpoch(pool, call, terms), isFresh: true }
  }
  if (hash.phase === 'recovering' && seenEpoch > 0 && seenEpoch !== hash.epoch && terms.rate !== null) {
    hash.tatMs = spentTat(terms.rate, call.nowMs)
  }
  return { hash, isFresh: false }
}

function beginEpoch(pool: PoolState, call: ReassertCall, terms: Terms): PoolHash {
  const wasUsed = pool.hash !== null || call.view.epoch > 0
  const spent = () => (terms.rate === null ? null : wasUsed ? spentTat(terms.rate, call.nowMs) : '0')
  const hash: PoolHash = {
    epoch: Math.max(pool.hash?.epoch ?? 0, call.view.epoch) + 1,
    phase: 'recovering',
    recoverByMs: call.nowMs + call.longestLeaseMs,
    terms: null,
    tatMs: spent(),
    versions: new Map([
      [call.eventId, Math.max(pool.hash?.versions.get(call.eventId) ?? 0, call.view.version)],
    ]),
    asserted: new Set(),
    batches: new Map(),
  }
  pool.hash = hash
  pool.leases = new Map([[`epoch:${hash.epoch}`, Infinity]])
  pool.tokens = new Map()
  return hash
}
