/**
 * A grant of a shared pool counts when the gate still has it a moment later.
 *
 * A store that acknowledges before it replicates can fail over and lose a grant. Of its own pool a line finds that out
 * with its next call, before anybody else could be given the slot. Of a shared pool another line could be given it
 * first. So nobody is admitted on a grant that a replica may not have yet: the batch is asked again under its id, and
 * a gate that has lost it answers `lost` (docs/adr/0015-confirm-shared-grants.md).
 *
 * The moment is measured by a timer: clocks jump.
 */
import { CONFIRM_AFTER_MS } from '../core/limits.ts'
import type { BatchRecord } from '../core/records.ts'

export class GrantConfirmation {
  readonly #wait: (ms: number) => Promise<void>
  readonly #aged: () => void
  #grant: { readonly batchId: string; isYoung: boolean } | null = null

  /** @param aged called when the gate may be asked again */
  constructor(wait: (ms: number) => Promise<void>, aged: () => void) {
    this.#wait = wait
    this.#aged = aged
  }

  /** True while it is too early to ask for this batch again. */
  isYoung({ batchId }: BatchRecord): boolean {
    return this.#grant?.batchId === batchId && this.#grant.isYoung
  }

  /**
   * The gate has granted `count` of the batch.
   *
   * @returns whether they may be admitted; otherwise the gate is to be asked again
   */
  granted({ batchId, pool }: BatchRecord, count: number): boolean {
    const isConfirmed = count === 0 || pool.startsWith('e:') || this.#grant?.batchId === batchId
    this.#grant = isConfirmed ? null : { batchId, isYoung: true }
    if (this.#grant !== null) void this.#age(this.#grant)
    return isConfirmed
  }

  /** The gate has lost what it granted. */
  forget(): void {
    this.#grant = null
  }

  async #age(grant: { isYoung: boolean }): Promise<void> {
    await this.#wait(CONFIRM_AFTER_MS)
    grant.isYoung = false
    this.#aged()
  }
}
