/** Which charts an event has: what each draws, and the sentence that stands for it. */
import { texts } from '../texts.ts'
import { durationTicks, roundTicks } from './chart-scale.ts'
import { clockText, countText, durationText, NONE, rateText, shortDurationText } from './format.ts'
import { peakOf, pointsOf } from './samples.ts'
import type { Moment } from './samples.ts'

type Words = typeof texts.event.charts

export type ChartSpec = {
  readonly title: 'admitted' | 'waiting' | 'inside' | 'wait' | 'trouble'
  readonly format: (value: number) => string
  /** As the axis writes it. */
  readonly short: (value: number) => string
  /** The round numbers of the value axis, up to the largest value. */
  readonly ticks: (most: number) => number[]
  /** The first is what the chart is about. */
  readonly lines: readonly {
    readonly name: keyof Words['columns']
    readonly look: 'area' | 'second' | 'bound'
    readonly pick: (moment: Moment) => number | null
  }[]
  /** A level that bounds the first line. */
  readonly bound?: (admitPerMinute: number | null) => number | null
}

/** About as many lines as a small chart bears. */
const TICKS = 3
/** Of people: whole ones. */
const COUNTS = { format: countText, short: countText, ticks: (most: number) => roundTicks(most, TICKS, 1) }

export const CHARTS: readonly ChartSpec[] = [
  {
    title: 'admitted',
    format: rateText,
    short: rateText,
    ticks: (most) => roundTicks(most, TICKS, 0.1),
    lines: [{ name: 'admitted', look: 'area', pick: (moment) => moment.admittedPerSecond }],
    bound: (admitPerMinute) => (admitPerMinute === null ? null : admitPerMinute / 60),
  },
  {
    title: 'waiting',
    ...COUNTS,
    lines: [
      { name: 'waiting', look: 'area', pick: (moment) => moment.waiting },
      // Those inside keep theirs for a while, so that there are often more.
      { name: 'streams', look: 'second', pick: (moment) => moment.streams },
    ],
  },
  {
    title: 'inside',
    ...COUNTS,
    lines: [
      { name: 'inside', look: 'area', pick: (moment) => moment.inside },
      { name: 'capacity', look: 'bound', pick: (moment) => moment.capacity },
    ],
  },
  {
    title: 'wait',
    format: durationText,
    short: shortDurationText,
    ticks: (most) => durationTicks(most, TICKS),
    lines: [
      { name: 'p50', look: 'area', pick: (moment) => moment.waitSecondsP50 },
      { name: 'p95', look: 'second', pick: (moment) => moment.waitSecondsP95 },
    ],
  },
  {
    title: 'trouble',
    ...COUNTS,
    lines: [
      { name: 'noShows', look: 'area', pick: (moment) => moment.noShows },
      { name: 'errors', look: 'second', pick: (moment) => moment.errors },
    ],
  },
]

/** 'now 2.4, most 9.8 at 14:02:10', of what the chart is about. */
export function summaryOf({ lines: [main], format }: ChartSpec, moments: readonly Moment[]): string {
  const points = main === undefined ? [] : pointsOf(moments, main.pick)
  const peak = peakOf(points)
  if (peak === null) return texts.event.charts.empty
  const now = points[points.length - 1]?.value ?? null
  const nowText = now === null ? NONE : format(now)
  return texts.event.charts.summary(nowText, format(peak.value), clockText(peak.atMs))
}
