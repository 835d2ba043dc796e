/** Who an office takes to be inside. */
import { describe, expect, it } from 'vitest'
import { err, ok } from '../../../src/core/result.ts'
import { Overloaded } from '../../../src/ports/overloaded.ts'
import type { Entry, LineSeatsApi } from '../../../src/ports/lines.ts'
import { OfficeDoor } from '../../../src/purchase/objects/office-door.ts'
import { admissionOf } from '../http/views.ts'

type Asked = Awaited<ReturnType<LineSeatsApi['enterAll']>>[number]

const ENTRY: Entry = { admissionId: 'a', sessionDigest: 's' }
const alive = ({ admissionId }: Entry): Asked => ok(admissionOf(admissionId, 'ann'))

function doorOf(answer: (entry: Entry) => Asked) {
  const calls: (readonly Entry[])[] = []
  const door = new OfficeDoor({
    eventId: 'demo',
    enterAll: async (entries) => {
      calls.push(entries)
      return entries.map(answer)
    },
  })
  return { door, calls }
}

describe('the door of an office', () => {
  it('asks for those together who come while the line is being asked, and lets each in by its own admission', async () => {
    const { door, calls } = doorOf(alive)
    const ids = ['a', 'b', 'c']
    const entered = await Promise.all(ids.map((admissionId) => door.enter({ ...ENTRY, admissionId })))
    expect(entered).toEqual(ids.map(ok))
    expect(calls.map((entries) => entries.map(({ admissionId }) => admissionId))).toEqual([['a'], ['b', 'c']])
  })

  it.each<['ended' | 'expired', Asked]>([
    ['ended', ok({ ...admissionOf('a', 'ann'), state: 'ended' })],
    ['ended', err({ reason: 'admission-ended' })],
    ['ended', err({ reason: 'admission-not-found' })],
    ['ended', err({ reason: 'event-not-found' })],
    ['expired', err({ reason: 'token-expired' })],
  ])('says that the token is %s', async (fault, answer) => {
    const { door } = doorOf(() => answer)
    expect(await door.enter(ENTRY)).toEqual(err({ reason: 'entry-token-required', fault }))
  })

  it.each([
    [new Error('gone'), { reason: 'store-unavailable' }],
    [new Overloaded('busy'), { reason: 'overloaded', retryAfterSeconds: 1 }],
  ])('lets nobody in by a line that does not answer: %s', async (error, failure) => {
    const door = new OfficeDoor({
      eventId: 'demo',
      enterAll: async () => {
        throw error
      },
    })
    expect(await door.enter(ENTRY)).toEqual(err(failure))
  })
})
