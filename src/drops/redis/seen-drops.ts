/** What one isolate, or one object, was told of drops in Redis, and when it said so to their objects. */
import type { EpochMs } from '../../core/time.ts'
import type { Seen } from '../core/records.ts'

/** Less than the object waits before it drains: what was claimed before is then in its next drain. */
const WAKE_EVERY_MS = 500
/** Some tens of bytes each. Whoever is forgotten is only asked again. */
const DROPS_MAX = 1_000

const NOTHING: Seen = { generation: 0, claimed: 0 }

type Memo = {
  readonly seen: Seen
  readonly wokenAtMs: EpochMs
  /** The object was not reached: whoever comes next tells it, whatever they come for. */
  readonly owesWake: boolean
}

export class SeenDrops {
  readonly #memos = new Map<string, Memo>()

  of(dropId: string): Seen {
    return this.#memos.get(dropId)?.seen ?? NOTHING
  }

  /** Answers come in any order; the largest counts. */
  told(dropId: string, seen: Seen): void {
    const memo = this.#memo(dropId)
    const before = memo.seen
    const isLater =
      seen.generation > before.generation ||
      (seen.generation === before.generation && seen.claimed > before.claimed)
    if (isLater) this.#keep(dropId, { ...memo, seen })
  }

  /** Whether it is time to wake the drop's object; it then counts as woken. */
  wakes(dropId: string, nowMs: EpochMs): boolean {
    const memo = this.#memo(dropId)
    if (nowMs - memo.wokenAtMs < WAKE_EVERY_MS) return false
    this.#keep(dropId, { ...memo, wokenAtMs: nowMs, owesWake: false })
    return true
  }

  /** The call did not arrive. */
  isNotWoken(dropId: string): void {
    this.#keep(dropId, { ...this.#memo(dropId), wokenAtMs: -Infinity, owesWake: true })
  }

  owesWake(dropId: string): boolean {
    return this.#memo(dropId).owesWake
  }

  #memo(dropId: string): Memo {
    return this.#memos.get(dropId) ?? { seen: NOTHING, wokenAtMs: -Infinity, owesWake: false }
  }

  #keep(dropId: string, memo: Memo): void {
    // Whoever was asked last is the last to go.
    this.#memos.delete(dropId)
    this.#memos.set(dropId, memo)
    for (const oldest of this.#memos.keys()) {
      if (this.#memos.size <= DROPS_MAX) return
      this.#memos.delete(oldest)
    }
  }
}
