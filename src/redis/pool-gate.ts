/**
 * The PoolGate port on Redis: one script call each (lua/README.md has the table of keys and replies).
 *
 * Nothing is repeated here: after StoreUnavailable the outcome is unknown and the caller decides. Messages of errors
 * never hold a key, an id, a token or an address; the cause may, so it must not be logged as it is.
 */
import type { Redis } from '@upstash/redis/cloudflare'
import { ORPHAN_LEASE_MS, POOL_TTL_MS } from '../core/limits.ts'
import { StoreProtocolError } from '../ports/pool-gate.ts'
import type { PoolCall, PoolChange, PoolGate, ReassertCall, ReserveCall } from '../ports/pool-gate.ts'
import { observed } from './call.ts'
import type { RedisCallObserver } from './call.ts'
import { poolKeys } from './keys.ts'
import { parseChange, parseCheck, parseReassert, parseRedeem, parseReserve } from './replies.ts'
import { SCRIPTS } from './scripts.ts'
import type { ScriptName } from './scripts.ts'

/** The part of the client that the gate uses. */
export type ScriptClient = Pick<Redis, 'createScript' | 'ping'>

export type PoolCallObserver = RedisCallObserver<ScriptName | 'ping'>

export function createPoolGate(redis: ScriptClient, observe: PoolCallObserver = () => {}): PoolGate {
  const run = scriptRunner(redis, observe)
  return {
    async reserve(call) {
      const raw = await run('reserve_leases', call, reserveArguments(call))
      return parseReserve(raw, call.admissionIds.length)
    },
    async renew(call) {
      const leases = call.leases.flatMap((lease) => [lease.admissionId, String(lease.leaseExpiresAtMs)])
      return parseChange(await run('renew_leases', call, [...changeArguments(call), ...leases]))
    },
    async release(call) {
      return parseChange(await run('release_leases', call, [...changeArguments(call), ...call.admissionIds]))
    },
    async redeem(call) {
      const { admissionId, sessionDigest, leaseExpiresAtMs } = call.lease
      const lease = [admissionId, sessionDigest, String(leaseExpiresAtMs)]
      return parseRedeem(await run('redeem_token', call, [...changeArguments(call), ...lease]))
    },
    async check(call) {
      return parseCheck(await run('check_tokens', call, call.admissionIds), call.admissionIds.length)
    },
    async reassert(call) {
      return parseReassert(await run('reassert_leases', call, reassertArguments(call)))
    },
    async ping() {
      const pong = await observed(observe, 'ping', () => redis.ping())
      if (pong !== 'PONG') throw new StoreProtocolError('PING was not answered with PONG')
    },
  }
}

type RunScript = (name: ScriptName, call: PoolCall, rest: readonly string[]) => Promise<unknown>

/** Every script takes the keys of the pool and, first, the event and what it saw last. */
function scriptRunner(redis: ScriptClient, observe: PoolCallObserver): RunScript {
  const scripts = {
    check_tokens: redis.createScript(SCRIPTS.check_tokens),
    reassert_leases: redis.createScript(SCRIPTS.reassert_leases),
    redeem_token: redis.createScript(SCRIPTS.redeem_token),
    release_leases: redis.createScript(SCRIPTS.release_leases),
    renew_leases: redis.createScript(SCRIPTS.renew_leases),
    reserve_leases: redis.createScript(SCRIPTS.reserve_leases),
  }
  return (name, call, rest) => {
    const seen = [call.eventId, String(call.view.epoch), String(call.view.version)]
    return observed(observe, name, () => scripts[name].exec(poolKeys(call.pool), [...seen, ...rest]))
  }
}

function changeArguments({ nextVersion }: PoolChange): string[] {
  return [String(POOL_TTL_MS), String(nextVersion)]
}

function reserveArguments(call: ReserveCall): string[] {
  return [
    ...changeArguments(call),
    String(call.nowMs),
    call.batchId,
    String(call.toldVersion),
    String(call.leaseExpiresAtMs),
    ...configArguments(call),
    String(ORPHAN_LEASE_MS),
    ...call.admissionIds,
  ]
}

function reassertArguments(call: ReassertCall): string[] {
  const leases = call.leases.flatMap((lease) => [
    lease.admissionId,
    String(lease.leaseExpiresAtMs),
    lease.sessionDigest ?? '',
  ])
  return [
    ...changeArguments(call),
    String(call.nowMs),
    call.final ? '1' : '0',
    call.startEpoch ? '1' : '0',
    String(call.longestLeaseMs),
    ...configArguments(call),
    String(call.memberEventIds.length),
    ...call.memberEventIds,
    ...leases,
  ]
}

function configArguments(
  config: Pick<ReserveCall, 'capacity' | 'admitPerMinute' | 'configVersion'>,
): string[] {
  const rate = config.admitPerMinute === null ? 'none' : String(config.admitPerMinute)
  return [String(config.capacity), rate, String(config.configVersion)]
}
