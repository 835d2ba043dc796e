/** Which event it is and in which status, its waiting page, and the actions. */
import type { Console } from '../console.ts'
import { button, h, setText } from '../dom/element.ts'
import type { EventDetail } from '../model/answers.ts'
import { scheduleText } from '../model/settings.ts'
import { hashOf } from '../model/route.ts'
import { texts } from '../texts.ts'
import { createEventActs } from './event-acts.ts'
import { statusMark } from './marks.ts'

const words = texts.event

export type EventHead = { readonly element: HTMLElement; update(event: EventDetail): void }

export function createEventHead(
  console: Console,
  eventId: string,
  onChanged: (event: EventDetail | null) => void,
): EventHead {
  const name = h('h1', { tabindex: -1 }, eventId)
  const mark = statusMark()
  const schedule = h('small', {})
  const acts = createEventActs(console, onChanged)
  const about = h(
    'p',
    { class: 'about' },
    h('small', { class: 'id' }, eventId),
    schedule,
    ...pageLinks(console, eventId),
  )
  const title = h('div', { class: 'title' }, h('div', { class: 'name' }, name, mark.element), about)
  return {
    element: h(
      'div',
      {},
      h('p', { class: 'crumbs' }, h('a', { href: hashOf({ page: 'events' }) }, texts.nav.events)),
      h('div', { class: 'head' }, title, acts.element),
    ),
    update(event) {
      setText(name, event.name)
      document.title = `${event.name} · ${texts.console}`
      mark.update(event)
      setText(schedule, scheduleText(event))
      acts.update(event)
    },
  }
}

/** To the waiting page: to look at it, and to hand it on. */
function pageLinks({ say }: Pick<Console, 'say'>, eventId: string): HTMLElement[] {
  const address = new URL(`/wait/${eventId}`, location.href).href
  const copy = async (): Promise<void> => {
    try {
      // Only on https and on loopback; elsewhere there is no clipboard.
      await navigator.clipboard.writeText(address)
      say(words.copied)
    } catch {
      say(words.notCopied(address))
    }
  }
  return [
    h('a', { href: address, target: '_blank', rel: 'noopener' }, words.openPage),
    button(words.copyLink, () => void copy(), { class: 'link' }),
  ]
}
