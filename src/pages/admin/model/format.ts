/** Numbers, durations and times as the console writes them: English words, a 24-hour clock, the operator's own zone. */

const COUNT = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const RATE = new Intl.NumberFormat('en', { maximumFractionDigits: 1 })
const CLOCK = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' })
const SHORT_CLOCK = new Intl.DateTimeFormat('en-GB', { timeStyle: 'short' })
const DAY_AND_SHORT_CLOCK = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' })
const DAY_AND_CLOCK = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' })

/** What stands where there is no value. */
export const NONE = '–'

/** '12,345' */
export function countText(count: number): string {
  return COUNT.format(count)
}

/** '1 person', '12,345 people' */
export function peopleText(count: number): string {
  return count === 1 ? '1 person' : `${countText(count)} people`
}

/** '2.5' of any unit per time; small rates keep a digit, so that something never reads as nothing. */
export function rateText(rate: number): string {
  if (rate > 0 && rate < 0.05) return '< 0.1'
  return rate < 100 ? RATE.format(rate) : COUNT.format(rate)
}

/** '45 s', '3 min 20 s', '1 h 05 min' */
export function durationText(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  if (whole < 60) return `${whole} s`
  const minutes = Math.floor(whole / 60)
  if (minutes < 60) return whole % 60 === 0 ? `${minutes} min` : `${minutes} min ${whole % 60} s`
  const rest = minutes % 60
  const hours = Math.floor(minutes / 60)
  return rest === 0 ? `${hours} h` : `${hours} h ${String(rest).padStart(2, '0')} min`
}

/** '45 s', '1:40', '1:05:00': as short as an axis needs it. */
export function shortDurationText(seconds: number): string {
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  const two = (value: number): string => String(value).padStart(2, '0')
  const [hours, minutes, rest] = [Math.floor(whole / 3_600), Math.floor(whole / 60) % 60, whole % 60]
  return hours === 0 ? `${minutes}:${two(rest)}` : `${hours}:${two(minutes)}:${two(rest)}`
}

/** '14:03:22' in the operator's zone. */
export function clockText(atMs: number): string {
  return CLOCK.format(atMs)
}

/** '14:03' in the operator's zone. */
export function shortClockText(atMs: number): string {
  return SHORT_CLOCK.format(atMs)
}

/** '21 Nov 2026, 14:03:22' in the operator's zone. */
export function timeText(atMs: number): string {
  return DAY_AND_CLOCK.format(atMs)
}

/** '21 Nov 2026, 14:03' in the operator's zone. */
export function shortTimeText(atMs: number): string {
  return DAY_AND_SHORT_CLOCK.format(atMs)
}

/** '2026-11-21 05:03:22 UTC' */
export function utcText(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

/** 'Asia/Seoul (GMT+9)': the zone that every time of the console is in. */
export function zoneText(nowMs: number): string {
  const format = new Intl.DateTimeFormat('en-GB', { timeZoneName: 'shortOffset' })
  const offset = format.formatToParts(nowMs).find(({ type }) => type === 'timeZoneName')?.value ?? 'UTC'
  return `${format.resolvedOptions().timeZone} (${offset})`
}

/** What an `<input type="datetime-local" step="1">` holds for this instant: the operator's own zone, to the second. */
export function localInputOf(instant: string | null): string {
  if (instant === null) return ''
  const at = new Date(instant)
  const two = (value: number): string => String(value).padStart(2, '0')
  const day = `${String(at.getFullYear()).padStart(4, '0')}-${two(at.getMonth() + 1)}-${two(at.getDate())}`
  return `${day}T${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
}

/** The instant that such an input means, ISO 8601 UTC; null when it holds no complete time. */
export function instantOfLocalInput(text: string): string | null {
  // Without seconds when those are zero (HTML, valid normalised local date and time string).
  if (!/^\d{4,}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?$/.test(text)) return null
  const at = new Date(text)
  return Number.isNaN(at.getTime()) ? null : at.toISOString()
}
