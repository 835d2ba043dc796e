/** Numbers, plurals, durations and dates in the visitor's language, by Intl. */
import type { EtaSeconds } from '../../client/contract.ts'
import type { Plural, Texts } from './texts.ts'

const MINUTE = 60
const HOUR = 3_600
const DAY = 86_400
/** Up to here a wait is said in minutes. */
const MINUTES_MAX = 90
/** Up to here a countdown runs by the second. */
const COUNTDOWN_SECONDS_MAX = 2 * DAY

export type Format = {
  number(value: number): string
  /** `{n}` and the plural of it. */
  count(texts: Plural, value: number): string
  /** A wait, as wide as it is. */
  wait(seconds: EtaSeconds | null): string
  /** `4:05`, `1:04:05`; in days when it is far. */
  countdown(seconds: number): string
  /** Rounded up to whole minutes, hours or days, for a page that does not count. */
  duration(seconds: number): string
  /** In the zone of whoever formats, which it names when that is the server's. */
  date(atMs: number): string
}

/** @param timeZone default: the visitor's own, which only their browser knows */
export function formatOf(language: string, texts: Texts, timeZone?: string): Format {
  const numbers = new Intl.NumberFormat(language)
  const plurals = new Intl.PluralRules(language)
  const range = (unit: string, low: number, high: number): string => {
    const format = new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'long' })
    // Firefox has it since 116.
    return low === high || !('formatRange' in format) ? format.format(high) : format.formatRange(low, high)
  }
  const number = (value: number): string => numbers.format(value)
  return {
    number,
    count: (forms, value) => fill(forms[plurals.select(value)] ?? forms.other, { n: number(value) }),
    wait(eta) {
      if (eta === null) return texts.unknown
      if (eta.high <= MINUTE) return texts.underOneMinute
      const isLong = eta.high > MINUTES_MAX * MINUTE
      const unit = isLong ? HOUR : MINUTE
      const low = Math.max(1, Math.floor(eta.low / unit))
      const time = range(isLong ? 'hour' : 'minute', low, Math.ceil(eta.high / unit))
      return fill(texts.about, { time })
    },
    countdown(seconds) {
      if (seconds > COUNTDOWN_SECONDS_MAX) return range('day', ...same(Math.ceil(seconds / DAY)))
      const whole = Math.max(0, Math.ceil(seconds))
      const minutes = Math.floor(whole / MINUTE)
      const parts = [Math.floor(minutes / 60), minutes % 60, whole % MINUTE]
      const shown = minutes < 60 ? parts.slice(1) : parts
      return shown
        .map((part, index) => (index === 0 ? String(part) : String(part).padStart(2, '0')))
        .join(':')
    },
    duration(seconds) {
      if (seconds > 2 * DAY) return range('day', ...same(Math.ceil(seconds / DAY)))
      if (seconds > 2 * HOUR) return range('hour', ...same(Math.ceil(seconds / HOUR)))
      return range('minute', ...same(Math.max(1, Math.ceil(seconds / MINUTE))))
    },
    date: (atMs) =>
      new Intl.DateTimeFormat(language, {
        month: 'long',
        day: 'numeric',
        weekday: 'long',
        hour: 'numeric',
        minute: '2-digit',
        ...(timeZone !== undefined && { timeZone, timeZoneName: 'short' as const }),
      }).format(atMs),
  }
}

export function fill(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole)
}

function same(value: number): [number, number] {
  return [value, value]
}
