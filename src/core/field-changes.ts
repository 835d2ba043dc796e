/** What an operator's change did to a configuration, field by field. */
import type { FieldChange, ShownValue } from './console-views.ts'

/** Enough to recognise a long text by; an audit log is no archive of them. */
const VALUE_CHARS_MAX = 500

/** The fields that differ, in the order of `after`; all of them, from null, when there was nothing before. */
export function changedFields(before: object | null, after: object): FieldChange[] {
  return Object.entries(after).flatMap(([field, value]): FieldChange[] => {
    const was = shown(before === null ? null : Reflect.get(before, field))
    const is = shown(value)
    return was === is ? [] : [{ field, before: cut(was), after: cut(is) }]
  })
}

function shown(value: unknown): ShownValue {
  if (value === null || value === undefined) return null
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value
  return JSON.stringify(value)
}

function cut(value: ShownValue): ShownValue {
  if (typeof value !== 'string' || value.length <= VALUE_CHARS_MAX) return value
  return `${value.slice(0, VALUE_CHARS_MAX).toWellFormed()}…`
}
