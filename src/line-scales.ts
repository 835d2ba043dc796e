/**
 * What one isolate has heard of how events are spread over shards. A line says so with its answers; an isolate that has
 * heard nothing asks the line, which is right at any time.
 */
import { UNSCALED, type LineScale } from './core/scale.ts'
import type { EpochMs } from './core/time.ts'

/** Short, so that a change reaches every isolate soon; an event that needs shards is heard of many times a second. */
const FORGOTTEN_AFTER_MS = 10_000

type Heard = { readonly scale: LineScale; readonly atMs: EpochMs }

export class LineScales {
  readonly #heard = new Map<string, Heard>()

  of(eventId: string, nowMs: EpochMs): LineScale {
    const heard = this.#heard.get(eventId)
    if (heard === undefined) return UNSCALED
    // A clock that went back makes what was heard old as well.
    if (Math.abs(nowMs - heard.atMs) < FORGOTTEN_AFTER_MS) return heard.scale
    this.#heard.delete(eventId)
    return UNSCALED
  }

  /** An answer of the line, or of one of its shards, has said so. Undefined: the event is not spread. */
  heard(eventId: string, scale: LineScale | undefined, nowMs: EpochMs): void {
    if (scale === undefined) this.#heard.delete(eventId)
    else this.#heard.set(eventId, { scale, atMs: nowMs })
  }
}
