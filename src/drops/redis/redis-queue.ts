/** The strategy `redis-queue` as the Worker mounts it: in a drop's object, on the way of a claim, and behind the queues. */
import { waitUntil } from 'cloudflare:workers'
import { parseConfig } from '../../config.ts'
import type { Config } from '../../config.ts'
import { objectCaller } from '../../object-caller.ts'
import { errorFields, log } from '../../observability/log.ts'
import { createRedis } from '../../redis/client.ts'
import { dropOf } from '../objects/objects.ts'
import type { ClaimIssuer, ClaimTaker, DropApi, IssuerTools } from '../ports.ts'
import { storesOf } from '../records/stores.ts'
import { keepFailedClaims, recordClaims } from './claim-consumer.ts'
import { createDropGate } from './drop-gate.ts'
import { redisClaims } from './redis-claims.ts'
import { RedisIssuer } from './redis-issuer.ts'
import { SeenDrops } from './seen-drops.ts'

/** As in wrangler.toml. */
const CLAIM_QUEUE = 'usher-claims'
const FAILED_QUEUE = 'usher-claims-dead'

/** What this isolate was told. */
const seen = new SeenDrops()

/** How the issuer of a drop is made. Null when the deployment is misconfigured: then nothing is served at all. */
export function redisIssuer(env: Env): ((tools: IssuerTools) => ClaimIssuer) | null {
  const config = parseConfig(env)
  if (!config.ok) return null
  const { redis, claimResendSeconds } = config.value
  return (tools) =>
    new RedisIssuer(tools, {
      gate: createDropGate(createRedis(redis), tools.dropId),
      send: async (message) => {
        await env.CLAIMS.send(message)
      },
      resendMs: claimResendSeconds * 1_000,
    })
}

/** Claims without the drop's object, for one request after the other. */
export function directClaims(env: Env, { redis }: Pick<Config, 'redis'>, dropId: string): ClaimTaker {
  return redisClaims({
    dropId,
    gate: () => createDropGate(createRedis(redis), dropId),
    seen,
    nowMs: () => Date.now(),
    wake: () => waitUntil(wake(env, dropId)),
  })
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

async function wake(env: Env, dropId: string): Promise<void> {
  try {
    await askerOf(env, dropId)('repeat', (drop) => drop.wake(seen.of(dropId)))
  } catch (error) {
    seen.isNotWoken(dropId)
    log.warn('drop_not_woken', { dropId, ...errorFields(error) })
  }
}

function askerOf(env: Env, dropId: string): ReturnType<typeof objectCaller<DropApi>> {
  return objectCaller(() => dropOf(env, dropId))
}
