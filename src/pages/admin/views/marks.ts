/** Small marks that several views show. */
import type { EventStatusName } from '../../../core/event-config.ts'
import { h, setAttribute, setText, time } from '../dom/element.ts'
import type { Child } from '../dom/element.ts'
import { countText, timeText, utcText } from '../model/format.ts'
import { texts } from '../texts.ts'

export type StatusMark = {
  readonly element: HTMLElement
  update(event: { readonly status: EventStatusName; readonly holding: boolean }): void
}

/** The status of an event, and beside it that admissions are held. */
export function statusMark(): StatusMark {
  const status = h('span', { class: 'badge' })
  const holding = h(
    'span',
    { class: 'badge', 'data-status': 'holding', title: texts.holdingMeans },
    texts.holding,
  )
  return {
    element: h('span', { class: 'badges' }, status, holding),
    update(event) {
      setText(status, texts.statuses[event.status])
      setAttribute(status, 'data-status', event.status)
      setAttribute(holding, 'hidden', !event.holding)
    },
  }
}

export type RoomMeter = { readonly element: HTMLElement; update(inside: number, capacity: number): void }

/** How full it is, as a bar; the numbers stand beside it in words. */
export function roomMeter(): RoomMeter {
  const fill = h('span', { class: 'fill' })
  const element = h('span', { class: 'meter', 'aria-hidden': 'true' }, fill)
  return {
    element,
    update(inside, capacity) {
      const share = capacity === 0 ? (inside === 0 ? 0 : 1) : Math.min(1, inside / capacity)
      // A property, not an attribute: the page's policy forbids inline styles in markup alone.
      fill.style.inlineSize = `${(share * 100).toFixed(1)}%`
      setAttribute(element, 'data-full', inside >= capacity)
    },
  }
}

/** '12 of 100' */
export function roomText(inside: number, capacity: number): string {
  return texts.events.of(countText(inside), countText(capacity))
}

/** A time in the operator's zone, with UTC below it. @param text ISO 8601 */
export function instant(text: string): HTMLElement {
  const atMs = Date.parse(text)
  return h('span', { class: 'instant' }, time(atMs, timeText(atMs)), h('small', {}, utcText(atMs)))
}

/** An entry of a `dl` of facts. */
export function fact(label: string, value: Child): HTMLElement {
  return h('div', {}, h('dt', {}, label), h('dd', {}, value))
}
