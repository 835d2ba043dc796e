/** How long a line keeps what is over. Places and admissions that ended long ago are deleted, a portion at a time. */
import type { EpochMs } from '../core/time.ts'
import type { LineRows } from '../ports/line-host.ts'

/** Rows in one portion: some ten milliseconds of the object, so that no visitor notices. */
const PORTION_ROWS_MAX = 1_000
/** After a full portion there may be more: 60,000 rows a minute are more than any line gains. */
const NEXT_PORTION_MS = 1_000
/** Otherwise rows that ended one after the other go together. */
const NEXT_LOOK_MS = 60_000

export class Retention {
  readonly #rows: Pick<LineRows, 'forget' | 'oldestEndedMs'>
  readonly #retentionMs: number | null
  #hasLooked = false
  #dueAtMs: EpochMs | null = null

  /** @param retentionMs null keeps everything */
  constructor(rows: Pick<LineRows, 'forget' | 'oldestEndedMs'>, retentionMs: number | null) {
    this.#rows = rows
    this.#retentionMs = retentionMs
  }

  /** When the object has to wake for it, never in the past. Null: nothing is left to delete, as far as is known. */
  wakeMs(nowMs: EpochMs): EpochMs | null {
    if (this.#dueAtMs === null) return null
    return this.#dueAtMs > nowMs ? this.#dueAtMs : nowMs + NEXT_PORTION_MS
  }

  /** Something is over: where nothing else was, it is the oldest. */
  ended(nowMs: EpochMs): void {
    if (this.#retentionMs === null || !this.#hasLooked || this.#dueAtMs !== null) return
    this.#dueAtMs = nowMs + Math.max(this.#retentionMs + 1, NEXT_LOOK_MS)
  }

  /** Deletes a portion when it is time, or when nobody has looked since the object woke. */
  tick(nowMs: EpochMs): void {
    if (!this.#hasLooked || (this.#dueAtMs !== null && nowMs >= this.#dueAtMs)) this.#look(nowMs)
  }

  /** Deletes a portion of what is due, and finds out when to do it again. */
  #look(nowMs: EpochMs): void {
    if (this.#retentionMs === null) return
    this.#hasLooked = true
    const endedBeforeMs = nowMs - this.#retentionMs
    // Most looks find nothing to delete: an index says so without a transaction.
    let oldestMs = this.#rows.oldestEndedMs()
    let isFull = false
    if (oldestMs !== null && oldestMs < endedBeforeMs) {
      isFull = this.#rows.forget(endedBeforeMs, PORTION_ROWS_MAX) >= PORTION_ROWS_MAX
      oldestMs = this.#rows.oldestEndedMs()
    }
    if (oldestMs === null) this.#dueAtMs = null
    else if (isFull) this.#dueAtMs = nowMs + NEXT_PORTION_MS
    // One millisecond later, since only what ended longer ago goes.
    else this.#dueAtMs = Math.max(oldestMs + this.#retentionMs + 1, nowMs + NEXT_LOOK_MS)
  }
}
