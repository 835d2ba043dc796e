import { expect } from 'vitest'
import type { Api, Visitor } from './usher.ts'

/** An event with one visitor who waits and one who is inside, and a check that this is still so. */
export async function untouchedEvent(api: Api): Promise<{
  eventId: string
  visitor: Visitor
  admissionId: string
  token: string
  readonly check: () => Promise<void>
}> {
  const eventId = await api.event({ capacity: 1 })
  const [inside, visitor] = await Promise.all([api.visitor(), api.visitor()])
  await api.join(eventId, inside)
  const { admissionId, entryToken: token } = await api.admitted(eventId, inside)
  await api.join(eventId, visitor)
  const read = async () => {
    const { body } = await api.admin('GET', `events/${eventId}`)
    const { body: admission } = await api.origin('GET', admissionId)
    return { ...body, present: 0, admission }
  }
  const before = await read()
  expect(before).toMatchObject({ waiting: 1, admitted: 1 })
  return {
    eventId,
    visitor,
    admissionId,
    token,
    check: async () => {
      expect(await read()).toEqual(before)
    },
  }
}
