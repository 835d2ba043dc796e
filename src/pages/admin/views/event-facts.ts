/** What an event is set to, and where its records are. */
import type { Console } from '../console.ts'
import { exportPaths } from '../api.ts'
import { h, setChildren } from '../dom/element.ts'
import type { EventDetail } from '../model/answers.ts'
import { EVENT_FIELDS } from '../model/event-form.ts'
import type { FieldName } from '../model/event-form.ts'
import { NONE } from '../model/format.ts'
import { settingText } from '../model/settings.ts'
import { hashOf } from '../model/route.ts'
import { texts } from '../texts.ts'
import { download } from './download.ts'
import { fact, instant } from './marks.ts'

const words = texts.event
/** These stand elsewhere on the page. */
const SHOWN_ELSEWHERE: ReadonlySet<FieldName> = new Set([
  'eventId',
  'name',
  'capacity',
  'admitPerMinute',
  'status',
])

export type EventFacts = { readonly element: HTMLElement; update(event: EventDetail): void }

export function createEventFacts(console: Console, eventId: string): EventFacts {
  const list = h('dl', { class: 'facts' })
  let shown = ''
  const update = (event: EventDetail): void => {
    const settings = EVENT_FIELDS.filter(({ name }) => !SHOWN_ELSEWHERE.has(name)).map(
      (spec) => [texts.form.fields[spec.name].label, spec.kind, settingText(spec, event)] as const,
    )
    const key = `${JSON.stringify(settings)}${event.createdAt}${event.updatedAt}`
    if (key === shown) return
    shown = key
    setChildren(
      list,
      ...settings.map(([label, kind, value]) =>
        fact(label, kind === 'instant' && value !== NONE ? instant(value) : value),
      ),
      fact(words.settings.created, instant(event.createdAt)),
      fact(words.settings.updated, instant(event.updatedAt)),
    )
  }
  const edit = h('a', { class: 'button', href: hashOf({ page: 'edit-event', eventId }) }, words.edit)
  return {
    element: h(
      'div',
      { class: 'side' },
      records(console, eventId),
      h(
        'section',
        { class: 'card' },
        h('div', { class: 'head' }, h('h2', {}, words.settings.title), edit),
        list,
      ),
    ),
    update,
  }
}

function records(console: Console, eventId: string): HTMLElement {
  const links = [
    h('a', { href: hashOf({ page: 'look-up', eventId, query: '' }) }, words.records.lookUp),
    h('a', { href: hashOf({ page: 'audit', eventId }) }, words.records.audit),
    download(words.records.places, exportPaths.places(eventId), console),
    download(words.records.admissions, exportPaths.admissions(eventId), console),
  ]
  const items = links.map((link) => h('li', {}, link))
  return h(
    'section',
    { class: 'card' },
    h('h2', {}, words.records.title),
    h('ul', { class: 'links' }, ...items),
  )
}
