/** What one lane, or one object, was told of a drop in Redis, and when it said so to the drop's object. */
import type { EpochMs } from '../../core/time.ts'
import type { Seen } from '../core/records.ts'

/** Less than the object waits before it drains: what was claimed before is then in its next drain. */
const WAKE_EVERY_MS = 500

export class SeenDrop {
  #seen: Seen = { generation: 0, claimed: 0 }
  #wokenAtMs: EpochMs = -Infinity
  #owesWake = false

  get seen(): Seen {
    return this.#seen
  }

  /** The object was not reached: whoever comes next tells it, whatever they come for. */
  get owesWake(): boolean {
    return this.#owesWake
  }

  /** Answers come in any order; the largest counts. */
  told({ generation, claimed }: Seen): void {
    const before = this.#seen
    const isLater =
      generation > before.generation || (generation === before.generation && claimed > before.claimed)
    if (isLater) this.#seen = { generation, claimed }
  }

  /** Whether it is time to wake the drop's object; it then counts as woken. */
  wakes(nowMs: EpochMs): boolean {
    if (nowMs - this.#wokenAtMs < WAKE_EVERY_MS) return false
    this.#wokenAtMs = nowMs
    this.#owesWake = false
    return true
  }

  /** The call did not arrive. */
  isNotWoken(): void {
    this.#wokenAtMs = -Infinity
    this.#owesWake = true
  }
}
