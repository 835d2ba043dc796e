/** A lane of claims as its object hosts it, over a network: it may go away at any time, and with it what it was told. */
import { ClaimGroups } from '../../../src/drops/redis/claim-groups.ts'
import { RedisClaims } from '../../../src/drops/redis/redis-claims.ts'
import { SeenDrop } from '../../../src/drops/redis/seen-drop.ts'
import type { ClaimTaker } from '../../../src/drops/ports.ts'
import type { Result } from '../../../src/core/result.ts'
import type { ClaimFound, ClaimOutcome } from '../../../src/drops/core/records.ts'
import { DROP_ID, type SimDrop } from './drop.ts'
import type { SimRedis } from './redis.ts'
import type { DropWorld } from './world.ts'

type Life = { readonly claims: RedisClaims; readonly groups: ClaimGroups }

export class SimLane implements ClaimTaker {
  readonly #world: DropWorld
  readonly #drop: SimDrop
  readonly #redis: SimRedis
  #life: Life

  constructor(world: DropWorld, drop: SimDrop, redis: SimRedis) {
    this.#world = world
    this.#drop = drop
    this.#redis = redis
    this.#life = this.#begin()
  }

  /** What it has asked of Redis may happen all the same; nobody hears of it. */
  crash(): void {
    this.#life = this.#begin()
  }

  async claim(userId: string): Promise<ClaimOutcome> {
    return answered(await this.#ask(`${userId} claims`, ({ groups }) => groups.claim(userId)))
  }

  claimOf(userId: string): Promise<ClaimFound> {
    return this.#ask(`${userId} looks`, ({ claims }) => claims.claimOf(userId))
  }

  #ask<T>(name: string, work: (life: Life) => Promise<T>): Promise<T> {
    return this.#world.call(`a lane: ${name}`, async () => {
      const life = this.#life
      const answer = await work(life)
      if (life !== this.#life) throw new Error('the lane went away')
      return answer
    })
  }

  #begin(): Life {
    const seen = new SeenDrop()
    const nowMs = (): number => this.#world.nowMs
    const claims = new RedisClaims({
      dropId: DROP_ID,
      gate: this.#redis.gate(),
      seen,
      nowMs,
      wake: () => {
        if (this.#life.claims === claims) this.#wake(seen)
      },
    })
    return { claims, groups: new ClaimGroups({ claim: (userIds) => claims.claim(userIds), nowMs }) }
  }

  #wake(seen: SeenDrop): void {
    const told = this.#drop.ask('a lane wakes it', (engine) => engine.wake(seen.seen))
    void told.catch(() => seen.isNotWoken())
  }
}

/** @throws Error where a client would be told to come again. */
export function answered<T>(result: Result<T, { readonly reason: string }>): T {
  if (result.ok) return result.value
  throw new Error(result.error.reason)
}
