/** Making an event, and changing one. */
import type { Api } from '../api.ts'
import type { Console, View } from '../console.ts'
import { button, h, setChildren, setText } from '../dom/element.ts'
import { onSubmit, showErrors, showFailure, valuesIn } from '../dom/form.ts'
import type { FormParts } from '../dom/form.ts'
import type { EventDetail } from '../model/answers.ts'
import { createBody, EVENT_FIELDS, patchBody, valuesOf } from '../model/event-form.ts'
import type { FieldName } from '../model/event-form.ts'
import { failureText } from '../model/failure.ts'
import { hashOf } from '../model/route.ts'
import type { Route } from '../model/route.ts'
import { texts } from '../texts.ts'
import { createEventFields, suggestPools } from './event-fields.ts'

const words = texts.form

export function newEventView({ api, say, go }: Console): View {
  const heading = h('h1', { tabindex: -1 }, words.createTitle)
  const parts = createForm(api, true, words.create, { page: 'events' })
  fillForm(parts, null)
  onSubmit(parts, async () => {
    const read = createBody(valuesIn(parts.fields))
    if (!read.ok) return showErrors(parts, read.error)
    const { eventId, body } = read.value
    // A PUT would replace what is there.
    const present = await api.event(eventId)
    if (present.ok) return showErrors(parts, { eventId: words.exists })
    if (present.error.kind !== 'problem' || present.error.code !== 'event-not-found')
      return showFailure(parts, present.error)
    const made = await api.createEvent(eventId, body)
    if (!made.ok) return showFailure(parts, made.error)
    say(words.created(made.value.name))
    go({ page: 'event', eventId })
  })
  const element = h('div', { class: 'editor' }, heading, parts.form)
  return { element, title: words.createTitle, resume() {}, stop() {} }
}

export function editEventView({ api, say, go }: Console, eventId: string): View {
  const heading = h('h1', { tabindex: -1 }, words.editTitle(eventId))
  const content = h('div', {}, h('p', { class: 'loading' }, texts.loading))
  let isFilled = false

  const begin = (event: EventDetail): void => {
    isFilled = true
    setText(heading, words.editTitle(event.name))
    const parts = createForm(api, false, words.save, { page: 'event', eventId })
    const before = valuesOf(event)
    fillForm(parts, event)
    setChildren(content, parts.form)
    onSubmit(parts, async () => {
      const read = patchBody(valuesIn(parts.fields), before)
      if (!read.ok) return showErrors(parts, read.error)
      const isSame = Object.keys(read.value).length === 0
      const changed = isSame ? null : await api.changeEvent(eventId, read.value)
      if (changed?.ok === false) return showFailure(parts, changed.error)
      say(isSame ? words.unchanged : words.saved)
      go({ page: 'event', eventId })
    })
  }
  const load = async (): Promise<void> => {
    const event = await api.event(eventId)
    if (event.ok) begin(event.value)
    else {
      const fault = h('p', { class: 'fault', role: 'alert' }, failureText(event.error))
      setChildren(
        content,
        fault,
        button(texts.live.tryNow, () => void load()),
      )
    }
  }
  void load()
  return {
    element: h('div', { class: 'editor' }, heading, content),
    title: words.editTitle(eventId),
    resume: () => void (isFilled ? null : load()),
    stop() {},
  }
}

type EventForm = FormParts<FieldName>

function createForm(api: Api, isNew: boolean, submitText: string, back: Route): EventForm {
  const { fields, elements } = createEventFields(isNew)
  const fault = h('p', { class: 'fault', role: 'alert' })
  const submit = h('button', { class: 'primary' }, submitText)
  const cancel = h('a', { class: 'button', href: hashOf(back) }, texts.cancel)
  const form = h('form', {}, ...elements, h('div', { class: 'form-end' }, fault, cancel, submit))
  const suggest = async (): Promise<void> => {
    const pools = await api.pools()
    // Without suggestions the id of a pool can be typed all the same.
    if (pools.ok) suggestPools({ fields }, pools.value.pools)
  }
  void suggest()
  return { form, specs: EVENT_FIELDS, fields, fault, submit }
}

function fillForm({ fields }: EventForm, event: EventDetail | null): void {
  const values = valuesOf(event)
  for (const [name, each] of fields) each.setValue(values[name] ?? '')
}
