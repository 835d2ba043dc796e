/** What a field of an event says, for reading rather than for writing; times excepted, which are marked up. */
import type { EventDetail } from './answers.ts'
import type { EventFieldSpec } from './event-form.ts'
import { countText, durationText, NONE, shortTimeText } from './format.ts'
import { texts } from '../texts.ts'

export function settingText({ name }: EventFieldSpec, event: EventDetail): string {
  if (name === 'eventId') return event.eventId
  if (name === 'queueing') return texts.queueings[event.queueing]
  const value = event[name]
  if (value === null) return NONE
  if (typeof value === 'boolean') return value ? texts.yes : texts.no
  if (typeof value === 'number') return name.endsWith('Seconds') ? durationText(value) : countText(value)
  return value
}

/** 'opens 22 Nov, 18:00' or 'closes …': what the clock does to this event next; '' when nothing. */
export function scheduleText({ status, opensAt, closesAt }: EventDetail): string {
  if (status === 'scheduled' && opensAt !== null) return texts.opens(shortTimeText(Date.parse(opensAt)))
  if (closesAt === null || status === 'closed' || status === 'sold_out') return ''
  return texts.closes(shortTimeText(Date.parse(closesAt)))
}
