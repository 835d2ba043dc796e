/**
 * The simulation stands on a model of the scripts. Here random calls, losses and older copies go to the model and to the
 * scripts on a real engine, and the answers are compared step by step.
 */
import { expect, it } from 'vitest'
import type { PoolGate, PoolKey, PoolView } from '../../src/ports/pool-gate.ts'
import { poolKeys } from '../../src/redis/keys.ts'
import { PoolModel, type PoolScripts } from '../sim/pool-model.ts'
import { copyPool, emptyPool, type PoolState } from '../sim/pool-state.ts'
import { Random } from '../sim/random.ts'
import {
  admission,
  dumpPool,
  HOUR_MS,
  lease,
  NOW_MS,
  overEveryEngine,
  restorePool,
  SHARED,
  type Harness,
} from './pool-harness.ts'

const EVENTS = ['A', 'B'] as const
const STEPS = 150
const NAMES = ['hash', 'leases', 'tokens'] as const

type Call = { readonly name: keyof PoolScripts; readonly call: Parameters<PoolGate[keyof PoolScripts]>[0] }

/** What a line would know, had it never forgotten anything. */
type Caller = { views: PoolView[]; issued: number }

overEveryEngine('the model of the scripts', (harness) => {
  it.each([1, 2, 3, 4, 5, 6])('answers as they do, whatever is asked and lost (seed %i)', async (seed) => {
    const random = new Random(seed)
    const model = new PoolModel()
    const callers = new Map(
      EVENTS.map((eventId) => [eventId, { views: [{ epoch: 0, version: 0 }], issued: 0 }]),
    )
    const copies: { real: (string | null)[]; model: PoolState }[] = []
    const sent: Call[] = []
    for (let step = 0; step < STEPS; step += 1) {
      await lose(harness, model, random, copies)
      const eventId = random.pick(EVENTS)
      const caller = callers.get(eventId)
      if (caller === undefined) throw new Error('no such caller')
      // A call that was overtaken arrives again, late.
      const next =
        sent.length > 0 && random.chance(0.1) ? random.pick(sent) : newCall(random, eventId, caller)
      sent.push(next)
      const modelled = ask(model, next)
      const real = await (harness.gate[next.name] as (call: unknown) => Promise<unknown>)(next.call)
      expect({ step, ...next, reply: modelled }).toEqual({ step, ...next, reply: real })
      const { view } = modelled as { view?: PoolView }
      if (view !== undefined && next.call.eventId === eventId) caller.views.push(view)
      if (random.chance(0.3)) {
        copies.push({ real: await dumpPool(harness, SHARED), model: copyPool(model.pool(SHARED)) })
      }
    }
  })
})

function ask(model: PoolModel, { name, call }: Call): unknown {
  return (model[name] as (call: unknown) => unknown).call(model, call)
}

/** Every so often the store goes back to an older copy, is flushed, or loses one key. */
async function lose(
  harness: Harness,
  model: PoolModel,
  random: Random,
  copies: readonly { real: (string | null)[]; model: PoolState }[],
): Promise<void> {
  if (copies.length > 0 && random.chance(0.05)) {
    const copy = random.pick(copies.slice(-4))
    await restorePool(harness, SHARED, copy.real)
    model.pools.set(SHARED, copyPool(copy.model))
  }
  if (random.chance(0.02)) {
    await harness.redis.client.flushall()
    model.pools.clear()
  }
  if (random.chance(0.03)) {
    const which = random.between(0, 2)
    await harness.redis.client.del(poolKeys(SHARED)[which] ?? '')
    const name = NAMES[which] ?? 'hash'
    Object.assign(model.pool(SHARED), { [name]: emptyPool()[name] })
  }
}

function newCall(random: Random, eventId: string, caller: Caller): Call {
  const pool: PoolKey = SHARED
  const view = random.chance(0.8)
    ? (caller.views.at(-1) ?? { epoch: 0, version: 0 })
    : random.pick(caller.views)
  const nowMs = NOW_MS + random.between(0, 90_000)
  const base = { pool, eventId, view, nextVersion: nowMs }
  const known = () => admission(eventId, random.between(Math.max(1, caller.issued - 6), caller.issued + 1))
  const ids = () => Array.from({ length: random.between(0, 3) }, known)
  const endsAtMs = () => nowMs + random.between(-2 * HOUR_MS, HOUR_MS)
  const terms = {
    nowMs,
    capacity: random.between(0, 8),
    admitPerMinute: random.pick([null, null, 6, 600]),
    configVersion: random.between(1, 12),
  }
  const roll = random.next()
  if (roll < 0.35) {
    const from = caller.issued + 1
    caller.issued += random.between(0, 3)
    const admissionIds = Array.from({ length: caller.issued - from + 1 }, (_, i) =>
      admission(eventId, from + i),
    )
    const toldVersion = random.chance(0.8) ? view.version : random.pick(caller.views).version
    const batchId = random.chance(0.8) ? `batch-${from}` : `batch-${random.between(1, from)}`
    return {
      name: 'reserve',
      call: { ...base, ...terms, batchId, toldVersion, admissionIds, leaseExpiresAtMs: endsAtMs() },
    }
  }
  if (roll < 0.6) {
    const digest = () => random.pick([null, null, 'one', 'two'])
    const leases = ids().map((id) => lease(id, { leaseExpiresAtMs: endsAtMs(), sessionDigest: digest() }))
    const memberEventIds = random.chance(0.6) ? [...EVENTS] : [eventId]
    const more = { final: random.chance(0.9), startEpoch: random.chance(0.1), longestLeaseMs: 60_000 }
    return { name: 'reassert', call: { ...base, ...terms, ...more, leases, memberEventIds } }
  }
  if (roll < 0.75) return { name: 'release', call: { ...base, admissionIds: ids() } }
  if (roll < 0.83) {
    const leases = ids().map((admissionId) => ({ admissionId, leaseExpiresAtMs: endsAtMs() }))
    return { name: 'renew', call: { ...base, leases } }
  }
  if (roll < 0.93) {
    const held = { admissionId: known(), leaseExpiresAtMs: nowMs, sessionDigest: random.pick(['one', 'two']) }
    return { name: 'redeem', call: { ...base, lease: held } }
  }
  return { name: 'check', call: { ...base, admissionIds: ids() } }
}
