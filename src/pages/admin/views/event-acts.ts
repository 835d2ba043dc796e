/** The buttons that change the status of an event; each asks first, and says what it means for how many people. */
import type { Console } from '../console.ts'
import { confirm } from '../dom/dialog.ts'
import { button, h, setChildren } from '../dom/element.ts'
import { isFinal, offeredActs } from '../model/actions.ts'
import type { Act } from '../model/actions.ts'
import type { EventDetail } from '../model/answers.ts'
import { failureText } from '../model/failure.ts'
import { texts } from '../texts.ts'

export type EventActs = { readonly element: HTMLElement; update(event: EventDetail): void }

/** @param onChanged gets the event as it is after the action; null: it is deleted. */
export function createEventActs(
  { api, say }: Pick<Console, 'api' | 'say'>,
  onChanged: (event: EventDetail | null) => void,
): EventActs {
  const element = h('div', { class: 'acts', role: 'group', 'aria-label': texts.event.actions })
  let event: EventDetail | null = null
  let shown = ''

  const run = async (act: Act, eventId: string): Promise<string | null> => {
    const answer = act === 'delete' ? await api.deleteEvent(eventId) : await api.act(eventId, act)
    if (!answer.ok) return failureText(answer.error)
    say(texts.event.acts[act].done)
    onChanged(answer.value)
    return null
  }
  const ask = async (act: Act): Promise<void> => {
    if (event === null) return
    const { eventId, name, waiting, admitted } = event
    const words = texts.event.acts[act]
    const stakes = { name, waiting, inside: admitted }
    await confirm({
      title: words.title(stakes),
      means: words.means(stakes),
      confirm: words.confirm,
      cancel: texts.cancel,
      isFinal: isFinal(act),
      run: () => run(act, eventId),
    })
    // The button that was pressed may be gone with the status that it changed.
    if (document.activeElement === document.body) element.querySelector('button')?.focus()
  }

  return {
    element,
    update(now) {
      event = now
      const acts = offeredActs(now.status)
      if (acts.join() === shown) return
      shown = acts.join()
      setChildren(element, ...acts.map((act, index) => actButton(act, index === 0, () => void ask(act))))
    },
  }
}

/** The first offer is the way the sale goes on; those that end something look like it. */
function actButton(act: Act, isFirst: boolean, onClick: () => void): HTMLButtonElement {
  const look = isFinal(act) ? 'danger-quiet' : isFirst ? 'primary' : ''
  return button(texts.event.acts[act].label, onClick, { class: look, 'aria-haspopup': 'dialog' })
}
