/** The records as a database keeps them: a primary key, codes that are unique, and a generation below which nothing is taken. */
import { outcomesOf } from '../../../src/drops/records/outcomes.ts'
import type { ClaimRecord, RecordOutcome } from '../../../src/drops/core/records.ts'
import type { ClaimRecords } from '../../../src/drops/ports.ts'
import type { DropWorld } from './world.ts'

export class SimRecords implements ClaimRecords {
  /** By visitor. */
  readonly rows = new Map<string, ClaimRecord>()
  /** Visitors whose record makes the statement fail, and everything in it. */
  readonly #poison = new Set<string>()
  readonly wasPoison = new Set<string>()
  generation = 0
  readonly #world: DropWorld

  constructor(world: DropWorld) {
    this.#world = world
  }

  spoil(userId: string): void {
    this.#poison.add(userId)
    this.wasPoison.add(userId)
  }

  mend(): void {
    this.#poison.clear()
  }

  raise(_dropId: string, generation: number): Promise<number> {
    return this.#call('the generation', () => {
      this.generation = Math.max(this.generation, generation)
      return this.generation
    })
  }

  insert(
    _dropId: string,
    generation: number,
    claims: readonly ClaimRecord[],
  ): Promise<readonly RecordOutcome[]> {
    return this.#call(`${claims.length} records`, () => {
      if (claims.some(({ userId }) => this.#poison.has(userId))) throw new Error('a value is out of range')
      const isCurrent = generation >= this.generation
      const codes = new Set(Array.from(this.rows.values(), ({ code }) => code))
      for (const claim of isCurrent ? claims : []) {
        if (this.rows.has(claim.userId) || codes.has(claim.code)) continue
        this.rows.set(claim.userId, claim)
        codes.add(claim.code)
      }
      const found = new Map(Array.from(this.rows.values(), ({ userId, code }) => [userId, code]))
      return outcomesOf(claims, found, isCurrent)
    })
  }

  claimOf(_dropId: string, userId: string): Promise<ClaimRecord | null> {
    return this.#call(`the record of ${userId}`, () => this.rows.get(userId) ?? null)
  }

  page(_dropId: string, afterUserId: string, limit: number): Promise<readonly ClaimRecord[]> {
    return this.#call('a page of records', () =>
      [...this.rows.values()]
        .filter(({ userId }) => userId > afterUserId)
        .toSorted((a, b) => (a.userId < b.userId ? -1 : 1))
        .slice(0, limit),
    )
  }

  count(): Promise<number> {
    return this.#call('the number of records', () => this.rows.size)
  }

  ping(): Promise<void> {
    return this.#call('a ping', () => {})
  }

  #call<T>(name: string, work: () => T): Promise<T> {
    return this.#world.call(name, async () => work())
  }
}
