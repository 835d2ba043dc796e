/** The inputs of an event's form. */
import { EVENT_DEFAULTS, EVENT_RANGES, NAME_CHARS_MAX } from '../../../core/event-fields.ts'
import { h, setAttribute, setText } from '../dom/element.ts'
import { field, input, select } from '../dom/field.ts'
import type { Control, Field } from '../dom/field.ts'
import type { Pool } from '../model/answers.ts'
import { FORM_GROUPS } from '../model/event-form.ts'
import type { EventFieldSpec, FieldName } from '../model/event-form.ts'
import { countText, instantOfLocalInput, utcText } from '../model/format.ts'
import { texts } from '../texts.ts'

const words = texts.form

export type EventFields = {
  readonly fields: ReadonlyMap<FieldName, Field>
  readonly elements: readonly HTMLElement[]
}

/** @param isNew the event does not exist yet. */
export function createEventFields(isNew: boolean): EventFields {
  const fields = new Map<FieldName, Field>()
  const elements = FORM_GROUPS.map(({ title, fields: specs }) => {
    const shown = specs.filter(({ onCreate }) => isNew || onCreate !== true)
    for (const spec of shown) fields.set(spec.name, fieldOf(spec))
    const inputs = shown.flatMap(({ name }) => fields.get(name)?.element ?? [])
    return h(
      'fieldset',
      { class: 'card' },
      h('legend', {}, words.groups[title]),
      h('div', { class: 'fields' }, ...inputs),
    )
  })
  return { fields, elements }
}

/** Suggests the pools that there are; another id can be typed, and the server says whether it is one. */
export function suggestPools({ fields }: Pick<EventFields, 'fields'>, pools: readonly Pool[]): void {
  const pool = fields.get('poolId')
  if (pool === undefined) return
  const list = h('datalist', { id: 'pools' }, ...pools.map(({ poolId }) => h('option', { value: poolId })))
  pool.element.append(list)
  setAttribute(pool.control, 'list', list.id)
}

function fieldOf(spec: EventFieldSpec): Field {
  const one = field(words.fields[spec.name].label, hintOf(spec.name), controlOf(spec))
  return spec.kind === 'instant' ? withUtc(one) : one
}

function controlOf({ name, kind, choices }: EventFieldSpec): Control {
  switch (kind) {
    case 'choice':
      return select((choices ?? []).map((choice) => [choice, choiceText(name, choice)]))
    case 'toggle':
      return input({ type: 'checkbox', name })
    case 'instant':
      return input({ type: 'datetime-local', step: 1, name })
    case 'integer':
    case 'optional-integer':
      return input({ type: 'text', inputmode: 'numeric', name, required: kind === 'integer' })
    case 'text':
      return input({ type: 'text', name, maxlength: NAME_CHARS_MAX })
    case 'id':
    case 'optional-id':
      return input({
        type: 'text',
        name,
        spellcheck: 'false',
        autocapitalize: 'none',
        required: kind === 'id',
      })
  }
}

function choiceText(name: FieldName, choice: string): string {
  const known: Readonly<Record<string, string>> = name === 'queueing' ? texts.queueings : texts.statuses
  return known[choice] ?? choice
}

/** What the field means, its range and its default. */
function hintOf(name: FieldName): string {
  const ranges: Readonly<Partial<Record<FieldName, { min: number; max: number }>>> = EVENT_RANGES
  const defaults: Readonly<Partial<Record<FieldName, string | number | boolean | null>>> = EVENT_DEFAULTS
  const [range, byDefault] = [ranges[name], defaults[name]]
  return [
    words.fields[name].hint,
    range === undefined ? '' : words.range(countText(range.min), countText(range.max)),
    typeof byDefault === 'number' ? words.byDefault(countText(byDefault)) : '',
  ]
    .filter((part) => part !== '')
    .join(' ')
}

/** The time is in the operator's zone; which instant that is, is said below it while it is typed. */
function withUtc(one: Field): Field {
  const utc = h('p', { class: 'hint utc', 'aria-live': 'polite' })
  one.element.append(utc)
  const show = (): void => {
    const instant = instantOfLocalInput(one.value())
    setText(utc, instant === null ? '' : words.utc(utcText(Date.parse(instant))))
  }
  one.control.addEventListener('input', show)
  return {
    ...one,
    setValue(value) {
      one.setValue(value)
      show()
    },
  }
}
