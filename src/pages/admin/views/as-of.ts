/** When something was asked for that does not move by itself, and asking again. */
import { button, h, setText } from '../dom/element.ts'
import { clockText } from '../model/format.ts'
import { texts } from '../texts.ts'

export type AsOf = { readonly element: HTMLElement; taken(atMs: number): void }

export function createAsOf(again: () => void): AsOf {
  const clock = h('span', {})
  return {
    element: h('p', { class: 'as-of' }, clock, button(texts.refresh, again, { class: 'link' })),
    taken: (atMs) => setText(clock, texts.live.updated(clockText(atMs))),
  }
}
