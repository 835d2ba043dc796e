/** A line, its shared pool, and the model of the scripts in place of Redis: time stands still unless a test moves it. */
import { newEvent } from '../../../src/core/line-operator.ts'
import { chooseBatch, settleBatch } from '../../../src/core/line-promotion.ts'
import { newLine, type LineState } from '../../../src/core/line-state.ts'
import { assert } from '../../../src/core/assert.ts'
import type { BatchRecord } from '../../../src/core/records.ts'
import { PoolCalls } from '../../../src/durable/pool-calls.ts'
import { PoolRecovery, poolTerms } from '../../../src/durable/pool-recovery.ts'
import type { CheckReply, PoolGate, PoolKey, PoolView } from '../../../src/ports/pool-gate.ts'
import { PoolModel } from '../../sim/pool-model.ts'
import { config, counted, joinAll, T0, ticketsFor, tools } from '../core/fixtures.ts'

const SHARED = { poolId: 'arena', capacity: 10, admitPerMinute: null, version: 1 }
export const POOL: PoolKey = `p:${SHARED.poolId}`

export class PoolWorld {
  readonly line: LineState = newLine(
    newEvent('demo', config({ poolId: SHARED.poolId, capacity: 10 }), SHARED, T0, tools),
  )
  readonly model = new PoolModel()
  readonly calls = new PoolCalls()
  nowMs = T0
  /** The recoveries that have begun. */
  readonly begun: { pool: string; startEpoch: boolean }[] = []
  /** What happens between the gate's answer to a check and its arrival. */
  meanwhile: () => void = () => {}
  readonly gate: PoolGate = {
    reserve: async (call) => this.model.reserve(call),
    renew: async (call) => this.model.renew(call),
    release: async (call) => this.model.release(call),
    redeem: async (call) => this.model.redeem(call),
    reassert: async (call) => this.model.reassert(call),
    check: async (call) => {
      const reply: CheckReply = this.model.check(call)
      this.meanwhile()
      return reply
    },
    ping: async () => {},
  }
  readonly recovery = new PoolRecovery({
    gate: this.gate,
    calls: this.calls,
    members: async () => ({ eventIds: ['demo'], longestLeaseMs: 0 }),
    nudge: () => {},
    log: (name, { pool, startEpoch }) => {
      if (name === 'pool_recovery_begun')
        this.begun.push({ pool: String(pool), startEpoch: startEpoch === true })
    },
  })
  readonly #ids = counted()

  /** A world whose pool is open and knows of the event. */
  static async open(): Promise<PoolWorld> {
    const world = new PoolWorld()
    world.recovery.begin(POOL)
    await world.recover()
    world.begun.length = 0
    return world
  }

  /** Rebuilds what has to be rebuilt. */
  async recover(): Promise<void> {
    const views = await this.recovery.proceed(this.line, this.nowMs)
    for (const [, view] of views) this.told(view)
    assert(!this.recovery.isRunning, 'a pool with one event is open at once')
  }

  /** A reply has told the line the pool's generation. */
  told({ epoch, version }: PoolView): void {
    this.line.poolViews.set(POOL, { pool: POOL, epoch, version })
  }

  /** The next batch, for these visitors. */
  choose(...userIds: string[]): BatchRecord {
    joinAll(this.line, userIds, this.nowMs)
    const batch = chooseBatch(this.line, this.nowMs, this.#ids).value
    assert(batch !== null, 'there is room for them')
    return batch
  }

  /** The pool grants all of the batch, and the line hears of the generation but not yet of the grant. */
  grant({ batchId, members }: BatchRecord): void {
    const reply = this.model.reserve({
      ...this.calls.turn(this.line, this.nowMs).next(POOL),
      nowMs: this.nowMs,
      toldVersion: this.line.poolViews.get(POOL)?.version ?? 0,
      batchId,
      admissionIds: members.map(({ admissionId }) => admissionId),
      leaseExpiresAtMs: this.nowMs + 300_000,
      ...poolTerms(this.line.event, POOL),
    })
    assert(reply.kind === 'granted' && reply.count === members.length, 'the pool is open and has room')
    this.told(reply.view)
  }

  settle(batch: BatchRecord): void {
    settleBatch(this.line, batch, ticketsFor(batch, this.nowMs), this.nowMs)
  }

  admit(...userIds: string[]): void {
    const batch = this.choose(...userIds)
    this.grant(batch)
    this.settle(batch)
  }

  /** The admissions that have a lease in the pool. */
  leases(): string[] {
    return [...this.model.pool(POOL).leases.keys()].filter((member) => !member.startsWith('epoch:'))
  }
}
