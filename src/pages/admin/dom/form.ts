/** Forms of several fields: their values, their errors, and sending them. */
import { setAttribute, setText } from './element.ts'
import type { Field } from './field.ts'
import { placeErrors } from '../model/fields.ts'
import type { Errors, FieldSpec, Values } from '../model/fields.ts'
import { failureText } from '../model/failure.ts'
import type { Failure } from '../model/failure.ts'
import { texts } from '../texts.ts'

export type FormParts<Name extends string> = {
  readonly form: HTMLFormElement
  readonly specs: readonly FieldSpec<Name>[]
  readonly fields: ReadonlyMap<Name, Field>
  /** For what is of no field; an alert. */
  readonly fault: HTMLElement
  readonly submit: HTMLButtonElement
}

export function valuesIn<Name extends string>(fields: ReadonlyMap<Name, Field>): Values<Name> {
  const values: Partial<Record<Name, string>> = {}
  for (const [name, each] of fields) values[name] = each.value()
  return values
}

/** Marks the fields that are wrong, says how many they are, and goes to the first. */
export function showErrors<Name extends string>(
  { fields, fault }: FormParts<Name>,
  errors: Errors<Name> | null,
  others: readonly string[] = [],
): void {
  for (const [name, each] of fields) each.setError(errors?.[name] ?? null)
  const wrong = [...fields].filter(([name]) => errors?.[name] !== undefined)
  setText(fault, [...(wrong.length === 0 ? [] : [texts.form.faults(wrong.length)]), ...others].join(' '))
  wrong[0]?.[1].control.focus()
}

/** A refusal, at the fields that it names. */
export function showFailure<Name extends string>(parts: FormParts<Name>, failure: Failure): void {
  if (failure.kind !== 'problem' || failure.errors.length === 0)
    return showErrors(parts, null, [failureText(failure)])
  const { fields, others } = placeErrors(parts.specs, failure.errors)
  showErrors(parts, fields, others)
}

/** Calls `send` when the form is submitted, once at a time. */
export function onSubmit(
  { form, submit }: { form: HTMLFormElement; submit: HTMLElement },
  send: () => Promise<void>,
): void {
  form.noValidate = true
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    // Not `disabled`, which would drop the focus.
    if (submit.getAttribute('aria-disabled') === 'true') return
    setAttribute(submit, 'aria-disabled', 'true')
    void send().finally(() => setAttribute(submit, 'aria-disabled', null))
  })
}
