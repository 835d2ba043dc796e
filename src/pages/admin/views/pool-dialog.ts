/** Makes or changes a pool. */
import type { Api } from '../api.ts'
import { open } from '../dom/dialog.ts'
import { button, h } from '../dom/element.ts'
import { field, input } from '../dom/field.ts'
import type { Field } from '../dom/field.ts'
import { onSubmit, showErrors, showFailure, valuesIn } from '../dom/form.ts'
import type { FormParts } from '../dom/form.ts'
import type { Pool } from '../model/answers.ts'
import { readFields } from '../model/fields.ts'
import { POOL_FIELDS } from '../model/pool-form.ts'
import { texts } from '../texts.ts'

const words = texts.pools

/** @param pool the one to change, or null for a new one. */
export function openPoolDialog(api: Api, pool: Pool | null, onSaved: (saved: Pool) => void): void {
  const fields = poolFields(pool)
  const fault = h('p', { class: 'fault', role: 'alert' })
  const submit = h('button', { class: 'primary' }, words.save)
  const buttons = h(
    'div',
    { class: 'dialog-buttons' },
    button(texts.cancel, () => dialog.close()),
    submit,
  )
  const form = h('form', {}, ...[...fields.values()].map(({ element }) => element), fault, buttons)
  const parts: FormParts<keyof Pool> = { form, specs: POOL_FIELDS, fields, fault, submit }
  const dialog = open(pool === null ? words.createTitle : words.changeOf(pool.poolId), [form])

  onSubmit(parts, async () => {
    const read = readFields(POOL_FIELDS, valuesIn(fields))
    if (!read.ok) return showErrors(parts, read.error)
    const { poolId, ...config } = read.value
    const answer = await api.putPool(String(poolId), config)
    if (!answer.ok) return showFailure(parts, answer.error)
    dialog.close()
    onSaved(answer.value)
  })
}

function poolFields(pool: Pool | null): ReadonlyMap<keyof Pool, Field> {
  const { capacity, admitPerMinute } = texts.form.fields
  const number = { type: 'text', inputmode: 'numeric' }
  const fields = new Map<keyof Pool, Field>([
    ['poolId', field(words.poolId, texts.form.words.badId, input({ type: 'text', spellcheck: 'false' }))],
    ['capacity', field(capacity.label, capacity.hint, input(number))],
    ['admitPerMinute', field(admitPerMinute.label, admitPerMinute.hint, input(number))],
  ])
  for (const [name, each] of fields) each.setValue(String(pool?.[name] ?? ''))
  const id = fields.get('poolId')
  // Its id is what it is known by.
  if (pool !== null && id !== undefined) id.element.hidden = true
  return fields
}
