/** The form of an event: its fields, what they hold, and the body they make. */
import { QUEUEINGS } from '../../../core/event-config.ts'
import type { EventConfig } from '../../../core/event-config.ts'
import { EVENT_DEFAULTS } from '../../../core/event-fields.ts'
import { ok } from '../../../core/result.ts'
import type { Result } from '../../../core/result.ts'
import { readFields } from './fields.ts'
import type { Body, Errors, FieldSpec, Kind, Values } from './fields.ts'
import { localInputOf } from './format.ts'

export type FieldName = keyof EventConfig | 'eventId'
export type EventBody = Body<keyof EventConfig>

export type EventFieldSpec = FieldSpec<FieldName> & {
  readonly choices?: readonly string[]
  /** Only when an event is created. */
  readonly onCreate?: true
}

type Group = {
  readonly title: 'what' | 'room' | 'schedule' | 'times'
  readonly fields: readonly EventFieldSpec[]
}

export const FORM_GROUPS: readonly Group[] = [
  {
    title: 'what',
    fields: [
      { name: 'eventId', kind: 'id', onCreate: true },
      { name: 'name', kind: 'text' },
      { name: 'public', kind: 'toggle' },
    ],
  },
  {
    title: 'room',
    fields: [
      { name: 'capacity', kind: 'integer' },
      { name: 'admitPerMinute', kind: 'optional-integer' },
      { name: 'queueing', kind: 'choice', choices: QUEUEINGS },
      { name: 'poolId', kind: 'optional-id' },
      { name: 'expectedPeak', kind: 'optional-integer' },
    ],
  },
  {
    title: 'schedule',
    fields: [
      { name: 'status', kind: 'choice', choices: ['open', 'scheduled', 'paused', 'closed'], onCreate: true },
      { name: 'opensAt', kind: 'instant' },
      { name: 'closesAt', kind: 'instant' },
    ],
  },
  {
    title: 'times',
    fields: [
      { name: 'entryTokenTtlSeconds', kind: 'integer' },
      { name: 'leaseTtlSeconds', kind: 'integer' },
      { name: 'maxSessionSeconds', kind: 'integer' },
      { name: 'disconnectGraceSeconds', kind: 'integer' },
      { name: 'batchSizeMax', kind: 'integer' },
    ],
  },
]

export const EVENT_FIELDS: readonly EventFieldSpec[] = FORM_GROUPS.flatMap(({ fields }) => fields)

/** What the inputs hold for this configuration; for a new event the defaults, and no capacity, which has none. */
export function valuesOf(config: EventConfig | null): Values<FieldName> {
  const known: Partial<EventConfig> = config ?? EVENT_DEFAULTS
  return Object.fromEntries(EVENT_FIELDS.map(({ name, kind }) => [name, valueOf(known, name, kind)]))
}

function valueOf(config: Partial<EventConfig>, name: FieldName, kind: Kind): string {
  const value = name === 'eventId' ? undefined : config[name]
  if (value === undefined || value === null) return ''
  return kind === 'instant' ? localInputOf(String(value)) : String(value)
}

/** The body of a PUT that creates the event, or what is wrong with which field. A name that is empty becomes the id. */
export function createBody(
  values: Values<FieldName>,
): Result<{ readonly eventId: string; readonly body: EventBody }, Errors<FieldName>> {
  const isNamed = (values.name ?? '').trim() !== ''
  const read = readFields(isNamed ? EVENT_FIELDS : EVENT_FIELDS.filter(({ name }) => name !== 'name'), values)
  if (!read.ok) return read
  const { eventId, ...body } = read.value
  return ok({ eventId: String(eventId), body })
}

/** The body of a PATCH: only what differs from what the form was filled with, so that nobody else's change is undone. */
export function patchBody(
  values: Values<FieldName>,
  before: Values<FieldName>,
): Result<EventBody, Errors<FieldName>> {
  const isChanged = ({ name }: EventFieldSpec): boolean =>
    (values[name] ?? '').trim() !== (before[name] ?? '')
  return readFields(
    EVENT_FIELDS.filter((spec) => spec.onCreate !== true && isChanged(spec)),
    values,
  )
}
