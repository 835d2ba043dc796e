/** Who wants a coupon: asks, is lost, asks again, and remembers what it was told. */
import type { Claim } from '../../../src/drops/core/records.ts'
import type { Counter } from './counter.ts'
import type { DropWorld } from './world.ts'

const TRIES_MAX = 4

export class Claimant {
  readonly userId: string
  /** That it was told, and that has to stay so. */
  code: string | null = null
  readonly #world: DropWorld
  readonly #counter: Counter

  constructor(userId: string, world: DropWorld, counter: Counter) {
    this.userId = userId
    this.#world = world
    this.#counter = counter
  }

  /** Does one thing, without waiting for what comes of it. */
  act(): void {
    if (this.#world.random.chance(0.75)) void this.claim()
    else void this.look()
  }

  /** Claims until there is an answer, or its patience is over. Answers what that was. */
  async claim(): Promise<string> {
    const before = this.code
    const outcome = await this.#persist(() => this.#counter.claim(this.userId))
    if (outcome === null) return 'nothing'
    this.#world.trace(() => `${this.userId} claims: ${JSON.stringify(outcome)}`)
    if (outcome.kind === 'claimed') this.#hear(outcome.claim)
    else this.#keeps(before, outcome.kind)
    return outcome.kind
  }

  /** Asks for the claim that it may have. */
  async look(): Promise<void> {
    const before = this.code
    const found = await this.#persist(() => this.#counter.claimOf(this.userId))
    if (found?.kind === 'found') this.#hear(found.claim)
    else if (found !== null) this.#keeps(before, 'no claim')
  }

  #hear(claim: Claim): void {
    // A store that has lost its last writes may withhold a code for a while that it had told; it never tells another.
    if (claim.state === 'pending') return
    if (this.code !== null && this.code !== claim.code)
      this.#world.violated('INV-11', `${this.userId} was told ${this.code}, and then ${claim.code}`)
    this.code = claim.code
    this.#counter.told(this.userId, claim)
  }

  /** @param before what it had been told when it asked: answers may overtake each other */
  #keeps(before: string | null, word: string): void {
    if (before !== null && !this.#counter.mayForget)
      this.#world.violated('INV-11', `${this.userId}, who was told ${before}, is told of ${word}`)
  }

  /** Null: given up. */
  async #persist<T>(ask: () => Promise<T | null>): Promise<T | null> {
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      try {
        const answer = await ask()
        if (answer !== null) return answer
      } catch {
        if (this.#world.random.chance(0.3)) return null
      }
    }
    return null
  }
}
