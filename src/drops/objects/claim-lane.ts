/**
 * Takes claims of one drop of the strategy `redis-queue` to Redis, many in one call, for the isolates of one data centre
 * that drew its number. It has no storage and decides nothing; see ClaimGroups.
 */
import { DurableObject } from 'cloudflare:workers'
import type { ClaimLaneApi, ClaimTaker, LaneAnswer } from '../ports.ts'
import { laneClaims } from '../redis/redis-queue.ts'
import { dropIdOfLane } from './objects.ts'

export class ClaimLane extends DurableObject<Env> implements ClaimLaneApi {
  readonly #claims: ClaimLaneApi

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    this.#claims = laneClaims(env, dropIdOfLane(ctx.id.name ?? ''), (work) => ctx.waitUntil(work))
  }

  claim(userId: string): Promise<LaneAnswer> {
    return this.#claims.claim(userId)
  }

  claimOf(userId: string): ReturnType<ClaimTaker['claimOf']> {
    return this.#claims.claimOf(userId)
  }
}
