/**
 * Who asks all offices how their sales stand. Asking wakes an object, and an event may sell no seats at all: those that
 * said so are left in peace for a while.
 */
import { mapBounded, withTimeout } from '../bounded.ts'
import type { EpochMs } from '../core/time.ts'
import { FAN_OUT_WIDTH } from '../http/gateway-deps.ts'
import { errorFields, type Log } from '../observability/log.ts'
import type { SaleFigures } from './ports.ts'

/** Ten seconds of an object that has nothing to say, every five minutes. */
const SEATLESS_MS = 5 * 60 * 1_000
/** A request may make a thousand calls of objects, and the lines are asked by the same one. */
const OFFICES_MAX = 300
const OFFICE_TIMEOUT_MS = 3_000

export class SaleRounds {
  /** Events that sell no seats, and when they said so. */
  readonly #seatless = new Map<string, EpochMs>()

  /** How the sales of these events stand; who does not answer in time is left out. Never rejects. */
  async figures(
    eventIds: readonly string[],
    ask: (eventId: string) => Promise<SaleFigures>,
    { nowMs, log }: { readonly nowMs: EpochMs; readonly log: Log },
  ): Promise<SaleFigures[]> {
    this.#forget(new Set(eventIds), nowMs)
    const asked = eventIds.filter((eventId) => !this.#seatless.has(eventId))
    const unasked = asked.splice(OFFICES_MAX).length
    if (unasked > 0) log.warn('sales_unasked', { unasked })
    const figures = await mapBounded(asked, FAN_OUT_WIDTH, async (eventId) => {
      try {
        const found = await withTimeout(ask(eventId), OFFICE_TIMEOUT_MS)
        if (sellsSeats(found)) return [found]
        this.#seatless.set(eventId, nowMs)
      } catch (error) {
        log.warn('metrics_missing', { eventId, ...errorFields(error) })
      }
      return []
    })
    return figures.flat()
  }

  /** Seats have been planned: this event may sell some from now on. */
  planned(eventId: string): void {
    this.#seatless.delete(eventId)
  }

  #forget(active: ReadonlySet<string>, nowMs: EpochMs): void {
    for (const [eventId, saidAtMs] of this.#seatless) {
      if (!active.has(eventId) || nowMs - saidAtMs >= SEATLESS_MS) this.#seatless.delete(eventId)
    }
  }
}

function sellsSeats({ seats }: SaleFigures): boolean {
  return seats.free + seats.held + seats.sold > 0
}
