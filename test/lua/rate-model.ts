/**
 * What an admission rate promises, computed the slow way from the list of all admissions: no state, no theoretical
 * arrival time. Between any two admissions that are n apart (both counted) at least (n - burst) intervals have passed.
 */
import { NOW_MS } from './pool-harness.ts'

export type RateStep = { readonly nowMs: number; readonly wanted: number; readonly allowed: number }
export type RateVector = { readonly ratePerMinute: number; readonly steps: readonly RateStep[] }

const MINUTE_MS = 60_000
const STEPS = 24
const RATES = [1, 2, 7, 30, 59, 60, 61, 119, 120, 600, 1_200]

class RateModel {
  readonly #burst: number
  /** Intervals in a minute. */
  readonly #intervals: number
  readonly #admittedAtMs: number[] = []

  constructor(ratePerMinute: number) {
    this.#burst = ratePerMinute < 8 ? 1 : Math.ceil(ratePerMinute / 60) + 1
    this.#intervals = ratePerMinute - this.#burst + 1
  }

  get intervalMs(): number {
    return MINUTE_MS / this.#intervals
  }

  /** How many of `wanted` fit at `nowMs` if time is measured wrongly by `errorMs`. */
  allowed(nowMs: number, wanted: number, errorMs = 0): number {
    const times = [...this.#admittedAtMs]
    for (let count = 0; count < wanted; count += 1) {
      const fits = times.every((atMs, i) => {
        const intervals = times.length - i + 1 - this.#burst
        return intervals <= 0 || intervals * MINUTE_MS <= (nowMs - atMs + errorMs) * this.#intervals
      })
      if (!fits) return count
      times.push(nowMs)
    }
    return wanted
  }

  /** Whether an implementation that rounds its interval to a microsecond must agree. */
  isClear(nowMs: number, wanted: number): boolean {
    if (MINUTE_MS % this.#intervals === 0) return true
    const errorMs = 0.01 + 0.001 * this.#admittedAtMs.length
    return this.allowed(nowMs, wanted, errorMs) === this.allowed(nowMs, wanted, -errorMs)
  }

  admit(nowMs: number, count: number): void {
    for (let i = 0; i < count; i += 1) this.#admittedAtMs.push(nowMs)
  }
}

/** The same vectors in every run; the last is of a clock that jumped back. */
export function rateVectors(): RateVector[] {
  return [...RATES.map((ratePerMinute) => randomVector(ratePerMinute)), clockJump()]
}

function randomVector(ratePerMinute: number): RateVector {
  const model = new RateModel(ratePerMinute)
  const random = seeded(ratePerMinute)
  const steps: RateStep[] = []
  let nowMs = NOW_MS
  while (steps.length < STEPS) {
    const gapsMs = [
      0,
      1,
      Math.ceil(model.intervalMs),
      Math.floor(model.intervalMs * 3 * random()),
      1_000,
      61_000 * random(),
    ]
    nowMs += Math.floor(gapsMs[Math.floor(random() * gapsMs.length)] ?? 0)
    const wanted = 1 + Math.floor(random() * (ratePerMinute / 12 + 2))
    const clearMs = nowMs + model.intervalMs
    while (!model.isClear(nowMs, wanted)) {
      nowMs += 1
      if (nowMs > clearMs) throw new Error('no moment at which rounding does not matter')
    }
    const allowed = model.allowed(nowMs, wanted)
    model.admit(nowMs, allowed)
    steps.push({ nowMs, wanted, allowed })
  }
  return { ratePerMinute, steps }
}

/** By hand, since the model knows no clock that goes back: it delays by a minute, not by the length of the jump. */
function clockJump(): RateVector {
  const backMs = NOW_MS - 60 * MINUTE_MS
  const steps = [
    { nowMs: NOW_MS, wanted: 2, allowed: 1 },
    { nowMs: backMs, wanted: 1, allowed: 0 },
    { nowMs: backMs + MINUTE_MS - 1, wanted: 1, allowed: 0 },
    { nowMs: backMs + MINUTE_MS, wanted: 2, allowed: 1 },
    { nowMs: backMs + MINUTE_MS + 10_000, wanted: 1, allowed: 1 },
  ]
  return { ratePerMinute: 6, steps }
}

/** A small generator of numbers in [0, 1): a linear congruence is random enough to vary the steps. */
function seeded(seed: number): () => number {
  let state = seed + 1
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296
    return state / 4_294_967_296
  }
}

/** The most admissions in any half-open window of a minute. */
export function fullestMinute(steps: readonly RateStep[]): number {
  const inWindow = (startMs: number) =>
    steps
      .filter((step) => step.nowMs >= startMs && step.nowMs < startMs + MINUTE_MS)
      .reduce((sum, step) => sum + step.allowed, 0)
  return Math.max(...steps.map((step) => inWindow(step.nowMs)))
}
