/** Prometheus text exposition format 0.0.4 of what the lines count. */
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
  promotion_latency_seconds: "From the choice of a batch to its last visitor's message.",
  tick_lag_seconds: 'From when a tick was due to when it ran.',
  redis_call_seconds: 'How long calls to the pool of capacity took.',
}

/** One family of series per metric, one series per event. Counters start again when a line's object wakes. */
export function metricsText(lines: readonly LineMetrics[]): string {
  const families = [
    ...LINE_COUNTERS.map((name) =>
      family(name, 'counter', lines, ({ counters }) => [['', '', counters[name]]]),
    ),
    ...LINE_GAUGES.map((name) => family(name, 'gauge', lines, ({ gauges }) => [['', '', gauges[name]]])),
    ...LINE_HISTOGRAMS.map((name) =>
      family(name, 'histogram', lines, ({ histograms }) => buckets(histograms[name])),
    ),
  ]
  return families.join('')
}

type Sample = readonly [suffix: string, labels: string, value: number]

function family(
  name: keyof typeof HELP,
  type: string,
  lines: readonly LineMetrics[],
  samplesOf: (line: LineMetrics) => readonly Sample[],
): string {
  const samples = lines.flatMap((line) =>
    samplesOf(line).map(
      ([suffix, labels, value]) =>
        `usher_${name}${suffix}{event="${escapeLabel(line.eventId)}"${labels}} ${value}\n`,
    ),
  )
  return `# HELP usher_${name} ${HELP[name]}\n# TYPE usher_${name} ${type}\n${samples.join('')}`
}

function buckets({ boundsSeconds, cumulative, count, sumSeconds }: HistogramSnapshot): Sample[] {
  return [
    ...boundsSeconds.map((bound, index): Sample => ['_bucket', `,le="${bound}"`, cumulative[index] ?? count]),
    ['_bucket', ',le="+Inf"', count],
    ['_sum', '', sumSeconds],
    ['_count', '', count],
  ]
}

/** Ids need no escaping today; the format does, whatever they become. */
function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
