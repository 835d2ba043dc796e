/** Puts the promoter of one line together: its gate, its recovery, its tokens, and what is logged about it. */
import { parseConfig, type Config } from '../config.ts'
import { admissionIdFor } from '../core/ids.ts'
import type { Ticket } from '../core/line-promotion.ts'
import { leftPoolIds, type LineState } from '../core/line-state.ts'
import type { BatchRecord, Decision } from '../core/records.ts'
import type { EpochMs } from '../core/time.ts'
import { log } from '../observability/log.ts'
import { StoreUnavailable } from '../ports/pool-gate.ts'
import { createRedis } from '../redis/client.ts'
import { createPoolGate } from '../redis/pool-gate.ts'
import { createEntryTokens, type EntryTokens } from '../tokens/entry-token.ts'
import type { LineMeters } from './line-meters.ts'
import { lineOf, registryOf } from './objects.ts'
import { PoolRecovery } from './pool-recovery.ts'
import { Promoter } from './promoter.ts'

export type PromotionDeps = {
  readonly line: () => LineState | null
  readonly now: () => EpochMs
  readonly commit: (decision: Decision<unknown>) => void
  readonly meters: LineMeters
}

export class Promotion {
  readonly #env: Env
  readonly #deps: PromotionDeps
  readonly #config: Config | null
  readonly #recovery: PoolRecovery
  readonly #promoter: Promoter | null

  constructor(env: Env, deps: PromotionDeps) {
    this.#env = env
    this.#deps = deps
    const parsed = parseConfig(env)
    // The gateway answers 503 and names what is missing; a line without a configuration only keeps its places.
    this.#config = parsed.ok ? parsed.value : null
    const gate = createPoolGate(createRedis(env), ({ durationMs, failed }) => {
      deps.meters.count('redis_calls_total')
      if (failed) deps.meters.count('redis_failures_total')
      deps.meters.observeMs('redis_call_seconds', durationMs)
    })
    this.#recovery = new PoolRecovery({
      gate,
      members: async (poolId) => {
        const { eventIds, longestLeaseSeconds } = await registryOf(env).poolMembers(poolId)
        return { eventIds, longestLeaseMs: longestLeaseSeconds * 1_000 }
      },
      nudge: (eventId, poolId) => this.#nudge(eventId, poolId),
      log: (name, fields) => log.info(name, fields),
    })
    this.#promoter = this.#config === null ? null : this.#buildPromoter(gate, createEntryTokens(this.#config))
  }

  get isHolding(): boolean {
    return this.#promoter === null || this.#promoter.isHolding
  }

  async promote(): Promise<void> {
    await this.#promoter?.promote()
  }

  async reconcile(): Promise<void> {
    await this.#promoter?.reconcile()
    await this.#forgetLeftPools()
  }

  /** Says what this event holds in the pool; an event that was never configured holds nothing, and says that. */
  async reassert(eventId: string, poolId: string): Promise<void> {
    const pool = `p:${poolId}` as const
    if (this.#deps.line() !== null) {
      this.#recovery.begin(pool)
      await this.promote()
      return
    }
    const terms = { capacity: 0, admitPerMinute: null, configVersion: 0 }
    await this.#recovery.claim({ pool, eventId, view: { epoch: 0, version: 0 }, terms }, [], false, this.#deps.now())
  }

  /** The seed's once-a-second figure, and its alarm. */
  reportThroughput(nowMs: EpochMs): void {
    const perSecond = this.#deps.meters.promotionsPerSecond(nowMs)
    const eventId = this.#deps.line()?.event.eventId
    if (perSecond === 0 || this.#config === null) return
    log.info('promotion_throughput', { eventId, perSecond })
    const limitPerSecond = this.#config.promotionAlarmPerSecond
    if (perSecond > limitPerSecond) log.warn('promotion_rate_high', { eventId, perSecond, limitPerSecond })
  }

  #buildPromoter(gate: ReturnType<typeof createPoolGate>, tokens: EntryTokens): Promoter {
    const { line, now, commit, meters } = this.#deps
    return new Promoter({
      gate,
      recovery: this.#recovery,
      line,
      commit,
      now,
      ids: {
        batchId: () => crypto.randomUUID(),
        admissionId: () => admissionIdFor(line()?.event.eventId ?? '', randomText()),
      },
      signTickets: (batch, issuedAtMs) => signTickets(line(), tokens, batch, issuedAtMs),
      admitted: (count, chosenAtMs) => {
        meters.promoted(count, now())
        meters.observeMs('promotion_latency_seconds', now() - chosenAtMs)
      },
      failed: (error) => {
        const fields = { eventId: line()?.event.eventId, error: String(error) }
        if (error instanceof StoreUnavailable) log.warn('gate_unavailable', fields)
        else log.error('promotion_failed', fields)
      },
    })
  }

  #nudge(eventId: string, poolId: string): void {
    lineOf(this.#env, eventId)
      .reassertPool(poolId)
      .catch((error: unknown) => log.warn('pool_member_silent', { eventId, poolId, error: String(error) }))
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
