/** What a field of an event says, for reading rather than for writing. */
import type { EventDetail } from './answers.ts'
import type { EventFieldSpec } from './event-form.ts'
import { countText, durationText, NONE, timeText, utcText } from './format.ts'
import { texts } from '../texts.ts'

export function settingText({ name, kind }: EventFieldSpec, event: EventDetail): string {
  if (name === 'eventId') return event.eventId
  if (name === 'queueing') return texts.queueings[event.queueing]
  const value = event[name]
  if (value === null) return NONE
  if (typeof value === 'boolean') return value ? texts.yes : texts.no
  if (typeof value === 'number') return name.endsWith('Seconds') ? durationText(value) : countText(value)
  if (kind !== 'instant') return value
  const atMs = Date.parse(value)
  return `${timeText(atMs)} (${utcText(atMs)})`
}
