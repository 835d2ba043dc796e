/** Finding a visitor or an admission. What was looked for is in the URL; it is looked for when one comes to it. */
import { eventIdOfAdmission } from '../../../core/ids.ts'
import type { Console, View } from '../console.ts'
import { h, setChildren, setText } from '../dom/element.ts'
import { field, input, select } from '../dom/field.ts'
import { onSubmit } from '../dom/form.ts'
import type { VisitorHistory } from '../model/answers.ts'
import { failureText } from '../model/failure.ts'
import type { Failure } from '../model/failure.ts'
import { inOrderOfAttention } from '../model/event-order.ts'
import type { Route } from '../model/route.ts'
import { texts } from '../texts.ts'
import { createAsOf } from './as-of.ts'
import { visitorHistory } from './visitor-history.ts'

const words = texts.lookUp

export function lookUpView(console: Console, route: Extract<Route, { page: 'look-up' }>): View {
  const { api, go } = console
  const event = field(words.event, '', select([['', '']]))
  const id = field(
    words.id,
    '',
    input({ type: 'text', name: 'id', spellcheck: 'false', autocapitalize: 'none' }),
  )
  id.setValue(route.query)
  const submit = h('button', { class: 'primary' }, words.submit)
  const form = h('form', { class: 'card look-up-form', role: 'search' }, id.element, event.element, submit)
  const found = h('div', { class: 'found' })
  const heading = h('h1', { tabindex: -1 }, words.title)

  const loadEvents = async (): Promise<void> => {
    const events = await api.events()
    if (!events.ok) return event.setError(failureText(events.error))
    const options = inOrderOfAttention(events.value.events).map(({ eventId, name }) =>
      h('option', { value: eventId }, name === eventId ? name : `${name} (${eventId})`),
    )
    event.setError(null)
    setChildren(event.control, ...options)
    if (route.eventId !== null) event.setValue(route.eventId)
  }
  const again = (): void => void look()
  const asOf = createAsOf(again)
  const look = async (): Promise<void> => {
    if (route.query === '') return
    setChildren(found, h('p', { class: 'loading' }, texts.loading))
    const answer = await find(console, route.eventId, route.query)
    if (answer.ok) {
      asOf.taken(Date.now())
      setChildren(found, asOf.element, visitorHistory(console, answer.value, route.query, again))
      // Whoever has just come here to look goes on with what was found.
      if (document.activeElement === heading) found.querySelector('h2')?.focus()
      return
    }
    const fault = h('p', { class: 'fault', role: 'alert' })
    setChildren(found, fault)
    setText(fault, lookUpText(answer.error))
  }
  onSubmit({ form, submit }, async () => {
    const query = id.value().trim()
    id.setError(query === '' ? words.idMissing : null)
    if (query === '') return id.control.focus()
    const eventId = eventIdOfAdmission(query) ?? event.value()
    event.setError(eventId === '' ? words.eventMissing : null)
    if (eventId === '') return event.control.focus()
    // Looked for again even if the address stays the same.
    if (eventId === route.eventId && query === route.query) return look()
    go({ page: 'look-up', eventId, query })
  })

  void loadEvents()
  void look()
  const lead = h('p', { class: 'lead' }, words.lead)
  return {
    element: h('div', { class: 'look-up' }, heading, lead, form, found),
    title: route.query === '' ? words.title : words.visitor(route.query),
    resume() {
      void loadEvents()
      void look()
    },
    stop() {},
  }
}

type Found =
  | { readonly ok: true; readonly value: VisitorHistory }
  | { readonly ok: false; readonly error: Failure }

/** An admission leads to its visitor, whose whole history is shown. */
async function find({ api }: Pick<Console, 'api'>, eventId: string | null, query: string): Promise<Found> {
  const ofAdmission = eventIdOfAdmission(query)
  if (ofAdmission === null) return api.visitor(eventId ?? '', query)
  const admission = await api.admission(query)
  return admission.ok ? api.visitor(ofAdmission, admission.value.userId) : admission
}

function lookUpText(failure: Failure): string {
  if (failure.kind !== 'problem') return failureText(failure)
  if (failure.code === 'not-in-queue') return words.noVisitor
  return failure.code === 'admission-not-found' ? words.noAdmission : failureText(failure)
}
