import { describe, expect, it } from 'vitest'
import type { EventConfig } from '../../../src/core/event-config.ts'
import { EVENT_DEFAULTS } from '../../../src/core/event-fields.ts'
import { eventConfigBody, eventConfigPatchBody } from '../../../src/http/schemas/event-config.ts'
import { createBody, EVENT_FIELDS, patchBody, valuesOf } from '../../../src/pages/admin/model/event-form.ts'
import { placeErrors, readFields } from '../../../src/pages/admin/model/fields.ts'
import { instantOfLocalInput } from '../../../src/pages/admin/model/format.ts'

const CONFIG: EventConfig = {
  ...EVENT_DEFAULTS,
  name: 'The gala',
  capacity: 100,
  opensAt: '2026-01-05T18:00:00.123Z',
}

describe('the form of a new event', () => {
  it('has the defaults, and asks for what has none', () => {
    const read = createBody(valuesOf(null))
    expect(read).toEqual({ ok: false, error: { eventId: 'Enter a value.', capacity: 'Enter a value.' } })
  })

  it('makes a body that the API takes, and an empty name becomes the id', () => {
    const values = { ...valuesOf(null), eventId: 'gala', capacity: '100', closesAt: '2027-01-05T18:00' }
    const read = createBody(values)
    if (!read.ok) throw new Error('refused')
    const { eventId, body } = read.value
    expect(eventId).toBe('gala')
    expect(eventConfigBody.parse(body)).toEqual({
      ...EVENT_DEFAULTS,
      capacity: 100,
      closesAt: instantOfLocalInput('2027-01-05T18:00'),
    })
  })

  it('has a field for everything that the API takes', () => {
    const fields = EVENT_FIELDS.map(({ name }) => name).filter((name) => name !== 'eventId')
    expect(fields.toSorted()).toEqual(Object.keys(eventConfigBody.shape).toSorted())
  })

  it.each([
    ['capacity', '1.5', 'Enter a whole number.'],
    ['capacity', 'many', 'Enter a whole number.'],
    ['capacity', '12345678901234567890', 'Enter a whole number.'],
    ['eventId', 'a b', '1 to 64 letters, digits, - and _; the first a letter or digit.'],
    ['opensAt', '2026-01-05', 'Enter a date and a time.'],
    ['leaseTtlSeconds', ' ', 'Enter a value.'],
  ] as const)('refuses %s %j', (name, value, error) => {
    const values = { ...valuesOf(null), eventId: 'gala', capacity: '100', [name]: value }
    expect(createBody(values)).toEqual({ ok: false, error: { [name]: error } })
  })
})

describe('the form of an event', () => {
  it('sends nothing when nothing was changed, not even milliseconds that an input cannot hold', () => {
    expect(patchBody(valuesOf(CONFIG), valuesOf(CONFIG))).toEqual({ ok: true, value: {} })
  })

  it('sends what was changed, and an emptied field as null', () => {
    const before = valuesOf({ ...CONFIG, admitPerMinute: 60 })
    const read = patchBody(
      { ...before, name: 'The ball', admitPerMinute: '', opensAt: '', public: 'false' },
      before,
    )
    if (!read.ok) throw new Error('refused')
    expect(read.value).toEqual({ name: 'The ball', admitPerMinute: null, opensAt: null, public: false })
    expect(eventConfigPatchBody.parse(read.value)).toEqual(read.value)
  })

  it('cannot change the id, nor the status, which has actions', () => {
    const before = valuesOf(CONFIG)
    expect(patchBody({ ...before, eventId: 'other', status: 'closed' }, before)).toEqual({
      ok: true,
      value: {},
    })
  })
})

it('the server’s errors stand at their fields, the first of each; the others are told together', () => {
  expect(
    placeErrors(EVENT_FIELDS, [
      { pointer: '/capacity', detail: 'Too big' },
      { pointer: '/capacity', detail: 'Too odd' },
      { pointer: '/colour', detail: 'Unknown' },
      { pointer: '', detail: 'Not an object' },
    ]),
  ).toEqual({ fields: { capacity: 'Too big' }, others: ['/colour: Unknown', 'Not an object'] })
})

it('an id that may be empty is null then', () => {
  expect(readFields([{ name: 'poolId', kind: 'optional-id' }], { poolId: ' ' })).toEqual({
    ok: true,
    value: { poolId: null },
  })
})
