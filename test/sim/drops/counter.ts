/** Where claims are handed in, and where every answer is held against the truth. */
import type { Claim, ClaimFound, ClaimOutcome } from '../../../src/drops/core/records.ts'
import type { DropResult } from '../../../src/drops/ports.ts'
import type { SimDrop } from './drop.ts'
import { planOf, takenOf } from './truth.ts'
import type { DropWorld } from './world.ts'

export class Counter {
  /** By code, who was told that it is theirs. */
  readonly #holders = new Map<string, string>()
  readonly #world: DropWorld
  readonly #drop: SimDrop

  constructor(world: DropWorld, drop: SimDrop) {
    this.#world = world
    this.#drop = drop
  }

  /** Null: ask again. */
  async claim(userId: string): Promise<ClaimOutcome | null> {
    const outcome = answeredOf(await this.#drop.ask(`${userId} claims`, (engine) => engine.claim(userId)))
    if (outcome?.kind === 'sold-out') this.#soldOut(userId, outcome.epoch)
    return outcome?.kind === 'retry' ? null : outcome
  }

  /** Null: ask again. */
  async claimOf(userId: string): Promise<ClaimFound | null> {
    const found = answeredOf(await this.#drop.ask(`${userId} looks`, (engine) => engine.claimOf(userId)))
    return found?.kind === 'retry' ? null : found
  }

  /** A visitor has been told so. */
  told(userId: string, claim: Extract<Claim, { state: 'issued' }>): void {
    const holder = this.#holders.get(claim.code) ?? userId
    if (holder !== userId)
      this.#world.violated('INV-11', `${claim.code} was told to ${holder} and to ${userId}`)
    this.#holders.set(claim.code, userId)
    const { opensAtMs } = planOf(this.#drop) ?? { opensAtMs: null }
    if (opensAtMs !== null && (claim.claimedAtMs < opensAtMs || this.#world.nowMs < opensAtMs))
      this.#world.violated('INV-11', `${userId} has a coupon before the drop has opened`)
  }

  /** While the epoch is the same, nothing has become free. */
  #soldOut(userId: string, epoch: number): void {
    const plan = planOf(this.#drop)
    const taken = takenOf(this.#drop)
    if (plan !== null && plan.epoch === epoch && taken < plan.stock)
      this.#world.violated('INV-11', `${userId} is told sold-out, and ${plan.stock - taken} are left`)
  }
}

/** Null: the store did not answer, or there is no drop yet. */
function answeredOf<T>(result: DropResult<T>): T | null {
  return result.ok ? result.value : null
}
