/** Puts the promoter of one line together: its gate, its recovery, its tokens, and what is logged about it. */
import { admissionIdFor } from '../core/ids.ts'
import { poolChanged } from '../core/line-operator.ts'
import type { Ticket } from '../core/line-promotion.ts'
import { leftPoolIds, type LineState } from '../core/line-state.ts'
import { decision, type BatchRecord, type PoolKeyText } from '../core/records.ts'
import type { EpochMs } from '../core/time.ts'
import { log } from '../observability/log.ts'
import type { LineLink, Promoting } from '../ports/line-host.ts'
import { StoreUnavailable, type PoolGate } from '../ports/pool-gate.ts'
import type { RegistryApi } from '../ports/registry.ts'
import type { EntryTokens } from '../ports/tokens.ts'
import type { LineMeters } from './line-meters.ts'
import { PoolCalls } from './pool-calls.ts'
import { PoolRecovery, type PoolMembers } from './pool-recovery.ts'
import { Promoter } from './promoter.ts'

export type PromotionDeps = LineLink & { readonly meters: LineMeters }

/** What promotion uses of the outside. */
export type PromotionTools = {
  readonly gate: PoolGate
  readonly tokens: Pick<EntryTokens, 'sign'>
  readonly registry: Pick<RegistryApi, 'pool' | 'poolMembers' | 'leftPool'>
  /** Asks another line of a shared pool to say what it holds. */
  readonly nudge: (eventId: string, poolId: string) => Promise<void>
  /** 22 base64url characters, never the same twice. */
  readonly randomText: () => string
  /** More admissions in a second than this are logged as an alarm. */
  readonly alarmPerSecond: number
}

type Parts = { readonly promoter: Promoter; readonly recovery: PoolRecovery; readonly tools: PromotionTools }

export class Promotion implements Promoting {
  readonly #deps: PromotionDeps
  /** Null without a complete configuration: the line keeps its places and admits nobody (the gateway answers 503). */
  readonly #parts: Parts | null

  constructor(deps: PromotionDeps, tools: PromotionTools | null) {
    this.#deps = deps
    this.#parts = tools === null ? null : this.#build(tools)
  }

  get isHolding(): boolean {
    return this.#parts === null || this.#parts.promoter.isHolding
  }

  /** Resolves when everything that could be done now has been done. */
  async promote(): Promise<void> {
    await this.#parts?.promoter.promote()
  }

  /** Compares the gate with the ledger, and mends the gate. */
  async reconcile(): Promise<void> {
    await this.#learnPool()
    await this.#parts?.promoter.reconcile()
    await this.#forgetLeftPools()
  }

  /** Says what this event holds in the pool; an event that was never configured holds nothing, and says that. */
  async reassert(eventId: string, poolId: string): Promise<void> {
    if (this.#parts === null) return
    const { recovery } = this.#parts
    const pool = `p:${poolId}` as const
    if (this.#deps.line() !== null) {
      recovery.begin(pool)
      await this.promote()
      return
    }
    const terms = { capacity: 0, admitPerMinute: null, configVersion: 0 }
    await recovery.claim(
      { pool, eventId, view: { epoch: 0, version: 0 }, terms },
      [],
      false,
      this.#deps.nowMs(),
    )
  }

  /** The once-a-second throughput figure, and the alarm over the configured rate. */
  reportThroughput(nowMs: EpochMs): void {
    const perSecond = this.#deps.meters.promotionsPerSecond(nowMs)
    if (perSecond === 0 || this.#parts === null) return
    const eventId = this.#eventId()
    log.info('promotion_throughput', { eventId, perSecond })
    const limitPerSecond = this.#parts.tools.alarmPerSecond
    if (perSecond > limitPerSecond) log.warn('promotion_rate_high', { eventId, perSecond, limitPerSecond })
  }

  #build(tools: PromotionTools): Parts {
    const { line, nowMs, wait, commit, meters } = this.#deps
    const { gate, tokens, randomText } = tools
    const calls = new PoolCalls()
    const recovery = new PoolRecovery({
      gate,
      calls,
      members: (poolId) => membersOf(tools, poolId),
      nudge: (eventId, poolId) => nudge(tools, eventId, poolId),
      log: (name, fields) => log.info(name, fields),
    })
    const promoter = new Promoter({
      gate,
      calls,
      recovery,
      line,
      commit,
      now: nowMs,
      wait,
      ids: {
        batchId: randomText,
        admissionId: () => admissionIdFor(this.#eventId(), randomText()),
      },
      signTickets: (batch, issuedAtMs) => signTickets(line(), tokens, batch, issuedAtMs),
      admitted: (count, chosenAtMs) => {
        meters.promoted(count, nowMs())
        meters.observeMs('promotion_latency_seconds', nowMs() - chosenAtMs)
      },
      failed: (error) => this.#failed(error),
    })
    return { promoter, recovery, tools }
  }

  #eventId(): string {
    return this.#deps.line()?.event.eventId ?? ''
  }

  #failed(error: unknown): void {
    const fields = { eventId: this.#eventId(), error: String(error) }
    if (error instanceof StoreUnavailable) log.warn('gate_unavailable', fields)
    else log.error('promotion_failed', fields)
  }

  /** A change of the shared pool that did not reach this line when it was made. */
  async #learnPool(): Promise<void> {
    const line = this.#deps.line()
    const poolId = line?.event.config.poolId ?? null
    if (line === null || poolId === null || this.#parts === null) return
    const pool = await this.#parts.tools.registry.pool(poolId)
    if (pool !== null && this.#deps.line() === line) this.#deps.commit(poolChanged(line, pool))
  }

  /** Whether the gate still knows that this event holds nothing there any more; it is told again where it does not. */
  async #isTold(line: LineState, pool: PoolKeyText): Promise<boolean> {
    const view = line.poolViews.get(pool)
    if (view === undefined || this.#parts === null) return true
    const { tools, recovery, promoter } = this.#parts
    try {
      const { eventId } = line.event
      const reply = await tools.gate.check({ pool, eventId, view, admissionIds: [] })
      const holdsNothing = reply.kind === 'checked' && reply.leases === 0
      if (holdsNothing) return true
      recovery.begin(pool, reply.kind === 'checked')
      await promoter.promote()
    } catch (error) {
      this.#failed(error)
    }
    return false
  }

  /** The event was given another pool, and its last lease in the former one has ended. */
  async #forgetLeftPools(): Promise<void> {
    const line = this.#deps.line()
    if (line === null || this.#parts === null) return
    const { tools } = this.#parts
    for (const poolId of leftPoolIds(line)) {
      const pool = `p:${poolId}` as const
      if (!(await this.#isTold(line, pool))) continue
      await tools.registry.leftPool(line.event.eventId, poolId)
      if (this.#deps.line() !== line) return
      line.poolViews.delete(pool)
      this.#deps.commit(decision(null, [{ kind: 'pool_left', pool }]))
    }
  }
}

async function signTickets(
  line: LineState | null,
  tokens: PromotionTools['tokens'],
  batch: BatchRecord,
  issuedAtMs: EpochMs,
): Promise<Ticket[]> {
  if (line === null) return []
  const { eventId, config } = line.event
  // A JWT counts in whole seconds; the ledger keeps the same instant as the token says.
  const expiresAtMs = Math.floor(issuedAtMs / 1_000) * 1_000 + config.entryTokenTtlSeconds * 1_000
  return Promise.all(
    batch.members.map(async ({ userId, admissionId }) => ({
      token: await tokens.sign({ userId, eventId, admissionId, issuedAtMs, expiresAtMs }),
      issuedAtMs,
      expiresAtMs,
    })),
  )
}

async function membersOf({ registry }: PromotionTools, poolId: string): Promise<PoolMembers> {
  const { eventIds, longestLeaseSeconds } = await registry.poolMembers(poolId)
  return { eventIds, longestLeaseMs: longestLeaseSeconds * 1_000 }
}

function nudge(tools: PromotionTools, eventId: string, poolId: string): void {
  tools
    .nudge(eventId, poolId)
    .catch((error: unknown) => log.warn('pool_member_silent', { eventId, poolId, error: String(error) }))
}
