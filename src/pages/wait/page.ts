/** The elements of the waiting page (src/http/pages/wait-page.ts), and how a view gets into them. */
import type { RoomData } from './room.ts'
import { entryUrl } from './shop-url.ts'
import type { View } from './view.ts'

export type Page = {
  readonly data: RoomData
  element(id: string): HTMLElement
  /** Changes only what differs: an untouched element keeps its focus, and readers stay silent. */
  show(view: View): void
  /** Puts the token where the button takes it from. */
  hold(entryToken: string): void
}

/** @throws Error when the document is not a waiting page, as with a template that has lost the room */
export function openPage(): Page {
  const room = elementOf('room')
  const data = JSON.parse(room.dataset['room'] ?? '') as RoomData
  return {
    data,
    element: elementOf,
    show: (view) => show(room, view),
    hold: (entryToken) => hold(data, entryToken),
  }
}

function show(room: HTMLElement, view: View): void {
  const { line } = view
  room.dataset['phase'] = view.phase
  if (document.title !== view.tabTitle) document.title = view.tabTitle
  setText('title', view.title)
  setText('text', view.text)
  setText('note', view.note ?? '')
  setOptional('countdown', view.countdown)
  setOptional('date', view.date)
  setText('nextText', view.next ?? '')
  hide('next', view.next === null)
  hide('line', line === null)
  if (line !== null) {
    for (const name of ['position', 'ahead', 'behind', 'wait', 'pace'] as const) setText(name, line[name])
    const bar = elementOf('progress') as HTMLProgressElement
    if (line.progress !== null && bar.value !== line.progress) bar.value = line.progress
  }
  if (document.getElementById('entry') !== null) hide('entry', !view.canEnter)
  setText('again', view.again ?? '')
  hide('againForm', view.again === null)
  hide('leaveForm', !view.canLeave)
}

function hold({ shop }: RoomData, entryToken: string): void {
  if (shop === null) return
  const enter = elementOf('enter')
  if (enter instanceof HTMLAnchorElement) enter.href = entryUrl(shop, entryToken)
  else (document.querySelector('#shop [name=token]') as HTMLInputElement).value = entryToken
}

function setOptional(id: string, text: string | null): void {
  setText(id, text ?? '')
  hide(id, text === null)
}

function setText(id: string, text: string): void {
  const element = elementOf(id)
  if (element.textContent !== text) element.textContent = text
}

function hide(id: string, isHidden: boolean): void {
  const element = elementOf(id)
  // Whoever was on a button that goes away should not be sent to the start of the page.
  const hadFocus = isHidden && !element.hidden && element.contains(document.activeElement)
  element.hidden = isHidden
  if (hadFocus) elementOf('title').focus()
}

function elementOf(id: string): HTMLElement {
  const element = document.getElementById(id)
  if (element === null) throw new Error(`the page has no #${id}`)
  return element
}
