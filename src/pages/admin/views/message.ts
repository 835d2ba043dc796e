/** A page that only says something, with a way on. */
import type { View } from '../console.ts'
import { h } from '../dom/element.ts'
import { hashOf } from '../model/route.ts'
import { texts } from '../texts.ts'

export function messageView(title: string, text: string): View {
  const back = h('a', { href: hashOf({ page: 'events' }) }, texts.unknownPage.back)
  const element = h(
    'div',
    { class: 'message' },
    h('h1', { tabindex: -1 }, title),
    h('p', {}, text),
    h('p', {}, back),
  )
  return { element, title, resume() {}, stop() {} }
}
