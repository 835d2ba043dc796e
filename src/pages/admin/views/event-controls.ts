/** Capacity and rate, changed in place while people wait. What is shown afterwards is what the server answered. */
import type { Console } from '../console.ts'
import { h, setAttribute, setText } from '../dom/element.ts'
import { field, input } from '../dom/field.ts'
import { onSubmit, showErrors, showFailure } from '../dom/form.ts'
import type { FormParts } from '../dom/form.ts'
import type { EventDetail } from '../model/answers.ts'
import { readFields } from '../model/fields.ts'
import type { FieldSpec } from '../model/fields.ts'
import { countText, rateText } from '../model/format.ts'
import { texts } from '../texts.ts'

const words = texts.event.controls

type Setting = 'capacity' | 'admitPerMinute'

export type EventControls = { readonly element: HTMLElement; update(event: EventDetail): void }

export function createEventControls(
  console: Pick<Console, 'api' | 'say'>,
  onChanged: (event: EventDetail) => void,
): EventControls {
  const capacity = setting('capacity', words.capacity, words.capacityHint, console, onChanged)
  const rate = setting('admitPerMinute', words.rate, words.rateHint, console, onChanged)
  const pooled = h('p', { class: 'hint' })
  return {
    element: h(
      'section',
      { class: 'card controls' },
      h('h2', {}, words.title),
      h('p', { class: 'lead' }, words.lead),
      capacity.element,
      rate.element,
      pooled,
    ),
    update(event) {
      capacity.update(event)
      rate.update(event)
      setText(pooled, event.poolId === null ? '' : words.pooled(event.poolId))
    },
  }
}

/** One number with its button. While it is being edited it stays, and says when somebody else has changed it. */
function setting(
  name: Setting,
  label: string,
  hint: string,
  { api, say }: Pick<Console, 'api' | 'say'>,
  onChanged: (event: EventDetail) => void,
): EventControls {
  const one = field(label, hint, input({ type: 'text', inputmode: 'numeric', name }))
  const submit = h('button', {}, words.apply)
  const fault = h('p', { class: 'fault', role: 'alert' })
  const form = h('form', { class: 'setting' }, one.element, submit, fault)
  const specs: readonly FieldSpec<Setting>[] = [
    { name, kind: name === 'capacity' ? 'integer' : 'optional-integer' },
  ]
  const parts: FormParts<Setting> = { form, specs, fields: new Map([[name, one]]), fault, submit }
  let eventId = ''
  /** What the server said last, as the input writes it. */
  let known = ''
  const isEdited = (): boolean => one.value().trim() !== known
  const mark = (): void => {
    setAttribute(submit, 'class', isEdited() ? 'primary' : null)
    setAttribute(form, 'data-edited', isEdited())
  }

  onSubmit(parts, async () => {
    if (!isEdited()) return say(texts.form.unchanged)
    const read = readFields(specs, { [name]: one.value() })
    if (!read.ok) return showErrors(parts, read.error)
    setText(submit, words.applying)
    const answer = await api.changeEvent(eventId, read.value)
    setText(submit, words.apply)
    if (!answer.ok) return showFailure(parts, answer.error)
    showErrors(parts, null)
    known = textOf(answer.value[name])
    one.setValue(known)
    say(doneText(name, answer.value[name]))
    onChanged(answer.value)
  })
  one.control.addEventListener('input', mark)

  return {
    element: form,
    update(event) {
      const now = textOf(event[name])
      const isKept = eventId !== '' && isEdited()
      if (isKept && now !== known) one.setHint(words.elsewhere(now === '' ? words.noLimit : now))
      else if (!isKept) one.setHint(hintOf(name, hint, event))
      eventId = event.eventId
      known = now
      if (!isKept) one.setValue(now)
      mark()
    },
  }
}

function textOf(value: number | null): string {
  return value === null ? '' : String(value)
}

function hintOf(name: Setting, hint: string, { admitPerMinute }: EventDetail): string {
  return name === 'admitPerMinute' && admitPerMinute !== null
    ? words.perSecond(rateText(admitPerMinute / 60))
    : hint
}

function doneText(name: Setting, value: number | null): string {
  if (name === 'capacity') return words.capacityDone(countText(value ?? 0))
  return value === null ? words.rateOff : words.rateDone(countText(value))
}
