/** What the office has to do at which time, kept up by the changes that are written. */
import type { EpochMs } from '../../core/time.ts'
import { Deadlines } from './deadlines.ts'
import { OPERATION_KEPT_MS } from './limits.ts'
import { ERRAND_KINDS, type Change, type Errand, type ErrandKey, type ErrandKind } from './records.ts'

/** A hold, for as long as nobody pays for it. */
export type Hold = { readonly reservationId: string; readonly holdEndsAtMs: EpochMs }

export class Agenda {
  readonly #holds = new Deadlines<Hold>()
  readonly #errands = new Deadlines<Errand>()

  /** Of the answers that are kept; null: none is. */
  #oldestOperationAtMs: EpochMs | null

  constructor(holds: Iterable<Hold>, errands: Iterable<Errand>, oldestOperationAtMs: EpochMs | null) {
    this.#oldestOperationAtMs = oldestOperationAtMs
    for (const hold of holds) this.#holds.set(hold.reservationId, hold.holdEndsAtMs, hold)
    for (const errand of errands) this.#errands.set(keyOf(errand), errand.dueAtMs, errand)
  }

  apply(change: Change): void {
    if (change.kind === 'reservation_saved') {
      const { reservationId, holdEndsAtMs, state } = change.reservation
      if (state === 'held') this.#holds.set(reservationId, holdEndsAtMs, { reservationId, holdEndsAtMs })
      else this.#holds.delete(reservationId)
    }
    if (change.kind === 'errand_saved')
      this.#errands.set(keyOf(change.errand), change.errand.dueAtMs, change.errand)
    if (change.kind === 'errand_done') this.#errands.delete(keyOf(change.errand))
    if (change.kind === 'operation_kept') this.#oldestOperationAtMs ??= change.operation.atMs
  }

  /** Answers that nobody may ask for any more were deleted. */
  forgotten(oldestOperationAtMs: EpochMs | null): void {
    this.#oldestOperationAtMs = oldestOperationAtMs
  }

  /** Whether it is owed still. */
  errand(key: ErrandKey): Errand | undefined {
    return this.#errands.get(keyOf(key))
  }

  /** How many errands are owed, of each kind. */
  owed(): Record<ErrandKind, number> {
    const counts = Object.fromEntries(ERRAND_KINDS.map((kind) => [kind, 0])) as Record<ErrandKind, number>
    for (const { kind } of this.#errands.all()) counts[kind] += 1
    return counts
  }

  holdsOver(nowMs: EpochMs, max: number): Hold[] {
    return this.#holds.due(nowMs, max)
  }

  errandsDue(nowMs: EpochMs, max: number): Errand[] {
    return this.#errands.due(nowMs, max)
  }

  /** Null: the office may sleep. */
  nextAtMs(): EpochMs | null {
    const oldest = this.#oldestOperationAtMs
    const times = [
      this.#holds.nextAtMs(),
      this.#errands.nextAtMs(),
      oldest === null ? null : oldest + OPERATION_KEPT_MS,
    ].filter((atMs) => atMs !== null)
    return times.length === 0 ? null : Math.min(...times)
  }
}

function keyOf({ kind, subject }: ErrandKey): string {
  return `${kind}:${subject}`
}
