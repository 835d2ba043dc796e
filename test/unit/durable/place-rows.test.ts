import { describe, expect, it } from 'vitest'
import type { PlaceRecord } from '../../../src/core/records.ts'
import { eventFromText } from '../../../src/durable/line-rows.ts'
import { LineStorage } from '../../../src/durable/line-storage.ts'
import { placeRuns } from '../../../src/durable/place-runs.ts'
import { SqliteDatabase } from '../../long/sqlite-database.ts'
import { lineWith, T0 } from '../core/fixtures.ts'

function place(joinNumber: number, change: Partial<PlaceRecord> = {}): PlaceRecord {
  return {
    joinNumber,
    number: joinNumber,
    userId: `user "${joinNumber}" \\ é`,
    state: 'WAITING',
    joinedAtMs: T0,
    absentSinceMs: null,
    endedAtMs: null,
    admissionId: null,
    ...change,
  }
}

describe('many places of one decision', () => {
  it('INV-9: are the same rows as one by one', () => {
    const places = [
      ...[1, 2, 3].map((number) => place(number)),
      // Before a lottery's draw, and of another moment.
      ...[4, 5].map((number) => place(number, { number: null })),
      place(6, { joinedAtMs: T0 + 1 }),
      ...[9, 10].map((number) => place(number)),
    ]
    const [together, single] = [places, null].map(() => new LineStorage(new SqliteDatabase()))
    for (const rows of [together, single]) rows?.create()
    const event = { kind: 'event_saved', event: lineWith().event } as const
    together?.apply([event, ...places.map((one) => ({ kind: 'place_joined', place: one }) as const)])
    single?.apply([event])
    for (const one of places) single?.apply([{ kind: 'place_joined', place: one }])
    const [many, each] = [together, single].map((rows) => rows?.load(T0))
    expect([...(many?.waiting ?? [])]).toEqual([...(each?.waiting ?? [])])
    expect([many?.joinedTotal, each?.joinedTotal]).toEqual([10, 10])
  })

  it('are cut where they do not follow each other, and before a value gets too long', () => {
    const lengths = (places: PlaceRecord[]) => placeRuns(places).map(({ userIds }) => userIds.length)
    expect(lengths([place(1), place(2), place(4), place(5, { number: null })])).toEqual([2, 1, 1])
    expect(lengths(Array.from({ length: 12_000 }, (_, index) => place(index + 1)))).toEqual([
      5_000, 5_000, 2_000,
    ])
  })
})

it('an event that was saved before there was an expected peak has none', () => {
  const { event } = lineWith()
  const { expectedPeak: _, ...config } = event.config
  expect(eventFromText(JSON.stringify({ ...event, config }))).toEqual(event)
  const expecting = lineWith({ expectedPeak: 500 }).event
  expect(eventFromText(JSON.stringify(expecting))).toEqual(expecting)
})
