/**
 * Tells the line which seats have changed, at most once a second. Best effort: what is lost shows in the versions of the
 * next news, and nothing that is decided here depends on it.
 */
import { SEATS_TOLD_MAX, type SeatsNews } from '../../core/seats-feed.ts'
import type { EpochMs } from '../../core/time.ts'
import { errorFields, log } from '../../observability/log.ts'
import type { SeatView } from '../core/seat-map.ts'
import type { SeatsChanged } from './office-host.ts'

const TELL_EVERY_MS = 1_000

type Untold = Omit<SeatsChanged, 'seats'> & { readonly seats: Map<string, SeatView['state']> | null }

export type SeatNewsTools = {
  readonly eventId: string
  readonly nowMs: () => EpochMs
  readonly wait: (ms: number) => Promise<void>
  readonly tell: (news: SeatsNews) => Promise<void>
}

export class SeatNews {
  readonly #tools: SeatNewsTools
  #untold: Untold | null = null
  #toldAtMs: EpochMs = 0
  #isTelling = false

  constructor(tools: SeatNewsTools) {
    this.#tools = tools
  }

  /** Resolves when all that is known now has been told. */
  async changed(change: SeatsChanged): Promise<void> {
    this.#untold = together(this.#untold, change)
    if (this.#isTelling) return
    this.#isTelling = true
    while (this.#untold !== null) {
      const pauseMs = this.#toldAtMs + TELL_EVERY_MS - this.#tools.nowMs()
      if (pauseMs > 0) await this.#tools.wait(pauseMs)
      await this.#tell()
    }
    this.#isTelling = false
  }

  async #tell(): Promise<void> {
    const told = this.#untold
    this.#untold = null
    this.#toldAtMs = this.#tools.nowMs()
    if (told === null) return
    try {
      await this.#tools.tell(newsOf(told))
    } catch (error) {
      log.warn('seats_untold', { eventId: this.#tools.eventId, ...errorFields(error) })
    }
  }
}

/** The seats of all changes are gathered in one map: in a rush there are hundreds in a second. */
function together(before: Untold | null, { version, previousVersion, seats }: SeatsChanged): Untold {
  if (before === null) return { version, previousVersion, seats: seats === null ? null : new Map(seats) }
  const isTold = before.seats !== null && seats !== null
  if (isTold) for (const [seatId, state] of seats) before.seats.set(seatId, state)
  return { ...before, version, seats: isTold ? before.seats : null }
}

/** Too many to tell one by one: nothing is told but that there is a new map. */
function newsOf({ version, previousVersion, seats }: Untold): SeatsNews {
  if (seats === null || seats.size > SEATS_TOLD_MAX) return { version, previousVersion: version, seats: [] }
  return { version, previousVersion, seats: Array.from(seats, ([seatId, state]) => ({ seatId, state })) }
}
