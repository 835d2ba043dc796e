/** The frame around every view: where one can go, who is signed in, and how fresh it is. */
import { button, h, setAttribute, setText } from './dom/element.ts'
import type { LiveStatus } from './live-status.ts'
import { zoneText } from './model/format.ts'
import { hashOf } from './model/route.ts'
import type { Route } from './model/route.ts'
import { texts } from './texts.ts'

export type Shell = {
  /** Header and banner, before the content. */
  readonly top: HTMLElement
  /** The content. */
  readonly main: HTMLElement
  readonly foot: HTMLElement
  setOperator(name: string): void
  setRoute(route: Route): void
}

type Place = { readonly text: string; readonly route: Route; readonly pages: readonly Route['page'][] }

const PLACES: readonly Place[] = [
  {
    text: texts.nav.events,
    route: { page: 'events' },
    pages: ['events', 'new-event', 'event', 'edit-event'],
  },
  { text: texts.nav.lookUp, route: { page: 'look-up', eventId: null, query: '' }, pages: ['look-up'] },
  { text: texts.nav.audit, route: { page: 'audit', eventId: null }, pages: ['audit'] },
]

export function createShell(liveStatus: LiveStatus, onSignOut: () => void): Shell {
  const main = h('main', { tabindex: -1 })
  const who = h('span', { class: 'who' })
  const links = PLACES.map(({ text, route }) => h('a', { href: hashOf(route) }, text))
  const header = h(
    'header',
    {},
    // Not a link: the fragment says where the operator is.
    button(texts.skip, () => main.focus(), { class: 'skip' }),
    h('a', { class: 'brand', href: hashOf({ page: 'events' }) }, 'Usher'),
    h('nav', { 'aria-label': texts.nav.label }, ...links),
    liveStatus.mark,
    h('div', { class: 'operator' }, who, button(texts.signOut, onSignOut, { class: 'quiet' })),
  )
  return {
    top: h('div', { class: 'top' }, header, liveStatus.banner),
    main,
    foot: h('footer', {}, h('p', {}, texts.zone(zoneText(Date.now())))),
    setOperator(name) {
      setText(who, name)
      setAttribute(who, 'title', texts.signedInAs(name))
    },
    setRoute({ page }) {
      for (const [index, place] of PLACES.entries()) {
        const link = links[index]
        if (link !== undefined) setAttribute(link, 'aria-current', place.pages.includes(page) ? 'page' : null)
      }
    },
  }
}
