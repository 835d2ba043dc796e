/** The recent past of an event: several small charts on one time axis, and the same as a table. */
import { createChart } from '../dom/chart.ts'
import type { Chart, Line } from '../dom/chart.ts'
import { h, setAttribute, setText } from '../dom/element.ts'
import { select } from '../dom/field.ts'
import type { Series } from '../model/answers.ts'
import { CHARTS, summaryOf } from '../model/charts.ts'
import type { ChartSpec } from '../model/charts.ts'
import { chartStartMs, momentsOf, nearest, pointsOf } from '../model/samples.ts'
import type { Moment } from '../model/samples.ts'
import { clockText } from '../model/format.ts'
import { texts } from '../texts.ts'
import { createMomentsTable } from './moments-table.ts'

const words = texts.event.charts
const RANGES_MINUTES = [15, 60, 240] as const

export type EventCharts = {
  readonly element: HTMLElement
  /** How far back to ask for, in minutes. */
  minutes(): number
  /** @param nowMs by the server's clock. */
  update(series: Series, admitPerMinute: number | null, nowMs: number): void
  failed(why: string): void
}

/** @param onRange another time is to be shown. */
export function createEventCharts(onRange: () => void): EventCharts {
  const range = select(RANGES_MINUTES.map((minutes) => [String(minutes), words.ranges[minutes]]))
  setAttribute(range, 'aria-label', words.range)
  range.addEventListener('change', onRange)
  const fault = h('p', { class: 'fault', role: 'alert' })
  const charts = CHARTS.map((spec) => ({ spec, chart: createChart(words[spec.title], spec) }))
  const values = createMomentsTable()
  let moments: readonly Moment[] = []

  const point = (atMs: number | null): void => {
    const moment = atMs === null ? null : nearest(moments, atMs)
    for (const { spec, chart } of charts) showReadout(chart, spec, moment, moments)
  }
  for (const { chart } of charts) chart.onPoint(point)

  return {
    element: h(
      'section',
      { class: 'charts' },
      h('div', { class: 'head' }, h('h2', {}, words.title), range),
      fault,
      h('div', { class: 'chart-grid' }, ...charts.map(({ chart }) => chart.element)),
      values.element,
    ),
    minutes: () => Number(range.value),
    update(series, admitPerMinute, toMs) {
      setText(fault, '')
      moments = momentsOf(series, toMs)
      const fromMs = chartStartMs(moments, toMs, Number(range.value))
      for (const { spec, chart } of charts)
        chart.draw({
          fromMs,
          toMs,
          lines: linesOf(spec, moments, admitPerMinute),
          summary: summaryOf(spec, moments),
        })
      point(null)
      values.update(moments)
    },
    failed: (why) => setText(fault, words.failed(why)),
  }
}

function linesOf(
  { lines, bound }: ChartSpec,
  moments: readonly Moment[],
  admitPerMinute: number | null,
): Line[] {
  const drawn = lines.map(({ name, look, pick }): Line => ({
    name: words[name],
    look,
    points: pointsOf(moments, pick),
  }))
  const limit = bound?.(admitPerMinute) ?? null
  if (limit === null) return drawn
  return [...drawn, { name: words.limit, look: 'bound', points: pointsOf(moments, () => limit) }]
}

/** Under the pointer the values of that time; otherwise those of now. */
function showReadout(chart: Chart, spec: ChartSpec, moment: Moment | null, moments: readonly Moment[]): void {
  const shown = moment ?? moments[moments.length - 1]
  if (shown === undefined) return chart.point(null, '')
  const values = spec.lines.map(({ pick }) => {
    const value = pick(shown)
    return value === null ? '–' : spec.format(value)
  })
  const text = values.join(' / ')
  chart.point(moment?.atMs ?? null, moment === null ? text : `${text} · ${clockText(moment.atMs)}`)
}
