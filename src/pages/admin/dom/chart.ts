/** A chart over time, drawn as SVG. Its summary is read out in its place; the same values are in a table beside it. */
import { h, setAttribute, setChildren, setText, svg } from './element.ts'
import { areaPath, linePath } from '../model/chart-path.ts'
import type { Plane, Point } from '../model/chart-path.ts'
import { along, timeTicks } from '../model/chart-scale.ts'
import { shortClockText } from '../model/format.ts'

/** Lines of one chart are told apart by their stroke as well as by their colour. */
export type Line = {
  readonly name: string
  readonly look: 'area' | 'second' | 'bound'
  readonly points: readonly Point[]
}

export type ChartData = {
  readonly fromMs: number
  readonly toMs: number
  readonly lines: readonly Line[]
  readonly summary: string
}

export type Chart = {
  readonly element: HTMLElement
  draw(data: ChartData): void
  /** Shows the values at this time, or with null those of the summary. */
  point(atMs: number | null, readout: string): void
  /** Called with the time under the pointer, null when it leaves. */
  onPoint(tell: (atMs: number | null) => void): void
}

/** How the value axis is written, and where it is marked for values up to `most`. */
type Axis = { readonly short: (value: number) => string; readonly ticks: (most: number) => number[] }

const HEIGHT = 132
const LEFT = 46
const RIGHT = 8
const TOP = 8
const BOTTOM = 20

export function createChart(title: string, axis: Axis): Chart {
  const readout = h('span', { class: 'readout' })
  const legend = h('span', { class: 'legend' })
  const drawing = svg('svg', { role: 'img', height: HEIGHT })
  const cursor = svg('line', { class: 'cursor', y1: TOP, y2: HEIGHT - BOTTOM })
  const element = h(
    'figure',
    { class: 'chart' },
    h('figcaption', {}, h('span', { class: 'chart-title' }, title), legend, readout),
    drawing,
  )
  let data: ChartData | null = null
  let width = 0

  const timeScale = ({ fromMs, toMs }: ChartData): Plane['time'] => ({
    from: fromMs,
    to: toMs,
    size: width - LEFT - RIGHT,
  })
  const draw = (): void => {
    if (data === null || width < LEFT + RIGHT + 20) return
    const ticks = axis.ticks(mostOf(data.lines))
    const plane: Plane = {
      time: timeScale(data),
      value: { from: 0, to: ticks[ticks.length - 1] ?? 1, size: HEIGHT - TOP - BOTTOM },
    }
    setAttribute(drawing, 'viewBox', `0 0 ${width} ${HEIGHT}`)
    setAttribute(drawing, 'aria-label', `${title}: ${data.summary}`)
    const inside = svg(
      'g',
      { transform: `translate(${LEFT} ${TOP})` },
      ...data.lines.flatMap((line) => paths(line, plane)),
    )
    setChildren(drawing, valueAxis(ticks, plane, axis.short), timeAxis(data, plane), inside, cursor)
  }
  // Drawn in pixels rather than stretched, so that text and strokes keep their size.
  new ResizeObserver(([entry]) => {
    const now = Math.floor(entry?.contentRect.width ?? 0)
    if (now === width) return
    width = now
    draw()
  }).observe(element)
  setAttribute(cursor, 'visibility', 'hidden')

  return {
    element,
    draw(next) {
      data = next
      setChildren(legend, ...next.lines.filter(({ name }) => name !== title).map(legendEntry))
      draw()
    },
    point(atMs, text) {
      setText(readout, text)
      if (data === null || atMs === null) return setAttribute(cursor, 'visibility', 'hidden')
      const x = LEFT + along(timeScale(data), atMs)
      setAttribute(cursor, 'visibility', x < LEFT || x > width - RIGHT ? 'hidden' : 'visible')
      setAttribute(cursor, 'x1', x)
      setAttribute(cursor, 'x2', x)
    },
    onPoint(tell) {
      drawing.addEventListener('pointermove', ({ clientX }) => {
        if (data === null) return
        const { fromMs, toMs } = data
        const share = (clientX - drawing.getBoundingClientRect().left - LEFT) / (width - LEFT - RIGHT)
        tell(share < 0 || share > 1 ? null : fromMs + share * (toMs - fromMs))
      })
      drawing.addEventListener('pointerleave', () => tell(null))
    },
  }
}

function mostOf(lines: readonly Line[]): number {
  return Math.max(0, ...lines.flatMap(({ points }) => points.map(({ value }) => value ?? 0)))
}

function legendEntry({ name, look }: Line): HTMLElement {
  return h('span', { class: `legend-${look}` }, name)
}

function paths({ look, points }: Line, plane: Plane): SVGPathElement[] {
  const line = svg('path', { class: `line ${look}`, d: linePath(points, plane) })
  return look === 'area' ? [svg('path', { class: 'fill', d: areaPath(points, plane) }), line] : [line]
}

function valueAxis(
  ticks: readonly number[],
  { value }: Plane,
  short: (value: number) => string,
): SVGGElement {
  const lines = ticks.map((tick) => {
    const y = TOP + value.size - along(value, tick)
    return svg(
      'g',
      {},
      svg('line', { class: 'grid', x1: LEFT, x2: '100%', y1: y, y2: y }),
      svg('text', { x: LEFT - 6, y: y + 4, 'text-anchor': 'end' }, short(tick)),
    )
  })
  return svg('g', { class: 'axis' }, ...lines)
}

function timeAxis({ fromMs, toMs }: ChartData, { time }: Plane): SVGGElement {
  const offsetMinutes = -new Date(toMs).getTimezoneOffset()
  const ticks = timeTicks(fromMs, toMs, Math.max(2, Math.floor(time.size / 70)), offsetMinutes)
  const texts = ticks.map((atMs) =>
    svg(
      'text',
      { x: LEFT + along(time, atMs), y: HEIGHT - 4, 'text-anchor': 'middle' },
      shortClockText(atMs),
    ),
  )
  return svg('g', { class: 'axis' }, ...texts)
}
