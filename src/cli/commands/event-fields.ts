/** An option for each field of an event, made from the schema that the server checks it with. */
import * as z from 'zod'
import { isId } from '../../core/ids.ts'
import { eventConfigPatchBody } from '../../http/schemas/event-config.ts'
import type { Arguments, OptionSpec } from '../command.ts'
import { wrongUsage } from '../exit.ts'

type JsonSchema = {
  readonly type?: string
  readonly enum?: readonly string[]
  readonly minimum?: number
  readonly maximum?: number
  readonly maxLength?: number
  readonly format?: string
  readonly anyOf?: readonly JsonSchema[]
}

type Field = { readonly name: string; readonly schema: JsonSchema; readonly isNullable: boolean }

/** What is typed for a field that shall have no value. */
const NONE = 'none'

const FIELDS: readonly Field[] = Object.entries(
  (z.toJSONSchema(eventConfigPatchBody, { io: 'input' }).properties ?? {}) as Record<string, JsonSchema>,
).map(([name, schema]) => {
  const kinds = schema.anyOf ?? [schema]
  const own = kinds.find(({ type }) => type !== 'null') ?? {}
  return { name, schema: own, isNullable: kinds.some(({ type }) => type === 'null') }
})

export const FIELD_OPTIONS: readonly OptionSpec[] = FIELDS.map((field) => ({
  kind: 'text',
  name: optionOf(field.name),
  value: placeholderOf(field.schema),
  summary: rangeOf(field),
}))

/** What is wrong with an id, or null. */
export function eventIdFault(value: string): string | null {
  return isId(value) ? null : 'letters, digits, - and _, at most 64, not beginning with - or _'
}

/** The fields that were given, as the API takes them. @throws CliFailure when one is not even of the right kind. */
export function fieldsFrom(args: Arguments): Record<string, unknown> {
  return Object.fromEntries(
    FIELDS.flatMap((field) => {
      const text = args.text(optionOf(field.name))
      return text === null ? [] : [[field.name, valueOf(field, text)] as const]
    }),
  )
}

/** `admitPerMinute` is typed as `--admit-per-minute`. */
function optionOf(field: string): string {
  return field.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

function placeholderOf({ type, enum: choices, format }: JsonSchema): string {
  if (choices !== undefined) return 'WORD'
  if (format === 'date-time') return 'TIME'
  if (type === 'boolean') return 'true|false'
  if (type === 'integer' || type === 'number') return 'N'
  return type === 'string' ? 'TEXT' : 'JSON'
}

function rangeOf({ schema, isNullable }: Field): string {
  const { enum: choices, minimum, maximum, maxLength, format } = schema
  const parts = [
    choices?.join(', '),
    minimum !== undefined && maximum !== undefined ? `${minimum} to ${maximum}` : undefined,
    maxLength === undefined ? undefined : `at most ${maxLength} characters`,
    format === 'date-time' ? 'such as 2026-01-01T18:00:00Z' : undefined,
    isNullable ? NONE : undefined,
  ]
  return parts.filter((part) => part !== undefined).join(', or ')
}

/** The kind is checked here, since JSON needs it; the range is the server's to judge. */
function valueOf({ name, schema, isNullable }: Field, text: string): unknown {
  if (isNullable && text === NONE) return null
  switch (placeholderOf(schema)) {
    case 'N':
      if (!/^-?\d{1,15}$/.test(text)) throw wrongUsage(`--${optionOf(name)}: a whole number`)
      return Number(text)
    case 'true|false':
      if (text !== 'true' && text !== 'false') throw wrongUsage(`--${optionOf(name)}: true or false`)
      return text === 'true'
    case 'JSON':
      return jsonOf(name, text)
    default:
      return text
  }
}

function jsonOf(name: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw Object.assign(wrongUsage(`--${optionOf(name)}: JSON`), { cause: error })
  }
}
