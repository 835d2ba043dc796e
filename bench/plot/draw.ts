/** Pictures of the growth, as SVG. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, View, type Spec } from 'vega'
import type { Spread } from '../measure/spread.ts'
import type { GrowthPoint } from './growth.ts'

type Picture = {
  readonly file: string
  readonly title: string
  readonly unit: string
  readonly valueOf: (point: GrowthPoint) => Spread
}

const WIDTH = 460
const HEIGHT = 240
const COLOUR = '#2458a6'

const PICTURES: readonly Picture[] = [
  { file: 'join', title: 'a join, while so many wait', unit: 'us CPU', valueOf: (point) => point.joinUs },
  { file: 'tick', title: 'a tick with nothing changed', unit: 'ms CPU', valueOf: (point) => point.tickMs },
  {
    file: 'promote',
    title: 'a promotion, of so many at once',
    unit: 'us CPU each',
    valueOf: (point) => point.promoteUs,
  },
  { file: 'restart', title: 'a restart of the object', unit: 'ms', valueOf: (point) => point.restartMs },
  {
    file: 'memory',
    title: 'memory of one who waits',
    unit: 'bytes',
    valueOf: (point) => point.bytesPerWaiting,
  },
]

/** Writes one file for each; answers their paths. */
export async function drawGrowth(points: readonly GrowthPoint[], directory: string): Promise<string[]> {
  mkdirSync(directory, { recursive: true })
  const files: string[] = []
  for (const picture of PICTURES) {
    const file = join(directory, `bench-${picture.file}.svg`)
    const svg = await new View(parse(specOf(picture, points)), { renderer: 'none' }).toSVG()
    writeFileSync(file, svg)
    files.push(file)
  }
  return files
}

/** The median as a line, the least and the most of the rounds as bars; the number waiting on a logarithmic axis. */
function specOf({ title, unit, valueOf }: Picture, points: readonly GrowthPoint[]): Spec {
  const values = points.map((point) => ({ waiting: point.waiting, ...valueOf(point) }))
  const at = (field: keyof Spread): { scale: string; field: string } => ({ scale: 'y', field })
  const x = { scale: 'x', field: 'waiting' }
  return {
    width: WIDTH,
    height: HEIGHT,
    padding: 8,
    background: 'white',
    title: { text: title, anchor: 'start', fontSize: 13 },
    data: [{ name: 'points', values }],
    scales: [
      { name: 'x', type: 'log', domain: { data: 'points', field: 'waiting' }, range: 'width', nice: true },
      { name: 'y', domain: { data: 'points', field: 'max' }, range: 'height', zero: true, nice: true },
    ],
    axes: [
      {
        orient: 'bottom',
        scale: 'x',
        title: 'waiting',
        format: ',',
        values: values.map(({ waiting }) => waiting),
      },
      { orient: 'left', scale: 'y', title: unit, grid: true, tickCount: 6 },
    ],
    marks: [
      {
        type: 'rule',
        from: { data: 'points' },
        encode: {
          enter: { x, y: at('min'), y2: at('max'), stroke: { value: COLOUR }, opacity: { value: 0.5 } },
        },
      },
      {
        type: 'line',
        from: { data: 'points' },
        encode: { enter: { x, y: at('median'), stroke: { value: COLOUR }, strokeWidth: { value: 2 } } },
      },
      {
        type: 'symbol',
        from: { data: 'points' },
        encode: { enter: { x, y: at('median'), fill: { value: COLOUR }, size: { value: 40 } } },
      },
    ],
  }
}
