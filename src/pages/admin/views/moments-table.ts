/** The values of the charts as a table, for those who do not see them and those who want the number. */
import { h, setChildren } from '../dom/element.ts'
import { cell, row, table } from '../dom/table.ts'
import type { Column } from '../dom/table.ts'
import { CHARTS } from '../model/charts.ts'
import { clockText, NONE } from '../model/format.ts'
import type { Moment } from '../model/samples.ts'
import { texts } from '../texts.ts'

const words = texts.event.charts
/** A screenful or two; the CSV has everything. */
const ROWS_MAX = 60

const TIME: Column = { name: 'at', label: words.at }
const VALUES = CHARTS.flatMap(({ lines, format }) =>
  lines.map(({ name, pick }) => {
    const column: Column = { name, label: words.columns[name], isNumber: true }
    return { column, pick, format }
  }),
)

export type MomentsTable = { readonly element: HTMLElement; update(moments: readonly Moment[]): void }

/** Newest first. Filled only while it is open. */
export function createMomentsTable(): MomentsTable {
  const { element, body } = table(words.title, [TIME, ...VALUES.map(({ column }) => column)])
  const frame = h('div', { class: 'wide', tabindex: 0, role: 'region', 'aria-label': words.asTable }, element)
  const details = h('details', { class: 'values' }, h('summary', {}, words.asTable), frame)
  let latest: readonly Moment[] = []
  const fill = (): void => {
    if (!details.open) return
    setChildren(body)
    for (const moment of latest.slice(-ROWS_MAX)) body.prepend(momentRow(moment))
  }
  details.addEventListener('toggle', fill)
  return {
    element: details,
    update(moments) {
      latest = moments
      fill()
    },
  }
}

function momentRow(moment: Moment): HTMLTableRowElement {
  const values = VALUES.map(({ column, pick, format }) => {
    const value = pick(moment)
    return cell(column, value === null ? NONE : format(value))
  })
  return row(cell(TIME, clockText(moment.atMs)), ...values)
}
