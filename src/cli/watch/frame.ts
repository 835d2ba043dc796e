/** The picture of `usher watch`, as lines that fit the terminal. */
import type { Style } from '../io.ts'
import { padded } from '../text/columns.ts'
import { statusOf } from '../text/event-status.ts'
import { count, rate, wait } from '../text/figures.ts'
import { bar, sparkline } from '../text/graphs.ts'
import { fitted, harmless } from '../text/width.ts'
import type { Sample } from './sample.ts'

export type View = {
  /** Oldest first, the last is now; at least one. */
  readonly samples: readonly Sample[]
  /** What went wrong with the last call, or null. */
  readonly trouble: string | null
  readonly columns: number
  readonly rows: number
  readonly paint: (style: Style, text: string) => string
}

const LABEL_WIDTH = 12
const BAR_WIDTH_MAX = 60
const RATE_WIDTH = 7

/** At most `rows` lines of at most `columns`; what matters most comes first. Empty when there is no sample. */
export function frameOf(view: View): string[] {
  const now = view.samples.at(-1)
  if (now === undefined) return []
  const { columns, rows, paint } = view
  const room = Math.max(0, columns - LABEL_WIDTH)
  const lines: readonly (readonly [Style, string])[] = [
    ['bold', heading(now)],
    [now.holding ? 'yellow' : 'reset', stateLine(now, view.trouble)],
    ['reset', ''],
    ['reset', labelled('waiting', `${count(now.waiting)}, of them present ${count(now.present)}`)],
    [now.admitted > now.capacity ? 'red' : 'green', labelled('inside', insideBar(now, room))],
    ['cyan', labelled('admitted/s', graph(view.samples, 'admittedPerSecond', room))],
    ['cyan', labelled('joined/s', graph(view.samples, 'joinedPerSecond', room))],
    ['reset', labelled('wait', wait(now.etaSeconds))],
    ['reset', labelled('streams', count(now.streams))],
    ['reset', labelled('in total', `${count(now.joinedTotal)} joined, ${count(now.admittedTotal)} admitted`)],
    ['reset', ''],
    ['dim', 'q quits'],
  ]
  return lines.slice(0, rows).map(([style, line]) => styled(paint, style, fitted(line, columns)))
}

function heading({ eventId, name, at }: Sample): string {
  const title = name === eventId ? eventId : `${eventId}  ${harmless(name)}`
  return `${at.slice(11, 19)} UTC  ${title}`
}

function stateLine(now: Sample, trouble: string | null): string {
  if (trouble !== null) return harmless(trouble)
  if (now.holding) return `${statusOf(now)}: Redis is away or a pool is being rebuilt; places are kept`
  return statusOf(now)
}

function insideBar({ admitted, capacity }: Sample, room: number): string {
  const figures = `${count(admitted)} of ${count(capacity)}`
  const width = Math.min(BAR_WIDTH_MAX, room - figures.length - 2)
  return width < 4 ? figures : `${bar(admitted, capacity, width)}  ${figures}`
}

function graph(
  samples: readonly Sample[],
  key: 'admittedPerSecond' | 'joinedPerSecond',
  room: number,
): string {
  const rates = samples.map((sample) => sample[key])
  return (
    padded(rate(rates.at(-1) ?? null), RATE_WIDTH) +
    sparkline(rates, Math.min(BAR_WIDTH_MAX, room - RATE_WIDTH))
  )
}

function labelled(label: string, text: string): string {
  return padded(label, LABEL_WIDTH) + text
}

function styled(paint: View['paint'], style: Style, line: string): string {
  return style === 'reset' || line === '' ? line : paint(style, line)
}

/** One sample on one line, for a file or a pipe. */
export function sampleLine(sample: Sample): string {
  return [
    sample.at.slice(0, 19) + 'Z',
    statusOf(sample),
    `waiting ${sample.waiting}`,
    `present ${sample.present}`,
    `inside ${sample.admitted} of ${sample.capacity}`,
    `joined/s ${rate(sample.joinedPerSecond)}`,
    `admitted/s ${rate(sample.admittedPerSecond)}`,
    `wait ${wait(sample.etaSeconds)}`,
    `streams ${sample.streams}`,
  ].join('  ')
}
