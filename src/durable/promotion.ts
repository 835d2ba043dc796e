/** Puts the promoter of one line together: its gate, its recovery, its tokens, and what is logged about it. */
import { parseConfig, type Config } from '../config.ts'
import { admissionIdFor } from '../core/ids.ts'
import { poolChanged } from '../core/line-operator.ts'
import type { Ticket } from '../core/line-promotion.ts'
import { leftPoolIds, type LineState } from '../core/line-state.ts'
import type { BatchRecord, Decision } from '../core/records.ts'
import type { EpochMs } from '../core/time.ts'
import { log } from '../observability/log.ts'
import { StoreUnavailable } from '../ports/pool-gate.ts'
import { createRedis } from '../redis/client.ts'
import { createPoolGate } from '../redis/pool-gate.ts'
import type { EntryTokens } from '../ports/tokens.ts'
import { createEntryTokens } from '../tokens/entry-token.ts'
import type { LineMeters } from './line-meters.ts'
import { lineOf, registryOf } from './objects.ts'
import { PoolRecovery, type PoolMembers } from './pool-recovery.ts'
import { Promoter } from './promoter.ts'

export type PromotionDeps = {
  readonly line: () => LineState | null
  readonly now: () => EpochMs
  readonly commit: (decision: Decision<unknown>) => void
  readonly meters: LineMeters
}

type Parts = { readonly promoter: Promoter; readonly recovery: PoolRecovery; readonly config: Config }

export class Promotion {
  readonly #env: Env
  readonly #deps: PromotionDeps
  /** Null without a complete configuration: the line keeps its places and admits nobody (the gateway answers 503). */
  readonly #parts: Parts | null

  constructor(env: Env, deps: PromotionDeps) {
    this.#env = env
    this.#deps = deps
    const config = parseConfig(env)
    this.#parts = config.ok ? this.#build(config.value) : null
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
      this.#deps.now(),
    )
  }

  /** The once-a-second throughput figure, and the alarm over the configured rate. */
  reportThroughput(nowMs: EpochMs): void {
    const perSecond = this.#deps.meters.promotionsPerSecond(nowMs)
    if (perSecond === 0 || this.#parts === null) return
    const eventId = this.#eventId()
    log.info('promotion_throughput', { eventId, perSecond })
    const limitPerSecond = this.#parts.config.promotionAlarmPerSecond
    if (perSecond > limitPerSecond) log.warn('promotion_rate_high', { eventId, perSecond, limitPerSecond })
  }

  #build(config: Config): Parts {
    const { line, now, commit, meters } = this.#deps
    const tokens = createEntryTokens(config)
    const gate = createPoolGate(createRedis(config.redis), ({ durationMs, failed }) => {
      meters.count('redis_calls_total')
      if (failed) meters.count('redis_failures_total')
      meters.observeMs('redis_call_seconds', durationMs)
    })
    const recovery = new PoolRecovery({
      gate,
      members: (poolId) => this.#members(poolId),
      nudge: (eventId, poolId) => this.#nudge(eventId, poolId),
      log: (name, fields) => log.info(name, fields),
    })
    const promoter = new Promoter({
      gate,
      recovery,
      line,
      commit,
      now,
      ids: {
        batchId: () => crypto.randomUUID(),
        admissionId: () => admissionIdFor(this.#eventId(), randomText()),
      },
      signTickets: (batch, issuedAtMs) => signTickets(line(), tokens, batch, issuedAtMs),
      admitted: (count, chosenAtMs) => {
        meters.promoted(count, now())
        meters.observeMs('promotion_latency_seconds', now() - chosenAtMs)
      },
      failed: (error) => this.#failed(error),
    })
    return { promoter, recovery, config }
  }

  #eventId(): string {
    return this.#deps.line()?.event.eventId ?? ''
  }

  #failed(error: unknown): void {
    const fields = { eventId: this.#eventId(), error: String(error) }
    if (error instanceof StoreUnavailable) log.warn('gate_unavailable', fields)
    else log.error('promotion_failed', fields)
  }

  async #members(poolId: string): Promise<PoolMembers> {
    const { eventIds, longestLeaseSeconds } = await registryOf(this.#env).poolMembers(poolId)
    return { eventIds, longestLeaseMs: longestLeaseSeconds * 1_000 }
  }

  #nudge(eventId: string, poolId: string): void {
    lineOf(this.#env, eventId)
      .reassertPool(poolId)
      .catch((error: unknown) => log.warn('pool_member_silent', { eventId, poolId, error: String(error) }))
  }

  /** A change of the shared pool that did not reach this line when it was made. */
  async #learnPool(): Promise<void> {
    const line = this.#deps.line()
    const poolId = line?.event.config.poolId ?? null
    if (line === null || poolId === null) return
    const pool = await registryOf(this.#env).pool(poolId)
    if (pool !== null && this.#deps.line() === line) this.#deps.commit(poolChanged(line, pool))
  }

  /** The event was given another pool, and its last lease in the former one has ended. */
  async #forgetLeftPools(): Promise<void> {
    const line = this.#deps.line()
    if (line === null) return
    for (const poolId of leftPoolIds(line)) {
      await registryOf(this.#env).leftPool(line.event.eventId, poolId)
      line.poolViews.delete(`p:${poolId}`)
    }
  }
}

async function signTickets(
  line: LineState | null,
  tokens: EntryTokens,
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

/** 128 bits of randomness as 22 base64url characters. */
function randomText(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64url')
}
