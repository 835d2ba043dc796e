/** The axes of a chart: where round numbers and round times are. */

export type Scale = { readonly from: number; readonly to: number; readonly size: number }

/** @returns how many pixels from the start of the axis a value is. */
export function along({ from, to, size }: Scale, value: number): number {
  return to === from ? 0 : ((value - from) / (to - from)) * size
}

const ROUND = [1, 2, 5, 10] as const

/**
 * @param most the largest value shown.
 * @param steps about how many lines the axis should have.
 * @param least the smallest step that means something: 1 for counts of people.
 * @returns 0 and the multiples of a round number up to the first that is not below `most`; at least one step.
 */
export function roundTicks(most: number, steps: number, least: number): number[] {
  const rough = Math.max(most / steps, least)
  const power = 10 ** Math.floor(Math.log10(rough) + 1e-9)
  const step = (ROUND.find((factor) => factor * power >= rough - 1e-9) ?? 10) * power
  const count = Math.max(1, Math.ceil(most / step - 1e-9))
  // Multiplied rather than summed up, and rounded: 3 * 0.1 should read 0.3.
  return Array.from({ length: count + 1 }, (_, index) => Number((index * step).toPrecision(12)))
}

const ROUND_SECONDS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 43_200,
] as const

/** The like for durations, whose round numbers are those of a clock. @param mostSeconds the largest value shown. */
export function durationTicks(mostSeconds: number, steps: number): number[] {
  const step = ROUND_SECONDS.find((seconds) => seconds * steps >= mostSeconds) ?? 86_400
  const count = Math.max(1, Math.ceil(mostSeconds / step))
  return Array.from({ length: count + 1 }, (_, index) => index * step)
}

const MINUTE_MS = 60_000
const TIME_STEPS_MINUTES = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360] as const

/**
 * @param offsetMinutes the zone's distance from UTC, so that hours fall on the operator's full hours.
 * @returns the round times within [fromMs, toMs], at most `most` of them.
 */
export function timeTicks(fromMs: number, toMs: number, most: number, offsetMinutes: number): number[] {
  const stepMinutes =
    TIME_STEPS_MINUTES.find((minutes) => (toMs - fromMs) / (minutes * MINUTE_MS) <= most) ?? 1_440
  const stepMs = stepMinutes * MINUTE_MS
  const offsetMs = offsetMinutes * MINUTE_MS
  const first = Math.ceil((fromMs + offsetMs) / stepMs) * stepMs - offsetMs
  const ticks: number[] = []
  for (let atMs = first; atMs <= toMs; atMs += stepMs) ticks.push(atMs)
  return ticks
}
