/** The strategy `redis-queue` as the Worker mounts it: in a drop's object, in the lanes of claims, and behind the queues. */
import { parseConfig } from '../../config.ts'
import { objectCaller } from '../../object-caller.ts'
import { errorFields, log } from '../../observability/log.ts'
import { createRedis } from '../../redis/client.ts'
import { dropOf } from '../objects/objects.ts'
import type { ClaimIssuer, ClaimLaneApi, DropApi, IssuerTools } from '../ports.ts'
import { storesOf } from '../records/stores.ts'
import { ClaimGroups } from './claim-groups.ts'
import { keepFailedClaims, recordClaims } from './claim-consumer.ts'
import { createDropGate } from './drop-gate.ts'
import { RedisClaims } from './redis-claims.ts'
import { RedisIssuer } from './redis-issuer.ts'
import { SeenDrop } from './seen-drop.ts'

/** As in wrangler.toml. */
const CLAIM_QUEUE = 'usher-claims'
const FAILED_QUEUE = 'usher-claims-dead'

/** How the issuer of a drop is made. Null when the deployment is misconfigured: then nothing is served at all. */
export function redisIssuer(env: Env): ((tools: IssuerTools) => ClaimIssuer) | null {
  const config = parseConfig(env)
  if (!config.ok) return null
  const { redis, claimResendSeconds } = config.value
  return (tools) =>
    new RedisIssuer(tools, {
      gate: createDropGate(createRedis(redis, 'apart'), tools.dropId),
      send: async (message) => {
        await env.CLAIMS.send(message)
      },
      resendMs: claimResendSeconds * 1_000,
    })
}

/**
 * What a lane does, for as long as its object lives. `background` keeps the object awake until the work is done.
 * @throws Error when the deployment is misconfigured: then no claim gets as far.
 */
export function laneClaims(
  env: Env,
  dropId: string,
  background: (work: Promise<unknown>) => void,
): ClaimLaneApi {
  const config = parseConfig(env)
  if (!config.ok) throw new Error('misconfigured')
  const seen = new SeenDrop()
  const nowMs = (): number => Date.now()
  const claims = new RedisClaims({
    dropId,
    gate: createDropGate(createRedis(config.value.redis, 'apart'), dropId),
    seen,
    nowMs,
    wake: () => background(wake(env, dropId, seen)),
  })
  const groups = new ClaimGroups({ claim: (userIds) => claims.claim(userIds), nowMs })
  return { claim: (userId) => groups.claim(userId), claimOf: (userId) => claims.claimOf(userId) }
}

/** Whether the batch is of the claims. */
export function isOfClaims(batch: MessageBatch): boolean {
  return batch.queue === CLAIM_QUEUE || batch.queue === FAILED_QUEUE
}

/** @throws Error when the deployment is misconfigured: the queue keeps the messages until it has been repaired. */
export async function consumeClaims(batch: MessageBatch, env: Env): Promise<void> {
  if (!parseConfig(env).ok) throw new Error('misconfigured')
  const { records, postgres } = storesOf(env)
  const consume = batch.queue === FAILED_QUEUE ? keepFailedClaims : recordClaims
  try {
    await consume(batch.messages, {
      records,
      heard: (dropId, receipts) => askerOf(env, dropId)('repeat', (drop) => drop.claimsHeard(receipts)),
      log,
    })
  } finally {
    await postgres?.close()
  }
}

async function wake(env: Env, dropId: string, seen: SeenDrop): Promise<void> {
  try {
    await askerOf(env, dropId)('repeat', (drop) => drop.wake(seen.seen))
  } catch (error) {
    seen.isNotWoken()
    log.warn('drop_not_woken', { dropId, ...errorFields(error) })
  }
}

function askerOf(env: Env, dropId: string): ReturnType<typeof objectCaller<DropApi>> {
  return objectCaller(() => dropOf(env, dropId))
}
