/** One short sentence about what just happened, seen at the foot of the page and read out; it goes by itself. */
import { h, setText } from './element.ts'

const SHOWN_MS = 7_000

export type Say = (text: string) => void

export function createSayer(): { readonly element: HTMLElement; readonly say: Say } {
  const element = h('div', { role: 'status', class: 'said' })
  let timer = 0
  const say = (text: string): void => {
    clearTimeout(timer)
    // The same sentence again is news again, and is only read out when the text changes.
    setText(element, '')
    timer = setTimeout(() => {
      setText(element, text)
      timer = setTimeout(() => setText(element, ''), SHOWN_MS)
    }, 50)
  }
  return { element, say }
}
