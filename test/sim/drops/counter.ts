/** Where claims are handed in, and where every answer is held against the truth. */
import type { Claim, ClaimFound, ClaimOutcome } from '../../../src/drops/core/records.ts'
import type { ClaimTaker } from '../../../src/drops/ports.ts'
import type { SimDrop } from './drop.ts'
import { planOf } from './truth.ts'
import type { DropWorld } from './world.ts'

export class Counter {
  /** By code, who was told that it is theirs. */
  readonly #holders = new Map<string, string>()
  readonly #world: DropWorld
  readonly #drop: SimDrop
  readonly #takers: readonly ClaimTaker[]
  readonly #taken: (() => number) | null

  /**
   * @param takers whom a request may come to
   * @param taken how many coupons somebody has, at this moment; null: nobody can say that for good
   */
  constructor(world: DropWorld, drop: SimDrop, takers: readonly ClaimTaker[], taken: (() => number) | null) {
    this.#world = world
    this.#drop = drop
    this.#takers = takers
    this.#taken = taken
  }

  /**
   * A store that fell back to an older copy of itself knows less than it told, until what it gave away since meets the
   * records. It tells nobody another code, and everybody theirs again.
   */
  get mayForget(): boolean {
    return this.#taken === null && this.#world.isFaulty
  }

  /** Null: ask again. */
  async claim(userId: string): Promise<ClaimOutcome | null> {
    const outcome = await this.#world.random.pick(this.#takers).claim(userId)
    if (outcome.kind === 'sold-out') this.#soldOut(userId, outcome.epoch)
    return outcome.kind === 'retry' ? null : outcome
  }

  /** Null: ask again. */
  async claimOf(userId: string): Promise<ClaimFound | null> {
    const found = await this.#world.random.pick(this.#takers).claimOf(userId)
    return found.kind === 'retry' ? null : found
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
    const taken = this.#taken?.() ?? Infinity
    if (plan !== null && plan.epoch === epoch && taken < plan.stock)
      this.#world.violated('INV-11', `${userId} is told sold-out, and ${plan.stock - taken} are left`)
  }
}
