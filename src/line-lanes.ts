/**
 * How much one isolate asks of one line at once. Those who join go in a lane of their own, so that a rush to the end
 * of the line holds up nobody who is in it; calls with a key (the shop's, the operator's, the watchdog's) are in none.
 */
import { CallLane } from './call-lane.ts'

/**
 * A line takes 200 to 500 joins a second: so many under way are a fraction of a second for a poll behind them. The wait
 * is what a person bears, and so many wait as are taken in that time.
 */
const JOINS = { width: 64, waiting: 2_048, waitMs: 5_000 } as const

/**
 * A poll or the opening of a stream takes well under a millisecond. When a server comes back, all of its streams are
 * opened again: ten thousand fit.
 */
const VISITS = { width: 2_048, waiting: 8_192, waitMs: 5_000 } as const

/**
 * A shard holds a join for a window and a call, so many more are under way than at a line that answers at once. What
 * is in them goes to many objects.
 */
const SHARD_JOINS = { width: 8_192, waiting: 8_192, waitMs: 5_000 } as const

export type LineLanes = { readonly joins: CallLane; readonly visits: CallLane; readonly shardJoins: CallLane }

export class LanesByLine {
  readonly #lanes = new Map<string, LineLanes>()

  /** Only lines that are being called are remembered, whatever ids strangers make up. */
  of(eventId: string): LineLanes {
    let lanes = this.#lanes.get(eventId)
    if (lanes === undefined) {
      this.#forgetIdle()
      lanes = {
        joins: new CallLane(JOINS),
        visits: new CallLane(VISITS),
        shardJoins: new CallLane(SHARD_JOINS),
      }
      this.#lanes.set(eventId, lanes)
    }
    return lanes
  }

  #forgetIdle(): void {
    for (const [eventId, { joins, visits, shardJoins }] of this.#lanes) {
      if (joins.isIdle && visits.isIdle && shardJoins.isIdle) this.#lanes.delete(eventId)
    }
  }
}
