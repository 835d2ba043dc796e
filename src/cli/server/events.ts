/** Events, as the operator's part of the API tells of them. */
import type { Server } from './server.ts'
import { eventListSchema, eventSchema, expectedAs } from './wire.ts'
import type { Event } from './wire.ts'

const EVENTS = '/api/v1/admin/events'

/** @param eventId checked by the caller. */
export function eventPath(eventId: string): string {
  return `${EVENTS}/${eventId}`
}

/** The answer to a call about one event. @throws CliFailure */
export async function callForEvent(
  server: Server,
  method: string,
  path: string,
  body?: unknown,
): Promise<Event> {
  return expectedAs(eventSchema, await server.call(method, path, body))
}

/** @throws CliFailure when there is none of this id. */
export async function readEvent(server: Server, eventId: string): Promise<Event> {
  return callForEvent(server, 'GET', eventPath(eventId))
}

/** All of them, ordered by id. @throws CliFailure */
export async function readEvents(server: Server): Promise<readonly Event[]> {
  return expectedAs(eventListSchema, await server.call('GET', EVENTS)).events
}
