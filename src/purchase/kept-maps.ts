/**
 * The seat maps that this isolate was told last. The office is asked each time, but only whether it has another: a large
 * hall is megabytes, which need not travel for everybody who looks.
 */
import type { SeatOfficeApi } from './ports.ts'

type AskedMap = Awaited<ReturnType<SeatOfficeApi['map']>>

/** Some twenty megabytes of the largest halls. */
const EVENTS_MAX = 4

export class KeptMaps {
  readonly #maps = new Map<string, { readonly version: number; readonly seats: string }>()

  /** As SeatOfficeApi.map, through `ask`. */
  async map(
    eventId: string,
    knownVersion: number | null,
    ask: (knownVersion: number | null) => Promise<AskedMap>,
  ): Promise<AskedMap> {
    const kept = this.#maps.get(eventId)
    const asked = await ask(kept?.version ?? knownVersion)
    const seats = asked.seats ?? kept?.seats ?? null
    if (asked.seats !== null) this.#keep(eventId, asked.version, asked.seats)
    return { version: asked.version, seats: asked.version === knownVersion ? null : seats }
  }

  #keep(eventId: string, version: number, seats: string): void {
    // Whoever was told last is the last to go.
    this.#maps.delete(eventId)
    this.#maps.set(eventId, { version, seats })
    for (const oldest of this.#maps.keys()) {
      if (this.#maps.size <= EVENTS_MAX) return
      this.#maps.delete(oldest)
    }
  }
}
