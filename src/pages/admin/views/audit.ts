/** Who did what: the audit log, of all events or of one, page after page. */
import type { Console, View } from '../console.ts'
import { exportPaths } from '../api.ts'
import { button, h, setAttribute, setChildren, setText } from '../dom/element.ts'
import type { Child } from '../dom/element.ts'
import { field, select } from '../dom/field.ts'
import { cell, row, table } from '../dom/table.ts'
import type { Column } from '../dom/table.ts'
import type { AuditEntry } from '../model/answers.ts'
import { actionText, changeTexts, outcomeText, originText } from '../model/audit-words.ts'
import { failureText } from '../model/failure.ts'
import { hashOf } from '../model/route.ts'
import { texts } from '../texts.ts'
import { createAsOf } from './as-of.ts'
import { download } from './download.ts'
import { instant } from './marks.ts'

const words = texts.audit
const CHANGES_SHOWN = 4
const COLUMNS = {
  at: { name: 'at', label: words.columns.at },
  who: { name: 'who', label: words.columns.who },
  what: { name: 'what', label: words.columns.what },
  target: { name: 'target', label: words.columns.target },
  changes: { name: 'changes', label: words.columns.changes },
  outcome: { name: 'outcome', label: words.columns.outcome },
} as const satisfies Record<string, Column>

export function auditView(console: Console, eventId: string | null): View {
  const { api, go } = console
  const { element: list, body } = table(words.caption, Object.values(COLUMNS))
  const older = button(words.older, () => void load(next), { hidden: true })
  const fault = h('p', { class: 'fault', role: 'alert' })
  const none = h('p', { class: 'empty', hidden: true }, words.none)
  const loading = h('p', { class: 'loading' }, texts.loading)
  const asOf = createAsOf(() => void load(null))
  let next: string | null = null

  const load = async (before: string | null): Promise<void> => {
    setText(fault, '')
    const page = await api.audit(eventId, before)
    setAttribute(loading, 'hidden', true)
    if (!page.ok) return setText(fault, failureText(page.error))
    if (before === null) asOf.taken(Date.now())
    const rows = page.value.entries.map(entryRow)
    if (before === null) setChildren(body, ...rows)
    else body.append(...rows)
    next = page.value.next
    setAttribute(older, 'hidden', next === null)
    setAttribute(none, 'hidden', body.children.length > 0)
    setAttribute(list, 'hidden', body.children.length === 0)
    // The button that was pressed may be gone: the focus goes on to what it brought.
    if (before !== null) rows[0]?.focus()
  }
  list.hidden = true
  void load(null)
  const filter = eventFilter(console, eventId, (chosen) => go({ page: 'audit', eventId: chosen }))
  const csv = download(words.csv, exportPaths.audit(eventId), console)
  setAttribute(csv, 'class', 'button')
  return {
    element: h(
      'div',
      { class: 'audit' },
      h(
        'div',
        { class: 'head' },
        h(
          'div',
          {},
          h('h1', { tabindex: -1 }, words.title),
          h('p', { class: 'lead' }, words.lead),
          asOf.element,
        ),
        h('div', { class: 'tools' }, filter, csv),
      ),
      h('div', { class: 'card flush' }, loading, list, none),
      fault,
      older,
    ),
    title: words.title,
    resume: () => void load(null),
    stop() {},
  }
}

/** All events that there are; and the one that is shown, which may be deleted. */
function eventFilter(
  { api }: Console,
  eventId: string | null,
  onChoice: (eventId: string | null) => void,
): HTMLElement {
  const choice = select([['', words.all], ...(eventId === null ? [] : [[eventId, eventId] as const])])
  choice.value = eventId ?? ''
  choice.addEventListener('change', () => onChoice(choice.value === '' ? null : choice.value))
  const fill = async (): Promise<void> => {
    const events = await api.events()
    // Without the list the log is there all the same, of all events or of the one in the address.
    const others = events.ok ? events.value.events.filter((event) => event.eventId !== eventId) : []
    choice.append(...others.map((event) => h('option', { value: event.eventId }, event.eventId)))
  }
  void fill()
  return field(words.filter, '', choice).element
}

function entryRow(entry: AuditEntry): HTMLTableRowElement {
  const made = row(
    cell(COLUMNS.at, instant(entry.at)),
    cell(COLUMNS.who, entry.operator.name, small(originText(entry))),
    cell(COLUMNS.what, actionText(entry)),
    cell(COLUMNS.target, ...targets(entry)),
    cell(COLUMNS.changes, ...changes(entry)),
    cell(
      COLUMNS.outcome,
      h(
        'span',
        { class: 'outcome', 'data-outcome': entry.outcome, title: words.request(entry.requestId) },
        outcomeText(entry),
      ),
    ),
  )
  made.tabIndex = -1
  return made
}

/** Many, as of a new event, fold away. */
function changes(entry: AuditEntry): Child[] {
  const lines = changeTexts(entry).map((text) => h('div', {}, text))
  if (lines.length <= CHANGES_SHOWN) return lines
  return [h('details', {}, h('summary', {}, words.fields(lines.length)), ...lines)]
}

function targets({ eventId, poolId, admissionId, userId }: AuditEntry): Child[] {
  return [
    eventId === null ? null : h('a', { href: hashOf({ page: 'event', eventId }) }, eventId),
    small(poolId === null ? '' : `${words.targets.pool} ${poolId}`),
    admissionId === null || eventId === null
      ? null
      : h(
          'small',
          {},
          `${words.targets.admission} `,
          h('a', { href: hashOf({ page: 'look-up', eventId, query: admissionId }) }, admissionId),
        ),
    userId === null || eventId === null
      ? null
      : h(
          'small',
          {},
          `${words.targets.visitor} `,
          h('a', { href: hashOf({ page: 'look-up', eventId, query: userId }) }, userId),
        ),
  ]
}

function small(text: string): HTMLElement | null {
  return text === '' ? null : h('small', {}, text)
}
