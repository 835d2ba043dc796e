/**
 * What a line says of itself when it calls the gate: the generation that it knows, and the version that the call is to
 * make (docs/adr/0016-versions-are-asked-for.md).
 */
import type { LineState } from '../core/line-state.ts'
import type { PoolKeyText } from '../core/records.ts'
import type { EpochMs } from '../core/time.ts'
import type { PoolChange, PoolView } from '../ports/pool-gate.ts'

/**
 * Between two versions that are asked for. A call that the store runs late makes one more than it finds, which must not be
 * the very number of a call that overtook it and whose writes the store has lost. In milliseconds it is exact until 2255.
 */
const STRIDE = 1_000

export class PoolCalls {
  readonly #asked = new Map<PoolKeyText, number>()

  /**
   * A version larger than every one that this line has been told or has asked for. The clock keeps it above those of
   * the line's earlier lives, of which nobody knows what they asked for last.
   */
  nextVersion(pool: PoolKeyText, told: PoolView, nowMs: EpochMs): number {
    const least = Math.max(told.version + 1, (this.#asked.get(pool) ?? 0) + 1, nowMs * STRIDE)
    const next = Math.ceil(least / STRIDE) * STRIDE
    this.#asked.set(pool, next)
    return next
  }

  turn(line: LineState, nowMs: EpochMs): TurnOfCalls {
    return new TurnOfCalls(line, (pool, told) => this.nextVersion(pool, told, nowMs))
  }
}

/**
 * The calls of one turn. Each changes the pool, so each expects the version that the one before it makes: a store that
 * loses one of them between two is found out by the next, not only by the next turn.
 */
export class TurnOfCalls {
  readonly #line: LineState
  readonly #nextVersion: (pool: PoolKeyText, told: PoolView) => number
  readonly #views = new Map<PoolKeyText, PoolView>()

  constructor(line: LineState, nextVersion: (pool: PoolKeyText, told: PoolView) => number) {
    this.#line = line
    this.#nextVersion = nextVersion
  }

  next(pool: PoolKeyText): PoolChange {
    const { epoch, version } = this.#views.get(pool) ??
      this.#line.poolViews.get(pool) ?? { epoch: 0, version: 0 }
    const view = { epoch, version }
    const nextVersion = this.#nextVersion(pool, view)
    this.#views.set(pool, { epoch, version: nextVersion })
    return { pool, eventId: this.#line.event.eventId, view, nextVersion }
  }
}
