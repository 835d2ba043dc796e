/** A line as the scripts see it, and a private Redis of each kind under the real gate, client and REST front. */
import { afterAll, beforeAll, beforeEach, describe, expect } from 'vitest'
import { RespClient } from '../../dev/redis/resp.ts'
import { admissionIdFor } from '../../src/core/ids.ts'
import type {
  LeaseAssertion,
  PoolCall,
  PoolChange,
  PoolGate,
  PoolKey,
  PoolView,
  ReassertCall,
  ReassertReply,
  ReserveCall,
  ReserveReply,
} from '../../src/ports/pool-gate.ts'
import { poolKeys } from '../../src/redis/keys.ts'
import { createPoolGate } from '../../src/redis/pool-gate.ts'
import { engines, startRedis, type TestRedis } from '../support/redis.ts'

export const NOW_MS = Date.UTC(2026, 0, 1)
export const MINUTE_MS = 60_000
export const HOUR_MS = 60 * MINUTE_MS
export const LEASE_ENDS_MS = NOW_MS + 5 * MINUTE_MS
export const SHARED: PoolKey = 'p:hall'

/** Admission ids of an event, numbered so that a test can say which. */
export function admissions(eventId: string, from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, i) => admission(eventId, from + i))
}

export function admission(eventId: string, number: number): string {
  return admissionIdFor(eventId, String(number).padStart(22, '0'))
}

export function lease(admissionId: string, change: Partial<LeaseAssertion> = {}): LeaseAssertion {
  return { admissionId, leaseExpiresAtMs: LEASE_ENDS_MS, sessionDigest: null, ...change }
}

/** A line that remembers what it saw last, as the port asks of it. */
export class TestLine {
  readonly gate: PoolGate
  readonly eventId: string
  readonly pool: PoolKey
  capacity = 10
  admitPerMinute: number | null = null
  configVersion = 1
  view: PoolView = { epoch: 0, version: 0 }

  constructor(gate: PoolGate, eventId = 'A', pool: PoolKey = `e:${eventId}`) {
    this.gate = gate
    this.eventId = eventId
    this.pool = pool
  }

  get call(): PoolCall {
    return { pool: this.pool, eventId: this.eventId, view: this.view }
  }

  get change(): PoolChange {
    return { ...this.call, nextVersion: NOW_MS }
  }

  get terms(): Pick<ReserveCall, 'capacity' | 'admitPerMinute' | 'configVersion'> {
    return { capacity: this.capacity, admitPerMinute: this.admitPerMinute, configVersion: this.configVersion }
  }

  reserveCall(
    batchId: string,
    admissionIds: readonly string[],
    change: Partial<ReserveCall> = {},
  ): ReserveCall {
    const times = { nowMs: NOW_MS, leaseExpiresAtMs: LEASE_ENDS_MS }
    const toldVersion = this.view.version
    return { ...this.change, ...this.terms, ...times, toldVersion, batchId, admissionIds, ...change }
  }

  async reserve(
    batchId: string,
    admissionIds: readonly string[],
    change: Partial<ReserveCall> = {},
  ): Promise<ReserveReply> {
    return this.saw(await this.gate.reserve(this.reserveCall(batchId, admissionIds, change)))
  }

  /** One call of the script. */
  async reassertOnce(
    leases: readonly LeaseAssertion[],
    change: Partial<ReassertCall> = {},
  ): Promise<ReassertReply> {
    return this.saw(
      await this.gate.reassert({
        ...this.change,
        ...this.terms,
        nowMs: NOW_MS,
        leases,
        final: true,
        startEpoch: false,
        memberEventIds: [this.eventId],
        longestLeaseMs: HOUR_MS,
        ...change,
      }),
    )
  }

  /** Sends the list, and once more when the script asks for it, as a line does. */
  async reassert(
    leases: readonly LeaseAssertion[],
    change: Partial<ReassertCall> = {},
  ): Promise<ReassertReply> {
    const reply = await this.reassertOnce(leases, change)
    return reply.kind === 'again' ? this.reassertOnce(leases, { ...change, startEpoch: false }) : reply
  }

  async release(admissionIds: readonly string[]) {
    return this.saw(await this.gate.release({ ...this.change, admissionIds }))
  }

  async renew(admissionIds: readonly string[], leaseExpiresAtMs: number) {
    const leases = admissionIds.map((admissionId) => ({ admissionId, leaseExpiresAtMs }))
    return this.saw(await this.gate.renew({ ...this.change, leases }))
  }

  async redeem(admissionId: string, sessionDigest: string, leaseExpiresAtMs = LEASE_ENDS_MS) {
    return this.saw(
      await this.gate.redeem({ ...this.change, lease: { admissionId, sessionDigest, leaseExpiresAtMs } }),
    )
  }

  async check(admissionIds: readonly string[]) {
    return this.saw(await this.gate.check({ ...this.call, admissionIds }))
  }

  saw<T extends { readonly kind: string; readonly view?: PoolView }>(reply: T): T {
    this.view = reply.view ?? this.view
    return reply
  }
}

/** What a test of the scripts works with. */
export type Harness = {
  redis: TestRedis
  gate: PoolGate
  /** Straight to the engine, past front and client. */
  resp: RespClient
}

/** Defines the tests once for each engine; each has a server of its own, empty before every test. */
export function overEveryEngine(title: string, define: (harness: Harness) => void): void {
  describe.each(engines())(`${title} (%s)`, (kind) => {
    const harness = {} as Harness
    beforeAll(async () => {
      harness.redis = await startRedis(kind)
      harness.resp = new RespClient(harness.redis.engine)
    })
    beforeEach(async () => {
      await harness.redis.client.flushall()
      harness.gate = createPoolGate(harness.redis.client)
    })
    afterAll(async () => {
      harness.resp.close()
      await harness.redis.stop()
    })
    define(harness)
  })
}

/** A line whose pool is open. */
export async function openLine(harness: Harness, change: Partial<TestLine> = {}): Promise<TestLine> {
  const line = Object.assign(new TestLine(harness.gate, change.eventId, change.pool), change)
  await line.reassert([])
  return line
}

/** The pool as it is stored: for comparing before and after, and for putting an older copy back. */
export async function dumpPool(harness: Harness, pool: PoolKey): Promise<(string | null)[]> {
  const replies = await harness.resp.send(poolKeys(pool).map((key) => ['DUMP', key]))
  return replies.map((reply) => (Buffer.isBuffer(reply) ? reply.toString('base64') : null))
}

export async function restorePool(
  harness: Harness,
  pool: PoolKey,
  copy: readonly (string | null)[],
): Promise<void> {
  const keys = poolKeys(pool)
  await harness.redis.client.del(...keys)
  const present = keys.flatMap((key, i) =>
    copy[i] ? [['RESTORE', key, '0', Buffer.from(copy[i], 'base64')]] : [],
  )
  const replies = await harness.resp.send(present)
  for (const reply of replies) expect(reply).toMatchObject({ text: 'OK' })
}
