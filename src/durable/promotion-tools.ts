/** The outside of promotion in production: Upstash, signed tokens, the registry and the other lines. */
import { parseConfig } from '../config.ts'
import { createRedis } from '../redis/client.ts'
import { createPoolGate } from '../redis/pool-gate.ts'
import { createEntryTokens } from '../tokens/entry-token.ts'
import type { LineMeters } from './line-meters.ts'
import { lineOf, registryOf } from './objects.ts'
import type { PromotionTools } from './promotion.ts'

/** Null when the environment is not a complete configuration. */
export function promotionTools(env: Env, meters: LineMeters): PromotionTools | null {
  const config = parseConfig(env)
  if (!config.ok) return null
  const gate = createPoolGate(createRedis(config.value.redis), ({ durationMs, failed }) => {
    meters.count('redis_calls_total')
    if (failed) meters.count('redis_failures_total')
    meters.observeMs('redis_call_seconds', durationMs)
  })
  return {
    gate,
    tokens: createEntryTokens(config.value),
    // A stub for each call: one that has failed stays broken.
    registry: {
      pool: (poolId) => registryOf(env).pool(poolId),
      poolMembers: (poolId) => registryOf(env).poolMembers(poolId),
      leftPool: (eventId, poolId) => registryOf(env).leftPool(eventId, poolId),
    },
    nudge: (eventId, poolId) => lineOf(env, eventId).reassertPool(poolId),
    randomText,
    alarmPerSecond: config.value.promotionAlarmPerSecond,
  }
}

/** 128 bits of randomness as 22 base64url characters. */
export function randomText(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64url')
}
