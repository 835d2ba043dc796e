/**
 * Rebuilds a pool's gate from the ledgers after it lost data (a restart, a flush, a failover to an older copy).
 *
 * Each line of the pool says which of its admissions are alive; the gate grants nothing until all have, or until every
 * lease that a silent line could hold has expired. So a loss costs seconds, never a slot given out twice.
 */
import type { AdmissionRecord, EventRecord, PoolKeyText } from '../core/records.ts'
import type { LineState } from '../core/line-state.ts'
import { BATCH_MEMBERS_MAX } from '../core/limits.ts'
import type { EpochMs } from '../core/time.ts'
import type { PoolGate, PoolView, ReassertReply } from '../ports/pool-gate.ts'
import type { PoolCalls } from './pool-calls.ts'

export type PoolMembers = { readonly eventIds: readonly string[]; readonly longestLeaseMs: number }

export type RecoveryDeps = {
  readonly gate: PoolGate
  readonly calls: PoolCalls
  /** Which lines may hold leases of a shared pool. */
  readonly members: (poolId: string) => Promise<PoolMembers>
  /** Asks another line of the pool to say what it holds. Best effort; asked again each tick. */
  readonly nudge: (eventId: string, poolId: string) => void
  readonly log: (name: string, fields: Readonly<Record<string, string | number | boolean>>) => void
}

type Claim = {
  readonly pool: PoolKeyText
  readonly eventId: string
  readonly view: PoolView
  readonly terms: PoolTerms
}

export type PoolTerms = {
  readonly capacity: number
  readonly admitPerMinute: number | null
  readonly configVersion: number
}

/**
 * What the gate must know of a pool. An event's own rate is kept by its line; a shared pool's by the gate. A pool
 * that the event has left keeps the terms that the gate knows.
 */
export function poolTerms(event: EventRecord, pool: PoolKeyText): PoolTerms {
  if (pool === `e:${event.eventId}`) {
    return { capacity: event.config.capacity, admitPerMinute: null, configVersion: event.revision }
  }
  const shared = event.pool
  if (shared === null || pool !== `p:${shared.poolId}`)
    return { capacity: 0, admitPerMinute: null, configVersion: 0 }
  return { capacity: shared.capacity, admitPerMinute: shared.admitPerMinute, configVersion: shared.version }
}

export class PoolRecovery {
  readonly #deps: RecoveryDeps
  /** Pools being rebuilt, and whether the gate must drop what it has first. */
  readonly #pools = new Map<PoolKeyText, { startEpoch: boolean }>()

  constructor(deps: RecoveryDeps) {
    this.#deps = deps
  }

  get isRunning(): boolean {
    return this.#pools.size > 0
  }

  begin(pool: PoolKeyText, startEpoch = false): void {
    const known = this.#pools.get(pool)
    if (known === undefined) this.#deps.log('pool_recovery_begun', { pool, startEpoch })
    this.#pools.set(pool, { startEpoch: startEpoch || (known?.startEpoch ?? false) })
  }

  /** One attempt for every pool being rebuilt; answers the generations that the gate has now. */
  async proceed(line: LineState, nowMs: EpochMs): Promise<[PoolKeyText, PoolView][]> {
    const views: [PoolKeyText, PoolView][] = []
    for (const [pool, { startEpoch }] of this.#pools) {
      const seen = line.poolViews.get(pool)
      const view = { epoch: seen?.epoch ?? 0, version: seen?.version ?? 0 }
      const claim: Claim = { pool, eventId: line.event.eventId, view, terms: poolTerms(line.event, pool) }
      const leases = line.ledger.live().filter((admission) => admission.pool === pool)
      const reply = await this.claim(claim, leases, startEpoch, nowMs)
      views.push([pool, reply.view])
      if (reply.kind === 'open') {
        this.#pools.delete(pool)
        this.#deps.log('pool_recovery_done', { pool, epoch: reply.view.epoch, leases: leases.length })
      } else {
        this.#pools.set(pool, { startEpoch: false })
      }
    }
    return views
  }

  /** Tells the gate what is alive, in calls of at most 1,000, and wakes the lines that it still waits for. */
  async claim(
    claim: Claim,
    leases: readonly AdmissionRecord[],
    startEpoch: boolean,
    nowMs: EpochMs,
  ): Promise<ReassertReply> {
    const { pool, eventId, terms } = claim
    const poolId = pool.startsWith('p:') ? pool.slice(2) : null
    const members =
      poolId === null ? { eventIds: [eventId], longestLeaseMs: 0 } : await this.#deps.members(poolId)
    const memberEventIds = [...new Set([eventId, ...members.eventIds])]
    const send = (from: number, view: PoolView): Promise<ReassertReply> =>
      this.#deps.gate.reassert({
        pool,
        eventId,
        view,
        nextVersion: this.#deps.calls.nextVersion(pool, view, nowMs),
        nowMs,
        leases: leases.slice(from, from + BATCH_MEMBERS_MAX),
        final: from + BATCH_MEMBERS_MAX >= leases.length,
        startEpoch: startEpoch && view === claim.view,
        memberEventIds,
        longestLeaseMs: members.longestLeaseMs,
        ...terms,
      })
    const reply = await sendAll(leases.length, claim.view, send)
    if (reply.kind === 'recovering' && poolId !== null) {
      for (const missing of reply.missingEventIds) if (missing !== eventId) this.#deps.nudge(missing, poolId)
    }
    return reply
  }
}

/** Lists that the gate did not take in one attempt: once when it begins an epoch, once when somebody else just has. */
const RESTARTS_MAX = 3

/** Sends a list in parts, each with the view that the one before was told; from the start again when the gate says so. */
async function sendAll(
  length: number,
  first: PoolView,
  send: (from: number, view: PoolView) => Promise<ReassertReply>,
): Promise<ReassertReply> {
  let view = first
  let restarts = 0
  let from = 0
  for (;;) {
    const reply = await send(from, view)
    view = reply.view
    if (reply.kind === 'again') {
      if (restarts === RESTARTS_MAX) return reply
      restarts += 1
      from = 0
    } else {
      from += BATCH_MEMBERS_MAX
      if (from >= length) return reply
    }
  }
}
