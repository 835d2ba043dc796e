/** Stops asking a store that does not answer, and tries it again with one probe at a time. */
import type { EpochMs } from './time.ts'

const FAILURES_TO_OPEN = 3
/** One tick: a line finds out within two that the store is back (INV-7), and asks it no more often than that. */
const PROBE_AFTER_MS = 1_000

export class Breaker {
  #failures = 0
  #probeAtMs = 0

  /** Whether a call may be made now. */
  allows(nowMs: EpochMs): boolean {
    return this.#failures < FAILURES_TO_OPEN || nowMs >= this.#probeAtMs
  }

  /** The last call failed. True until one succeeds: the line holds. */
  get isTroubled(): boolean {
    return this.#failures > 0
  }

  succeeded(): void {
    this.#failures = 0
  }

  failed(nowMs: EpochMs): void {
    this.#failures += 1
    this.#probeAtMs = nowMs + PROBE_AFTER_MS
  }
}
