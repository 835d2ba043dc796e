/** The streams that a shard holds: their numbers, and when each is to be told its position again. */
import type { StreamView } from '../core/stream-view.ts'
import { TICK_MS, UPDATE_SECONDS_FAR } from '../core/limits.ts'
import type { EpochMs } from '../core/time.ts'
import { nextUpdateSecond } from '../core/update-rate.ts'
import type { RemoteStream } from '../ports/stream-shards.ts'

export type HeldStream = RemoteStream & {
  readonly phase: number
  /** Told again in this second of the line's clock. */
  dueSecond: number
}

export class HeldStreams {
  readonly #byUser = new Map<string, HeldStream>()

  get(userId: string): HeldStream | undefined {
    return this.#byUser.get(userId)
  }

  all(): IterableIterator<HeldStream> {
    return this.#byUser.values()
  }

  /** A stream that has just shown `view`. */
  add(stream: RemoteStream, view: StreamView, nowMs: EpochMs): HeldStream {
    const phase = Math.floor(Math.random() * UPDATE_SECONDS_FAR * 2)
    const held: HeldStream = { ...stream, phase, dueSecond: 0 }
    this.shown(held, view, nowMs)
    this.#byUser.set(stream.userId, held)
    return held
  }

  /** Takes the visitor's stream out. */
  take(userId: string): HeldStream | undefined {
    const held = this.#byUser.get(userId)
    this.#byUser.delete(userId)
    return held
  }

  clear(): void {
    this.#byUser.clear()
  }

  /** Those who are to be told at `atMs`. */
  due(atMs: EpochMs): HeldStream[] {
    const second = Math.floor(atMs / TICK_MS)
    return [...this.#byUser.values()].filter(({ dueSecond }) => dueSecond <= second)
  }

  /** Somebody inside hears at once of what matters; a position is told at the rate of its distance. */
  shown(held: HeldStream, view: StreamView, nowMs: EpochMs): void {
    const second = Math.floor(nowMs / TICK_MS)
    held.dueSecond =
      view.kind === 'waiting'
        ? nextUpdateSecond(second, view.position, held.phase)
        : second + UPDATE_SECONDS_FAR
  }

  /** After a change for all: whoever is told late otherwise is told in the next second. */
  allDue(): void {
    for (const held of this.#byUser.values()) held.dueSecond = 0
  }
}
