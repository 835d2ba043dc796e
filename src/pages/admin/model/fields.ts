/**
 * Reading forms. Every value is text, as inputs have it. Only what cannot be written as JSON is refused here; ranges and
 * what belongs together are the server's to judge, and its problem names the fields.
 */
import { isId } from '../../../core/ids.ts'
import { err, ok } from '../../../core/result.ts'
import type { Result } from '../../../core/result.ts'
import { texts } from '../texts.ts'
import { instantOfLocalInput } from './format.ts'

/** `optional-integer` and `instant` may be empty, which is null; a `toggle` holds 'true' or 'false'. */
export type Kind =
  | 'id'
  | 'optional-id'
  | 'text'
  | 'integer'
  | 'optional-integer'
  | 'instant'
  | 'choice'
  | 'toggle'

export type FieldSpec<Name extends string> = { readonly name: Name; readonly kind: Kind }

export type Values<Name extends string> = Readonly<Partial<Record<Name, string>>>
export type Errors<Name extends string> = Readonly<Partial<Record<Name, string>>>
export type Body<Name extends string> = Readonly<Partial<Record<Name, string | number | boolean | null>>>

/** The values as JSON has them, or a sentence for each field that cannot be. */
export function readFields<Name extends string>(
  specs: readonly FieldSpec<Name>[],
  values: Values<Name>,
): Result<Body<Name>, Errors<Name>> {
  const errors: Partial<Record<Name, string>> = {}
  const body: Partial<Record<Name, string | number | boolean | null>> = {}
  for (const { name, kind } of specs) {
    const value = readValue(kind, (values[name] ?? '').trim())
    if (value.ok) body[name] = value.value
    else errors[name] = value.error
  }
  return Object.keys(errors).length === 0 ? ok(body) : err(errors)
}

const words = texts.form.words
const MAY_BE_EMPTY: ReadonlySet<Kind> = new Set(['optional-id', 'optional-integer', 'instant'])

function readValue(kind: Kind, text: string): Result<string | number | boolean | null, string> {
  if (text === '') return MAY_BE_EMPTY.has(kind) ? ok(null) : err(words.required)
  switch (kind) {
    case 'toggle':
      return ok(text === 'true')
    case 'integer':
    case 'optional-integer':
      // More digits than a number holds exactly would be sent as another number.
      return /^-?\d{1,15}$/.test(text) ? ok(Number(text)) : err(words.wholeNumber)
    case 'instant': {
      const instant = instantOfLocalInput(text)
      return instant === null ? err(words.wholeTime) : ok(instant)
    }
    case 'id':
    case 'optional-id':
      return isId(text) ? ok(text) : err(words.badId)
    case 'text':
    case 'choice':
      return ok(text)
  }
}

/** The server's errors by field; those that are of no field of the form, for the form as a whole. */
export function placeErrors<Name extends string>(
  specs: readonly FieldSpec<Name>[],
  errors: readonly { readonly pointer: string; readonly detail: string }[],
): { readonly fields: Errors<Name>; readonly others: readonly string[] } {
  const fields: Partial<Record<Name, string>> = {}
  const others: string[] = []
  for (const { pointer, detail } of errors) {
    const spec = specs.find(({ name }) => pointer === `/${name}`)
    if (spec === undefined) others.push(pointer === '' ? detail : `${pointer}: ${detail}`)
    else fields[spec.name] ??= detail
  }
  return { fields, others }
}
