/** A whole sale on a clock of its own: a crowd, three events with real rows, and the real scripts on a real engine. */
import { config } from '../unit/core/fixtures.ts'
import { createEntryTokens } from '../../src/tokens/entry-token.ts'
import { createPoolGate } from '../../src/redis/pool-gate.ts'
import type { PromotionTools } from '../../src/durable/promotion.ts'
import type { PoolConfig } from '../../src/ports/registry.ts'
import { createClient, type TestRedis } from '../support/redis.ts'
import { Crowd } from './crowd.ts'
import { SaleLine } from './sale-line.ts'

export type SaleSize = {
  readonly visitors: number
  readonly saleSeconds: number
  /** Of each of the three: the pool of its own, the shared one, and each event that shares it. */
  readonly capacity: number
}

/** 2026-11-21T10:00:00Z. */
const STARTS_MS = 1_795_255_200_000
const WATCH_EVERY_SECONDS = 60
/** A machine that is busy otherwise is no outage: those are tested elsewhere. */
const STORE_TIMEOUT_MS = 60_000
export const RETENTION_MS = 7 * 24 * 60 * 60 * 1_000

const TERMS = {
  entryTokenTtlSeconds: 60,
  leaseTtlSeconds: 120,
  maxSessionSeconds: 600,
  disconnectGraceSeconds: 60,
} as const

export class Sale {
  nowMs = STARTS_MS
  readonly lines: readonly SaleLine[]
  readonly scriptCalls = new Map<string, number>()
  readonly broken: string[] = []
  readonly peak = { waiting: 0, inside: 0, rows: 0, bytes: 0 }
  readonly #size: SaleSize
  readonly #hall: PoolConfig
  readonly #active: Set<SaleLine>

  constructor(redis: TestRedis, size: SaleSize) {
    this.#size = size
    this.#hall = { poolId: 'hall', capacity: size.capacity, admitPerMinute: null, version: STARTS_MS }
    const tools = this.#tools(redis)
    this.lines = [
      this.#line('stands', null, tools),
      this.#line('floor', this.#hall, tools),
      this.#line('gallery', this.#hall, tools),
    ]
    this.#active = new Set(this.lines)
  }

  async open(): Promise<void> {
    for (const line of this.lines) await line.open()
  }

  /** Sells until everybody has gone and every line is quiet. Answers what the visitors saw. */
  async sell(): Promise<ReadonlyMap<string, number>> {
    const firstSecond = this.nowMs / 1_000
    const crowd = new Crowd(this.lines, this.#size.visitors, firstSecond, this.#size.saleSeconds)
    for (let second = firstSecond + 1; !crowd.isGone || this.lines.some(isBusy); second += 1) {
      this.nowMs = second * 1_000
      await crowd.step(second)
      await this.#ring()
      if (second % WATCH_EVERY_SECONDS === 0) await this.#watch()
      this.#check(second % WATCH_EVERY_SECONDS === 0)
      if (second > firstSecond + 4 * this.#size.saleSeconds)
        throw new Error('the sale does not come to an end')
    }
    return crowd.seen
  }

  /** The operator closes; the watchdog finds that nothing is left to do. Answers how many lines it still calls. */
  async close(): Promise<number> {
    for (const { engine } of this.lines) await engine.act('close')
    await this.#watch()
    return this.#active.size
  }

  /** Nobody comes any more: only alarms ring. Answers how often they did until none was left. */
  async sleepUntilForgotten(): Promise<number> {
    let rings = 0
    for (;;) {
      const alarms = this.lines.flatMap(({ alarmAtMs }) => alarmAtMs ?? [])
      if (alarms.length === 0) return rings
      this.nowMs = Math.max(this.nowMs, Math.min(...alarms))
      rings += 1
      await this.#ring()
    }
  }

  /** Nobody comes, and the watchdog goes on calling. */
  async idle(minutes: number): Promise<void> {
    for (let minute = 0; minute < minutes; minute += 1) {
      this.nowMs += WATCH_EVERY_SECONDS * 1_000
      await this.#ring()
      await this.#watch()
    }
  }

  async #ring(): Promise<void> {
    for (const line of this.lines) await line.ring()
    for (const line of this.lines) await line.settled()
  }

  /** As cron does it: those that need no more calls are retired. */
  async #watch(): Promise<void> {
    for (const line of this.#active) {
      const watched = await line.engine.watch(this.nowMs)
      await line.settled()
      if (watched.ok && !watched.value.active) this.#active.delete(line)
    }
  }

  /** INV-1, from the ledgers: nobody is inside beyond a capacity. */
  #check(countsRows: boolean): void {
    const inside = this.lines.map(({ state }) => state.ledger.liveCount)
    const [stands = 0, ...sharing] = inside
    const inHall = sharing.reduce((sum, count) => sum + count, 0)
    const { capacity } = this.#size
    if (stands > capacity || inHall > capacity)
      this.broken.push(`INV-1: ${stands} and ${inHall} of ${capacity}`)
    this.peak.inside = Math.max(this.peak.inside, stands + inHall)
    this.peak.waiting = Math.max(
      this.peak.waiting,
      this.lines.reduce((sum, { state }) => sum + state.waiting.size, 0),
    )
    if (!countsRows) return
    this.peak.rows = Math.max(
      this.peak.rows,
      sumOf(this.lines, ({ rows }) => rows),
    )
    this.peak.bytes = Math.max(
      this.peak.bytes,
      sumOf(this.lines, ({ database }) => database.bytes),
    )
  }

  #line(eventId: string, pool: PoolConfig | null, tools: PromotionTools): SaleLine {
    const { capacity } = this.#size
    return new SaleLine({
      eventId,
      config: config({ ...TERMS, capacity, poolId: pool?.poolId ?? null }),
      pool,
      endedRetentionMs: RETENTION_MS,
      nowMs: () => this.nowMs,
      tools,
    })
  }

  #tools(redis: TestRedis): PromotionTools {
    let ids = 0
    const client = createClient(redis.front, STORE_TIMEOUT_MS)
    const gate = createPoolGate(client, ({ name, failed }) => {
      this.scriptCalls.set(name, (this.scriptCalls.get(name) ?? 0) + 1)
      if (failed) this.broken.push(`${name} failed`)
    })
    const secrets = ['a secret of the tests that is long enough for HS512, which wants 64 characters']
    return {
      gate,
      tokens: createEntryTokens({
        entryTokens: { alg: 'HS512', secrets, issuer: 'usher', audience: 'shop' },
      }),
      registry: {
        pool: async () => this.#hall,
        poolMembers: async () => ({
          eventIds: this.lines.flatMap(({ eventId, pool }) => (pool === null ? [] : [eventId])),
          longestLeaseSeconds: TERMS.maxSessionSeconds,
        }),
        leftPool: async () => {},
      },
      nudge: async (eventId, poolId) => {
        await this.lines.find((line) => line.eventId === eventId)?.engine.reassertPool(eventId, poolId)
      },
      randomText: () => String((ids += 1)).padStart(22, '0'),
      alarmPerSecond: Infinity,
    }
  }
}

/** Somebody waits or is inside, the gate is owed something, or a deadline is still remembered. */
export function isBusy({ state }: SaleLine): boolean {
  const { waiting, ledger, batch } = state
  const held = waiting.size + waiting.presentCount + ledger.liveCount + ledger.debtCount
  const deadlines = [waiting.nextDeadlineMs(), ledger.nextDeadlineMs()]
  return held > 0 || batch !== null || deadlines.some((atMs) => atMs !== null)
}

export function sumOf(lines: readonly SaleLine[], of: (line: SaleLine) => number): number {
  return lines.reduce((sum, line) => sum + of(line), 0)
}
