/**
 * One Durable Object per drop. It is the host of a DropEngine: rows in SQLite, one alarm, the platform's clock. The input
 * gate makes the engine's synchronous blocks critical sections; the output gate holds answers and calls back until the
 * rows are durable.
 */
import { DurableObject } from 'cloudflare:workers'
import { withTimeout } from '../../bounded.ts'
import { LineClock } from '../../durable/line-clock.ts'
import { lineOf } from '../../durable/objects.ts'
import { log } from '../../observability/log.ts'
import type { PutDrop, Seen } from '../core/records.ts'
import type { ClaimReceipt, DropApi } from '../ports.ts'
import { storesOf } from '../records/stores.ts'
import { issuerOf } from '../strategies.ts'
import { DropEngine } from './drop-engine.ts'
import type { DropHost } from './drop-host.ts'

/** As many as the platform makes at once. */
const RANDOM_BYTES_MAX = 65_536

export class DropObject extends DurableObject<Env> implements DropApi {
  readonly #engine: DropEngine

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    this.#engine = new DropEngine(hostOf(ctx, env, ctx.id.name ?? ''))
  }

  put(request: PutDrop): ReturnType<DropApi['put']> {
    return this.#engine.put(request)
  }

  addCodes(codes: readonly string[]): ReturnType<DropApi['addCodes']> {
    return this.#engine.addCodes(codes)
  }

  standing(): ReturnType<DropApi['standing']> {
    return this.#engine.standing()
  }

  detail(): ReturnType<DropApi['detail']> {
    return this.#engine.detail()
  }

  claim(userId: string): ReturnType<DropApi['claim']> {
    return this.#engine.claim(userId)
  }

  claimOf(userId: string): ReturnType<DropApi['claimOf']> {
    return this.#engine.claimOf(userId)
  }

  claimants(): ReturnType<DropApi['claimants']> {
    return this.#engine.claimants()
  }

  reconcile(repair: boolean): ReturnType<DropApi['reconcile']> {
    return this.#engine.reconcile(repair)
  }

  retryFailed(): ReturnType<DropApi['retryFailed']> {
    return this.#engine.retryFailed()
  }

  exportPage(afterUserId: string): ReturnType<DropApi['exportPage']> {
    return this.#engine.exportPage(afterUserId)
  }

  wake(seen: Seen): Promise<void> {
    return this.#engine.wake(seen)
  }

  claimsHeard(receipts: readonly ClaimReceipt[]): Promise<void> {
    return this.#engine.claimsHeard(receipts)
  }

  override alarm(): Promise<void> {
    return this.#engine.alarm()
  }
}

function hostOf(ctx: DurableObjectState, env: Env, dropId: string): DropHost {
  const clock = new LineClock()
  const { storage } = ctx
  const { records, postgres } = storesOf(env)
  return {
    dropId,
    database: storage,
    records,
    issuer: (strategy) => issuerOf(strategy, env, postgres),
    nowMs: () => clock.nowMs(),
    setAlarm: (atMs) => (atMs === null ? storage.deleteAlarm() : storage.setAlarm(clock.toRaw(atMs))),
    background: (work) =>
      ctx.waitUntil(work.catch((error: unknown) => log.error('background_failed', { error: String(error) }))),
    within: (limitMs, work) => withTimeout(work, limitMs),
    randomBytes,
    // A stub for each call: one that has failed stays broken.
    tellLine: (eventId, news) => lineOf(env, eventId).dropChanged(news),
  }
}

function randomBytes(count: number): Uint8Array {
  const bytes = new Uint8Array(count)
  for (let start = 0; start < count; start += RANDOM_BYTES_MAX)
    crypto.getRandomValues(bytes.subarray(start, start + RANDOM_BYTES_MAX))
  return bytes
}
