/**
 * The six scripts of lua/ over plain data: what each does to a pool and answers, word for word. test/lua holds the
 * model to the scripts; the simulation uses it in place of Redis.
 */
import { ORPHAN_LEASE_MS } from '../../src/core/limits.ts'
import type {
  ChangeReply,
  CheckReply,
  LeaseRenewal,
  PoolCall,
  PoolChange,
  PoolGate,
  PoolKey,
  ReassertCall,
  ReassertReply,
  RedeemReply,
  ReserveCall,
  ReserveReply,
  TokenState,
} from '../../src/ports/pool-gate.ts'
import { allowance } from './pool-rate.ts'
import {
  commit,
  currentEpoch,
  emptyPool,
  freeOf,
  knownHash,
  newestTerms,
  versionAfter,
  viewOf,
  type PoolHash,
  type PoolState,
  type Terms,
} from './pool-state.ts'

/** The gate's operations without the way there. */
export type PoolScripts = {
  readonly [Name in Exclude<keyof PoolGate, 'ping'>]: (
    call: Parameters<PoolGate[Name]>[0],
  ) => Awaited<ReturnType<PoolGate[Name]>>
}

const LOST = { kind: 'lost' } as const

export class PoolModel implements PoolScripts {
  readonly pools = new Map<PoolKey, PoolState>()
  readonly #orphanLeaseMs: number

  constructor(orphanLeaseMs = ORPHAN_LEASE_MS) {
    this.#orphanLeaseMs = orphanLeaseMs
  }

  pool(key: PoolKey): PoolState {
    const known = this.pools.get(key)
    if (known !== undefined) return known
    const pool = emptyPool()
    this.pools.set(key, pool)
    return pool
  }

  reserve(call: ReserveCall): ReserveReply {
    const pool = this.pool(call.pool)
    const hash = knownHash(pool, call)
    if (hash === null || !hash.asserted.has(call.eventId)) return LOST
    const batch = hash.batches.get(call.eventId)
    const isRepeated = batch?.id === call.batchId
    if (!isRepeated && call.toldVersion < (batch?.version ?? 0)) return LOST
    const { terms, isNew } = newestTerms(hash, call)
    if (hash.phase !== 'open' || isRepeated) {
      if (isNew) {
        hash.terms = terms
        commit(hash, call)
      }
      if (hash.phase !== 'open') return { kind: 'recovering', view: viewOf(hash, call.eventId) }
      const granted = batch?.granted ?? 0
      return this.#granted(pool, hash, call, granted, terms)
    }
    this.#dropOrphans(pool, call.nowMs)
    let granted = Math.min(call.admissionIds.length, freeOf(pool, terms))
    if (terms.rate !== null) {
      const allowed = allowance(hash.tatMs, terms.rate, call.nowMs, granted)
      granted = allowed.count
      hash.tatMs = allowed.tatMs
    }
    for (const admissionId of call.admissionIds.slice(0, granted)) {
      pool.leases.set(admissionId, call.leaseExpiresAtMs)
      pool.tokens.set(admissionId, '')
    }
    hash.terms = terms
    hash.batches.set(call.eventId, { id: call.batchId, granted, version: versionAfter(hash, call) })
    commit(hash, call)
    return this.#granted(pool, hash, call, granted, terms)
  }

  renew(call: PoolChange & { leases: readonly LeaseRenewal[] }): ChangeReply {
    const pool = this.pool(call.pool)
    const hash = knownHash(pool, call)
    if (hash === null) return LOST
    let changed = 0
    for (const { admissionId, leaseExpiresAtMs } of call.leases) {
      const expiryMs = pool.leases.get(admissionId)
      if (expiryMs === undefined) continue
      changed += 1
      pool.leases.set(admissionId, Math.max(expiryMs, leaseExpiresAtMs))
    }
    commit(hash, call)
    return { kind: 'done', changed, view: viewOf(hash, call.eventId) }
  }

  release(call: PoolChange & { admissionIds: readonly string[] }): ChangeReply {
    const pool = this.pool(call.pool)
    const hash = knownHash(pool, call)
    if (hash === null) return LOST
    let changed = 0
    for (const admissionId of call.admissionIds) {
      if (pool.leases.delete(admissionId)) changed += 1
      pool.tokens.delete(admissionId)
    }
    commit(hash, call)
    return { kind: 'done', changed, view: viewOf(hash, call.eventId) }
  }

  redeem(call: PoolChange & { lease: LeaseRenewal & { sessionDigest: string } }): RedeemReply {
    const pool = this.pool(call.pool)
    const hash = knownHash(pool, call)
    if (hash === null) return LOST
    const { admissionId, sessionDigest, leaseExpiresAtMs } = call.lease
    const expiryMs = pool.leases.get(admissionId)
    if (expiryMs === undefined) return { kind: 'unknown', view: viewOf(hash, call.eventId) }
    const holder = pool.tokens.get(admissionId)
    if (holder === undefined) return LOST
    if (holder !== '' && holder !== sessionDigest) return { kind: 'taken', view: viewOf(hash, call.eventId) }
    pool.tokens.set(admissionId, sessionDigest)
    pool.leases.set(admissionId, Math.max(expiryMs, leaseExpiresAtMs))
    commit(hash, call)
    return { kind: 'redeemed', view: viewOf(hash, call.eventId) }
  }

  check(call: PoolCall & { admissionIds: readonly string[] }): CheckReply {
    const pool = this.pool(call.pool)
    const hash = knownHash(pool, call)
    if (hash === null) return LOST
    const tokens: TokenState[] = []
    for (const admissionId of call.admissionIds) {
      const holder = pool.tokens.get(admissionId)
      if (!pool.leases.has(admissionId)) tokens.push({ state: 'unknown' })
      else if (holder === undefined) return LOST
      else tokens.push(holder === '' ? { state: 'live' } : { state: 'redeemed', sessionDigest: holder })
    }
    const leases = [...pool.leases.keys()].filter((member) => member.startsWith(`${call.eventId}.`)).length
    return { kind: 'checked', tokens, leases, view: viewOf(hash, call.eventId) }
  }

  reassert(call: ReassertCall): ReassertReply {
    const pool = this.pool(call.pool)
    const { eventId, memberEventIds } = call
    const { epoch: seenEpoch, version: seenVersion } = call.view
    const { terms, isNew } = newestTerms(pool.hash, call)
    const { hash, isFresh } = currentEpoch(pool, call, terms)
    if (isFresh) {
      hash.terms = terms
      commit(hash, call)
      return { kind: 'again', view: viewOf(hash, eventId) }
    }
    const isOtherEpoch = seenEpoch !== hash.epoch
    const isOvertaken = (hash.versions.get(eventId) ?? 0) !== seenVersion
    if (isOvertaken || isOtherEpoch) return { kind: 'again', view: viewOf(hash, eventId) }
    if (isNew) hash.terms = terms
    for (const { admissionId, leaseExpiresAtMs, sessionDigest } of call.leases) {
      pool.leases.set(admissionId, leaseExpiresAtMs)
      pool.tokens.set(admissionId, sessionDigest ?? pool.tokens.get(admissionId) ?? '')
    }
    if (call.final) hash.asserted.add(eventId)
    const missing = memberEventIds.filter((member) => !hash.asserted.has(member))
    if (hash.phase === 'recovering' && (missing.length === 0 || call.nowMs >= hash.recoverByMs)) {
      hash.phase = 'open'
    }
    commit(hash, call)
    const view = viewOf(hash, eventId)
    if (hash.phase === 'open' && hash.asserted.has(eventId)) return { kind: 'open', view }
    return { kind: 'recovering', view, missingEventIds: missing }
  }

  #granted(pool: PoolState, hash: PoolHash, call: PoolCall, count: number, terms: Terms): ReserveReply {
    return { kind: 'granted', count, free: freeOf(pool, terms), view: viewOf(hash, call.eventId) }
  }

  #dropOrphans(pool: PoolState, nowMs: number): void {
    const latestMs = Math.max(0, nowMs - this.#orphanLeaseMs)
    for (const [admissionId, expiryMs] of pool.leases) {
      if (expiryMs > latestMs) continue
      pool.leases.delete(admissionId)
      pool.tokens.delete(admissionId)
    }
  }
}
