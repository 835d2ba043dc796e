/**
 * A drop of the strategy `redis-queue` with everything around it but the platform: the real issuer, consumer, scripts and
 * Redis; a queue and records that fail as they are told to.
 */
import { RECORD_ATTEMPTS_MAX } from '../../../src/drops/core/limits.ts'
import type { ClaimRecord, DropPlan, RecordOutcome } from '../../../src/drops/core/records.ts'
import type { ClaimReceipt, ClaimRecords, IssuerTools } from '../../../src/drops/ports.ts'
import { keepFailedClaims, recordClaims } from '../../../src/drops/redis/claim-consumer.ts'
import type { ClaimMessage } from '../../../src/drops/redis/claim-message.ts'
import { createDropGate, type DropGate } from '../../../src/drops/redis/drop-gate.ts'
import { REDIS_ISSUER_SCHEMA } from '../../../src/drops/redis/issuer-rows.ts'
import { RedisIssuer } from '../../../src/drops/redis/redis-issuer.ts'
import { StoreUnavailable } from '../../../src/ports/pool-gate.ts'
import type { Log } from '../../../src/observability/log.ts'
import type { QueuedMessage } from '../../../src/outbound/consumer.ts'
import { SqliteDatabase } from '../../long/sqlite-database.ts'
import type { Harness } from '../pool-harness.ts'
import { DROP_ID } from './drop-harness.ts'

const SILENT: Log = { info() {}, warn() {}, error() {} }

export class WorldRecords implements ClaimRecords {
  readonly rows = new Map<string, ClaimRecord>()
  generation = 0
  isAway = false
  /** Claims of these visitors break every statement that they are in. */
  readonly poison = new Set<string>()
  /** How many of the next inserts are carried out and then fail. */
  failAfterInsert = 0
  /** Everything that was ever recorded: nothing may take it back. */
  readonly history: ClaimRecord[] = []

  async raise(_dropId: string, generation: number): Promise<number> {
    this.#answer()
    this.generation = Math.max(this.generation, generation)
    return this.generation
  }

  async insert(
    _dropId: string,
    generation: number,
    claims: readonly ClaimRecord[],
  ): Promise<readonly RecordOutcome[]> {
    this.#answer()
    if (claims.some(({ userId }) => this.poison.has(userId))) throw new Error('a row cannot be written')
    const outcomes = claims.map((claim) => this.#insertOne(generation, claim))
    if (this.failAfterInsert > 0) {
      this.failAfterInsert -= 1
      throw new Error('the answer was lost')
    }
    return outcomes
  }

  async claimOf(_dropId: string, userId: string): Promise<ClaimRecord | null> {
    return this.rows.get(userId) ?? null
  }

  async page(_dropId: string, afterUserId: string, limit: number): Promise<readonly ClaimRecord[]> {
    this.#answer()
    const all = [...this.rows.values()].toSorted((a, b) => (a.userId < b.userId ? -1 : 1))
    return all.filter(({ userId }) => userId > afterUserId).slice(0, limit)
  }

  async count(): Promise<number> {
    return this.rows.size
  }

  async ping(): Promise<void> {
    this.#answer()
  }

  #insertOne(generation: number, { userId, code, claimedAtMs }: ClaimRecord): RecordOutcome {
    const known = this.rows.get(userId)
    if (known?.code === code) return 'recorded'
    if (generation < this.generation) return 'stale'
    if (known !== undefined || [...this.rows.values()].some((row) => row.code === code)) return 'conflict'
    const row = { userId, code, claimedAtMs }
    this.rows.set(userId, row)
    this.history.push(row)
    return 'recorded'
  }

  #answer(): void {
    if (this.isAway) throw new Error('the records do not answer')
  }
}

type Queued = { readonly body: ClaimMessage; readonly attempts: number }

export class IssuerWorld {
  readonly records = new WorldRecords()
  readonly gate: DropGate
  readonly issuedCodes: string[]
  queue: Queued[] = []
  dead: ClaimMessage[] = []
  /** The queue takes nothing. */
  isQueueAway = false
  wakes = 0
  /** The answer of the so-manieth call to Redis from now on is lost. */
  cutAtCall = 0
  plan: DropPlan
  issuer: RedisIssuer
  readonly #database = new SqliteDatabase()

  constructor(harness: Harness, codes: readonly string[]) {
    this.gate = this.#cutting(createDropGate(harness.redis.client, DROP_ID))
    this.issuedCodes = [...codes]
    this.plan = {
      dropId: DROP_ID,
      name: 'Tour',
      strategy: 'redis-queue',
      eventId: null,
      opensAtMs: null,
      closesAtMs: null,
      stock: codes.length,
      epoch: 1,
      generation: 1,
    }
    this.#database.sql.exec(REDIS_ISSUER_SCHEMA)
    this.issuer = this.restarted()
  }

  /** The object went away, and another one is made of its rows. */
  restarted(): RedisIssuer {
    const tools: IssuerTools = {
      dropId: DROP_ID,
      plan: () => this.plan,
      codesAfter: (position, limit) => this.issuedCodes.slice(position, position + limit),
      database: this.#database,
      records: this.records,
      nowMs: () => Date.now(),
      within: (_limitMs, work) => work,
      nextGeneration: () => {
        const { generation, epoch } = this.plan
        this.plan = { ...this.plan, generation: generation + 1, epoch: epoch + 1 }
        return this.plan
      },
      wakeSoon: () => {
        this.wakes += 1
      },
    }
    // Sent again so soon that no test waits for it.
    this.issuer = new RedisIssuer(tools, {
      gate: this.gate,
      send: (message) => this.#send(message),
      resendMs: 1,
    })
    return this.issuer
  }

  restock(codes: readonly string[]): void {
    this.issuedCodes.push(...codes)
    this.plan = { ...this.plan, stock: this.issuedCodes.length, epoch: this.plan.epoch + 1 }
  }

  /** The queue hands over what it has: in the order of `arrange`, which may repeat and lose. */
  async deliver(
    arrange: (queued: readonly Queued[]) => readonly Queued[] = (queued) => queued,
  ): Promise<void> {
    const arranged = arrange(this.queue)
    this.queue = []
    for (let start = 0; start < arranged.length; start += 100)
      await this.#consume(arranged.slice(start, start + 100))
    const dead = this.dead.map((body) => this.#message({ body, attempts: 1 }))
    this.dead = []
    await keepFailedClaims(dead, this.#consumerDeps())
  }

  /** Drains and delivers until nothing is owed but what has failed. */
  async settle(): Promise<void> {
    for (let round = 0; round < 50; round += 1) {
      await this.issuer.drain(Date.now())
      await this.deliver()
      const counts = await this.issuer.counts().catch(() => null)
      if (counts !== null && counts.pending === counts.failed && this.queue.length === 0) return
    }
    throw new Error('claims are still owed after fifty rounds')
  }

  #cutting(gate: DropGate): DropGate {
    return new Proxy(gate, {
      get: (target, name) => {
        const call = Reflect.get(target, name) as (...values: unknown[]) => Promise<unknown>
        return async (...values: unknown[]) => {
          const answer = await call(...values)
          if (this.cutAtCall > 0) {
            this.cutAtCall -= 1
            if (this.cutAtCall === 0) throw new StoreUnavailable('the answer was lost')
          }
          return answer
        }
      },
    })
  }

  async #consume(batch: readonly Queued[]): Promise<void> {
    await recordClaims(
      batch.map((queued) => this.#message(queued)),
      this.#consumerDeps(),
    )
  }

  #message(queued: Queued): QueuedMessage {
    return {
      ...queued,
      ack() {},
      retry: () => {
        if (queued.attempts >= RECORD_ATTEMPTS_MAX) this.dead.push(queued.body)
        else this.queue.push({ ...queued, attempts: queued.attempts + 1 })
      },
    }
  }

  #consumerDeps() {
    const heard = (_dropId: string, receipts: readonly ClaimReceipt[]) => this.issuer.heard(receipts)
    return { records: this.records, heard, log: SILENT }
  }

  async #send(body: ClaimMessage): Promise<void> {
    if (this.isQueueAway) throw new Error('the queue takes nothing')
    this.queue.push({ body, attempts: 1 })
  }
}
