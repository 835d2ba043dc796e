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
  /** When the oldest that is known is to go. Null: nothing is left, as far as is known. */
  #oldestDueMs: EpochMs | null = null
  /** When the object wakes for it: later, so that rows that ended one after the other go together. */
  #wakeAtMs: EpochMs | null = null

  /** @param retentionMs null keeps everything */
  constructor(rows: Pick<LineRows, 'forget' | 'oldestEndedMs'>, retentionMs: number | null) {
    this.#rows = rows
    this.#retentionMs = retentionMs
  }

  /** When the object has to wake for it, never in the past. Null: nothing is left to delete, as far as is known. */
  wakeMs(nowMs: EpochMs): EpochMs | null {
    if (this.#wakeAtMs === null) return null
    return this.#wakeAtMs > nowMs ? this.#wakeAtMs : nowMs + NEXT_PORTION_MS
  }

  /** Something is over: where nothing else was, it is the oldest. */
  ended(nowMs: EpochMs): void {
    if (this.#retentionMs === null || !this.#hasLooked || this.#oldestDueMs !== null) return
    this.#expect(nowMs + this.#retentionMs + 1, nowMs)
  }

  /** Deletes a portion when the object has woken for it, or when nobody has looked since it was loaded. */
  tick(nowMs: EpochMs): void {
    if (!this.#hasLooked || isDue(this.#wakeAtMs, nowMs)) this.#look(nowMs)
  }

  /** Deletes a portion of what is due: the object is awake anyway. */
  watch(nowMs: EpochMs): void {
    if (!this.#hasLooked || isDue(this.#oldestDueMs, nowMs)) this.#look(nowMs)
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
    if (oldestMs === null) {
      this.#oldestDueMs = null
      this.#wakeAtMs = null
      return
    }
    // One millisecond later, since only what ended longer ago goes.
    this.#expect(oldestMs + this.#retentionMs + 1, nowMs)
    if (isFull) this.#wakeAtMs = nowMs + NEXT_PORTION_MS
  }

  #expect(oldestDueMs: EpochMs, nowMs: EpochMs): void {
    this.#oldestDueMs = oldestDueMs
    this.#wakeAtMs = Math.max(oldestDueMs, nowMs + NEXT_LOOK_MS)
  }
}

function isDue(atMs: EpochMs | null, nowMs: EpochMs): boolean {
  return atMs !== null && nowMs >= atMs
}
