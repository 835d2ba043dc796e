/**
 * Tables. Their roles are written out: on a phone the rows are laid out as cards, and a browser that sees that takes a
 * table for something else.
 */
import { h } from './element.ts'
import type { Child } from './element.ts'

export type Column = {
  readonly name: string
  readonly label: string
  /** Numbers stand to the right, below each other. */
  readonly isNumber?: true
}

/** @returns the table, and its body for the rows. */
export function table(
  caption: string,
  columns: readonly Column[],
): { readonly element: HTMLTableElement; readonly body: HTMLTableSectionElement } {
  const body = h('tbody', { role: 'rowgroup' })
  const heads = columns.map(({ name, label, isNumber }) =>
    h(
      'th',
      { scope: 'col', role: 'columnheader', class: `c-${name}${isNumber === true ? ' number' : ''}` },
      label,
    ),
  )
  const element = h(
    'table',
    { role: 'table' },
    h('caption', { class: 'unseen' }, caption),
    h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, ...heads)),
    body,
  )
  return { element, body }
}

/** A cell of this column; on a phone its label stands before it. */
export function cell({ name, label, isNumber }: Column, ...children: readonly Child[]): HTMLTableCellElement {
  const attributes = {
    role: 'cell',
    class: `c-${name}${isNumber === true ? ' number' : ''}`,
    'data-label': label,
  }
  return h('td', attributes, ...children)
}

export function row(...cells: readonly HTMLTableCellElement[]): HTMLTableRowElement {
  return h('tr', { role: 'row' }, ...cells)
}
