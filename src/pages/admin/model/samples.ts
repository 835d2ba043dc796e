/** What the charts draw, from the samples of an event. */
import type { Sample, Series } from './answers.ts'
import type { Point } from './chart-path.ts'

/** Everything at one moment: the end of a step. Rates are per second within it. */
export type Moment = {
  readonly atMs: number
  readonly waiting: number
  readonly inside: number
  readonly capacity: number
  readonly streams: number
  readonly admittedPerSecond: number
  readonly noShows: number
  readonly errors: number
  readonly waitSecondsP50: number | null
  readonly waitSecondsP95: number | null
}

/** How far back the waits of a sample look: after so long without anybody admitted there are none. */
const WAITS_OF_MS = 5 * 60_000

/**
 * The moments of a series up to now. Steps without a sample are those in which nothing happened: what stood goes on to
 * stand, and the counts are 0. The step that is not over yet is left out, since its rate would read too low.
 */
export function momentsOf({ stepSeconds, samples }: Series, nowMs: number): Moment[] {
  const stepMs = stepSeconds * 1_000
  const over = samples.filter(({ at }) => Date.parse(at) + stepMs <= nowMs)
  const moments: Moment[] = []
  for (const sample of over) {
    const moment = momentOf(sample, stepSeconds)
    const last = moments[moments.length - 1]
    if (last !== undefined) moments.push(...quiet(last, moment.atMs, stepMs))
    moments.push(moment)
  }
  const last = moments[moments.length - 1]
  // Up to the step that began last: before it nothing happened, if it has no sample.
  if (last !== undefined) moments.push(...quiet(last, Math.floor(nowMs / stepMs) * stepMs + stepMs, stepMs))
  return moments
}

/** The beginning and the end of a stretch in which nothing happened, between a moment and the next; none if they adjoin. */
function quiet(last: Moment, nextMs: number, stepMs: number): Moment[] {
  const [fromMs, toMs] = [last.atMs + stepMs, nextMs - stepMs]
  if (toMs < fromMs) return []
  const ends = toMs === fromMs ? [fromMs] : [fromMs, toMs]
  return ends.map((atMs) => {
    const standing = { ...last, atMs, admittedPerSecond: 0, noShows: 0, errors: 0 }
    return atMs - last.atMs <= WAITS_OF_MS
      ? standing
      : { ...standing, waitSecondsP50: null, waitSecondsP95: null }
  })
}

function momentOf(sample: Sample, stepSeconds: number): Moment {
  return {
    atMs: Date.parse(sample.at) + stepSeconds * 1_000,
    waiting: sample.waiting,
    inside: sample.inside,
    capacity: sample.capacity,
    streams: sample.streams,
    admittedPerSecond: sample.admitted / stepSeconds,
    noShows: sample.noShows,
    errors: sample.errors,
    waitSecondsP50: sample.waitSecondsP50,
    waitSecondsP95: sample.waitSecondsP95,
  }
}

/** Less than this is not worth a whole chart's width. */
const SPAN_MS_MIN = 3 * 60_000

/** Where a chart begins that looks so far back: later, when there is nothing to show before. */
export function chartStartMs(moments: readonly Moment[], toMs: number, minutes: number): number {
  const wantedMs = toMs - minutes * 60_000
  return Math.max(wantedMs, Math.min(moments[0]?.atMs ?? wantedMs, toMs - SPAN_MS_MIN))
}

export function pointsOf(moments: readonly Moment[], pick: (moment: Moment) => number | null): Point[] {
  return moments.map((moment) => ({ atMs: moment.atMs, value: pick(moment) }))
}

/** The largest value and when it was; the first of several. */
export function peakOf(points: readonly Point[]): { readonly atMs: number; readonly value: number } | null {
  let peak: { atMs: number; value: number } | null = null
  for (const { atMs, value } of points) {
    if (value !== null && (peak === null || value > peak.value)) peak = { atMs, value }
  }
  return peak
}

/** The moment that is nearest in time, for a pointer over the chart. */
export function nearest(moments: readonly Moment[], atMs: number): Moment | null {
  let found: Moment | null = null
  for (const moment of moments) {
    if (found === null || Math.abs(moment.atMs - atMs) < Math.abs(found.atMs - atMs)) found = moment
  }
  return found
}

/** What happened in the last minutes, the step that is not over included. */
export function sumLately(
  { samples }: Series,
  nowMs: number,
  minutes: number,
): { readonly noShows: number; readonly errors: number } {
  const lately = samples.filter(({ at }) => Date.parse(at) > nowMs - minutes * 60_000)
  return {
    noShows: lately.reduce((sum, { noShows }) => sum + noShows, 0),
    errors: lately.reduce((sum, { errors }) => sum + errors, 0),
  }
}

/** How long those waited who were admitted lately; null when nobody was. */
export function waitsLately(
  { samples }: Series,
  nowMs: number,
): { readonly p50Seconds: number; readonly p95Seconds: number } | null {
  const last = samples[samples.length - 1]
  if (last === undefined || Date.parse(last.at) < nowMs - WAITS_OF_MS) return null
  const { waitSecondsP50: p50Seconds, waitSecondsP95: p95Seconds } = last
  return p50Seconds === null || p95Seconds === null ? null : { p50Seconds, p95Seconds }
}
