/** How an event stands right now, in large figures. */
import { h, setText } from '../dom/element.ts'
import type { EventDetail, Series } from '../model/answers.ts'
import { countText, durationText, NONE, rateText } from '../model/format.ts'
import { look, pacePerMinute } from '../model/pace.ts'
import type { Seen } from '../model/pace.ts'
import { sumLately, waitsLately } from '../model/samples.ts'
import { texts } from '../texts.ts'
import { roomMeter } from './marks.ts'

const words = texts.event.figures
/** What is told of the recent past, in minutes. */
const LATELY_MINUTES = 15

export type EventFigures = {
  readonly element: HTMLElement
  update(event: EventDetail): void
  /** @param nowMs by the server's clock. */
  updateSeries(series: Series, nowMs: number): void
}

export function createEventFigures(): EventFigures {
  const waiting = figure(words.waiting)
  const inside = figure(words.inside)
  const meter = roomMeter()
  inside.element.append(meter.element)
  const pace = figure(words.pace)
  const wait = figure(words.wait)
  const streams = figure(words.streams)
  const noShows = figure(words.noShows)
  const errors = figure(words.errors)
  const all = [waiting, inside, pace, wait, streams, noShows, errors]
  let seen: Seen[] = []
  return {
    element: h('dl', { class: 'figures', 'aria-label': words.title }, ...all.map(({ element }) => element)),
    update(event) {
      seen = look(seen, { atMs: Date.now(), total: event.admittedTotal })
      const perMinute = pacePerMinute(seen)
      waiting.set(countText(event.waiting), words.present(countText(event.present)))
      const of = words.insideOf(countText(event.capacity))
      inside.set(countText(event.admitted), event.admitted >= event.capacity ? `${of}, ${words.full}` : of)
      meter.update(event.admitted, event.capacity)
      pace.set(
        perMinute === null ? NONE : rateText(perMinute),
        words.paceTotal(countText(event.admittedTotal)),
      )
      streams.set(countText(event.streams), words.joined(countText(event.joinedTotal)))
    },
    updateSeries(series, nowMs) {
      const lately = sumLately(series, nowMs, LATELY_MINUTES)
      const span = words.lately(durationText(LATELY_MINUTES * 60))
      noShows.set(countText(lately.noShows), span)
      errors.set(countText(lately.errors), span, lately.errors > 0)
      const waits = waitsLately(series, nowMs)
      if (waits === null) wait.set(NONE, words.waitNone)
      else wait.set(durationText(waits.p50Seconds), words.waitP95(durationText(waits.p95Seconds)))
    },
  }
}

type Figure = { readonly element: HTMLElement; set(value: string, note: string, isTrouble?: boolean): void }

function figure(label: string): Figure {
  const value = h('span', { class: 'value' }, NONE)
  const note = h('small', {})
  const element = h('div', { class: 'figure' }, h('dt', {}, label), h('dd', {}, value, ' ', note))
  return {
    element,
    set(text, noteText, isTrouble = false) {
      setText(value, text)
      setText(note, noteText)
      element.classList.toggle('trouble', isTrouble)
    },
  }
}
