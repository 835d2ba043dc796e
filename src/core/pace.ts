/** How fast the line moves, measured, and what that means for somebody's wait. */
import type { EtaSeconds, PacePerMinute } from './views.ts'
import type { EpochMs } from './time.ts'

const WINDOW_SECONDS = 120
/** One-sided 90 % of a normal distribution: the width of the range. */
const SPREAD = 1.3

/**
 * Admissions of the last two minutes, by the second. The range is as wide as the evidence is thin: few admissions,
 * or most of them in one burst (the room filling up at the start), give a wide one.
 */
export class Pace {
  readonly #seconds = new Map<number, number>()
  #sinceSecond: number | null = null

  record(atMs: EpochMs, admitted: number): void {
    if (admitted === 0) return
    const second = Math.floor(atMs / 1_000)
    this.#sinceSecond = Math.min(this.#sinceSecond ?? second, second)
    this.#seconds.set(second, (this.#seconds.get(second) ?? 0) + admitted)
    if (this.#seconds.size > WINDOW_SECONDS * 2) this.#forgetBefore(second - WINDOW_SECONDS)
  }

  /** Null while nothing was admitted in the window: no evidence, no promise. */
  etaSeconds(position: number, nowMs: EpochMs): EtaSeconds | null {
    const range = this.#perSecond(nowMs)
    if (range === null) return null
    return { low: Math.floor(position / range.fastest), high: Math.ceil(position / range.slowest) }
  }

  /** Admissions a minute, in three digits. Null as above. */
  perMinute(nowMs: EpochMs): PacePerMinute | null {
    const range = this.#perSecond(nowMs)
    if (range === null) return null
    const rounded = (perSecond: number): number => Number((perSecond * 60).toPrecision(3))
    return { low: rounded(range.slowest), high: rounded(range.fastest) }
  }

  #perSecond(nowMs: EpochMs): { slowest: number; fastest: number } | null {
    const nowSecond = Math.floor(nowMs / 1_000)
    if (this.#sinceSecond === null) return null
    const spanSeconds = Math.min(WINDOW_SECONDS, Math.max(1, nowSecond - this.#sinceSecond + 1))
    const { total, burst } = this.#count(nowSecond - spanSeconds)
    if (total === 0) return null
    const fastest = (total + SPREAD * Math.sqrt(total)) / spanSeconds
    const steady = total - burst
    const slowest = Math.max(steady - SPREAD * Math.sqrt(steady), total / 10) / spanSeconds
    return { slowest, fastest }
  }

  #count(afterSecond: number): { total: number; burst: number } {
    let total = 0
    let burst = 0
    for (const [second, admitted] of this.#seconds) {
      if (second <= afterSecond) continue
      total += admitted
      burst = Math.max(burst, admitted)
    }
    return { total, burst }
  }

  #forgetBefore(second: number): void {
    for (const key of this.#seconds.keys()) if (key < second) this.#seconds.delete(key)
  }
}
