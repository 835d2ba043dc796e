/** Modal dialogs. The browser keeps the focus inside, closes on Escape, and gives the focus back. */
import { button, h, setChildren, setText } from './element.ts'
import type { Child } from './element.ts'

export type Confirmation = {
  readonly title: string
  readonly means: string
  readonly confirm: string
  readonly cancel: string
  /** It cannot be undone: the focus is on the way out, and the button looks like it. */
  readonly isFinal: boolean
  /** Does it. A text: why it was not done; the dialog stays and says it. */
  readonly run: () => Promise<string | null>
}

/** Asks, and does it on yes. Resolves when the dialog is gone. @returns whether it was done. */
export function confirm(question: Confirmation): Promise<boolean> {
  const fault = h('p', { class: 'fault', role: 'alert' })
  const means = h('p', { id: 'dialog-means' }, question.means)
  const yes = button(question.confirm, () => void attempt(), {
    class: question.isFinal ? 'danger' : 'primary',
  })
  const no = button(question.cancel, () => dialog.close())
  const dialog = open(question.title, [means, fault, h('div', { class: 'dialog-buttons' }, no, yes)])
  dialog.setAttribute('aria-describedby', 'dialog-means')
  ;(question.isFinal ? no : yes).focus()
  let isDone = false
  const attempt = async (): Promise<void> => {
    // Not `disabled`, which would drop the focus; a second press while the first is under way does nothing.
    if (yes.getAttribute('aria-disabled') === 'true') return
    yes.setAttribute('aria-disabled', 'true')
    setText(fault, '')
    const why = await question.run()
    yes.removeAttribute('aria-disabled')
    isDone = why === null
    if (isDone) dialog.close()
    else setText(fault, why ?? '')
  }
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(isDone))
  })
}

/** Opens a dialog with this heading and content. It is taken out of the document when it is closed. */
export function open(title: string, content: readonly Child[]): HTMLDialogElement {
  const dialog = h('dialog', { 'aria-labelledby': 'dialog-title' })
  setChildren(dialog, h('h2', { id: 'dialog-title' }, title), ...content)
  dialog.addEventListener('close', () => dialog.remove())
  document.body.append(dialog)
  dialog.showModal()
  return dialog
}
