/** How long those who were admitted lately had waited. */
import type { EpochMs } from './time.ts'

/** Neighbouring classes differ by a tenth, so a quantile is right to about 5 %. */
const GROWTH = Math.log(1.1)
const SHORTEST_SECONDS = 0.1

/** Old enough to be calm, young enough to be about now. */
const WINDOW_MS = 5 * 60 * 1_000

type Step = { readonly atMs: EpochMs; readonly counts: Map<number, number>; total: number }

/** Counts by class, not single waits: its size does not depend on how many were admitted. */
export class WaitTimes {
  #steps: Step[] = []

  /** `stepAtMs`: the start of the step of the series that the admission falls in; never earlier than the one before. */
  add(stepAtMs: EpochMs, waitMs: number): void {
    let step = this.#steps.at(-1)
    if (step === undefined || step.atMs !== stepAtMs) {
      step = { atMs: stepAtMs, counts: new Map(), total: 0 }
      this.#steps.push(step)
      this.#steps = this.#steps.filter(({ atMs }) => atMs > stepAtMs - WINDOW_MS)
    }
    const waitClass = classOf(waitMs / 1_000)
    step.counts.set(waitClass, (step.counts.get(waitClass) ?? 0) + 1)
    step.total += 1
  }

  /** The wait that this part of the window's admitted did not exceed, in seconds; null when there were none. */
  quantileSeconds(part: number, untilMs: EpochMs): number | null {
    const steps = this.#steps.filter(({ atMs }) => atMs >= untilMs - WINDOW_MS)
    const wanted = Math.ceil(part * steps.reduce((sum, { total }) => sum + total, 0))
    if (wanted === 0) return null
    const merged = new Map<number, number>()
    for (const { counts } of steps) {
      for (const [waitClass, count] of counts) merged.set(waitClass, (merged.get(waitClass) ?? 0) + count)
    }
    let seen = 0
    for (const [waitClass, count] of [...merged].toSorted(([a], [b]) => a - b)) {
      seen += count
      if (seen >= wanted) return middleOf(waitClass)
    }
    return null
  }
}

function classOf(seconds: number): number {
  return seconds <= SHORTEST_SECONDS ? 0 : Math.ceil(Math.log(seconds / SHORTEST_SECONDS) / GROWTH)
}

/** In the middle of its class, to three digits. */
function middleOf(waitClass: number): number {
  if (waitClass === 0) return 0
  return Number((SHORTEST_SECONDS * Math.exp((waitClass - 0.5) * GROWTH)).toPrecision(3))
}
