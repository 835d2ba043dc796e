/** Whether anybody was overtaken (INV-2), by what visitors saw of their streams and the ledgers' times. Makes no calls. */
import { inversionsAmong, type Turn } from '../../src/cli/load/fairness.ts'
import type { Violations } from './violations.ts'

/**
 * A batch is chosen before Redis is asked, and is asked again until Redis answers. Who came back since then may see it
 * go ahead; so only those count whose stream was open before any fault of a run can have begun to hold a batch up.
 */
const BATCH_HELD_MS_MAX = 9_000

export class TurnWatch {
  readonly #report: Violations['report']
  readonly #turns = new Map<string, Turn[]>()

  constructor(report: Violations['report']) {
    this.#report = report
  }

  /** A place that has ended. Of `present` only what is beyond doubt is kept. */
  add(eventId: string, turn: Turn): void {
    const present = turn.present
      .map(({ fromMs, toMs }) => ({ fromMs: fromMs + BATCH_HELD_MS_MAX, toMs }))
      .filter(({ fromMs, toMs }) => fromMs < toMs)
    this.#turns.set(eventId, [...(this.#turns.get(eventId) ?? []), { ...turn, present }])
  }

  /** In how many places somebody stood long enough for an overtaking to show. */
  get watched(): number {
    return [...this.#turns.values()].flat().filter(({ present }) => present.length > 0).length
  }

  /** At the end: all pairs are judged. */
  finish(): void {
    for (const [eventId, turns] of this.#turns) {
      for (const { overtaken, by } of inversionsAmong(turns, 0))
        this.#report('overtaken', `${eventId}: #${overtaken}, present, was passed by #${by}`)
    }
  }
}
