/** Prometheus text exposition format 0.0.4, and what the lines count in it. */
import { LINE_COUNTERS, LINE_GAUGES, LINE_HISTOGRAMS } from '../ports/lines.ts'
import type { HistogramSnapshot, LineMetrics } from '../ports/lines.ts'

export const METRICS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

const HELP: Readonly<
  Record<(typeof LINE_COUNTERS | typeof LINE_GAUGES | typeof LINE_HISTOGRAMS)[number], string>
> = {
  joins_total: 'Visitors who joined the line.',
  promotions_total: 'Visitors who were admitted.',
  admissions_ended_total: 'Admissions that ended, however.',
  redemptions_total: 'Entry tokens that were redeemed.',
  no_shows_total: 'Admissions that ended unredeemed.',
  places_expired_total: 'Places given up because their visitor was absent too long.',
  stream_frames_total: 'Events written to streams.',
  stream_frames_skipped_total: 'Events not written because the reader was too slow.',
  redis_calls_total: 'Calls to the pool of capacity.',
  redis_failures_total: 'Calls to the pool of capacity that failed or timed out.',
  ticks_total: 'Ticks of the line.',
  watches_total: 'Calls of the watchdog.',
  waiting: 'Visitors who wait.',
  present: 'Visitors who wait and are present.',
  live_admissions: 'Admissions alive.',
  streams: 'Open streams.',
  capacity: 'Admissions that may be alive at once.',
  promotions_per_second: 'Visitors admitted in the last second.',
  holding: '1 while admissions are held although the event is open.',
  webhooks_owed: 'Ends of admissions that the shop has not taken yet.',
  promotion_latency_seconds: "From the choice of a batch to its last visitor's message.",
  tick_lag_seconds: 'From when a tick was due to when it ran.',
  redis_call_seconds: 'How long calls to the pool of capacity took.',
}

/** All series of one metric, which carries the project's name when it is shown. */
export type MetricFamily = {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly samples: readonly MetricSample[]
}

export type MetricSample = {
  readonly suffix?: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export function metricsText(families: readonly MetricFamily[]): string {
  return families.map(familyText).join('')
}

/** One family of series per metric, one series per event. Counters start again when a line's object wakes. */
export function lineFamilies(lines: readonly LineMetrics[]): MetricFamily[] {
  return [
    ...LINE_COUNTERS.map((name) => family(name, 'counter', lines, ({ counters }) => counters[name])),
    ...LINE_GAUGES.map((name) => family(name, 'gauge', lines, ({ gauges }) => gauges[name])),
    ...LINE_HISTOGRAMS.map((name): MetricFamily => {
      const samples = lines.flatMap(({ eventId, histograms }) => buckets(eventId, histograms[name]))
      return { name, type: 'histogram', help: HELP[name], samples }
    }),
  ]
}

function family(
  name: keyof typeof HELP,
  type: 'counter' | 'gauge',
  lines: readonly LineMetrics[],
  valueOf: (line: LineMetrics) => number,
): MetricFamily {
  const samples = lines.map((line) => ({ labels: { event: line.eventId }, value: valueOf(line) }))
  return { name, type, help: HELP[name], samples }
}

function buckets(
  event: string,
  { boundsSeconds, cumulative, count, sumSeconds }: HistogramSnapshot,
): MetricSample[] {
  const bucket = (le: string, value: number): MetricSample => ({
    suffix: '_bucket',
    labels: { event, le },
    value,
  })
  return [
    ...boundsSeconds.map((bound, index) => bucket(String(bound), cumulative[index] ?? count)),
    bucket('+Inf', count),
    { suffix: '_sum', labels: { event }, value: sumSeconds },
    { suffix: '_count', labels: { event }, value: count },
  ]
}

function familyText({ name, type, help, samples }: MetricFamily): string {
  const lines = samples.map(
    ({ suffix = '', labels, value }) => `usher_${name}${suffix}${labelsText(labels)} ${value}\n`,
  )
  return `# HELP usher_${name} ${help}\n# TYPE usher_${name} ${type}\n${lines.join('')}`
}

function labelsText(labels: MetricSample['labels']): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

/** Ids need no escaping today; the format does, whatever they become. */
function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
