/**
 * The way in. The key leaves the input when it is sent and is kept nowhere: what signs the operator in from then on is
 * a cookie that no script can read.
 */
import type { Api } from '../api.ts'
import type { OperatorSession } from '../model/answers.ts'
import { h, setText } from '../dom/element.ts'
import { field, input } from '../dom/field.ts'
import { onSubmit } from '../dom/form.ts'
import { failureText, isSignedOut } from '../model/failure.ts'
import type { Failure } from '../model/failure.ts'
import { texts } from '../texts.ts'

const NAME_CHARS_MAX = 64

export type SignIn = {
  readonly element: HTMLElement
  /**
   * @param hadSession it has ended, rather than never begun.
   * @param failure why it is not known whether somebody is signed in.
   */
  show(hadSession: boolean, failure: Failure | null): void
}

export function createSignIn(api: Api, onSignedIn: (session: OperatorSession) => void): SignIn {
  const words = texts.signIn
  const key = field(
    words.key,
    '',
    input({ type: 'password', name: 'key', required: true, spellcheck: 'false' }),
  )
  const name = field(
    words.name,
    words.nameHint,
    input({ type: 'text', name: 'name', maxlength: NAME_CHARS_MAX, autocomplete: 'username' }),
  )
  const fault = h('p', { class: 'fault', role: 'alert' })
  const lead = h('p', { class: 'lead' })
  const submit = h('button', { class: 'primary' }, words.submit)
  const form = h('form', { method: 'post' }, key.element, name.element, fault, submit)
  const element = h('section', { class: 'sign-in card' }, h('h1', { tabindex: -1 }, words.title), lead, form)

  const attempt = async (): Promise<void> => {
    const given = key.value()
    key.setValue('')
    key.setError(given === '' ? words.keyMissing : null)
    setText(fault, '')
    if (given === '') return key.control.focus()
    const answer = await api.signIn(given, name.value().trim())
    if (answer.ok) return onSignedIn(answer.value)
    if (isSignedOut(answer.error)) key.setError(words.wrongKey)
    else setText(fault, failureText(answer.error))
    key.control.focus()
  }
  onSubmit({ form, submit }, attempt)

  return {
    element,
    show(hadSession, failure) {
      setText(lead, hadSession ? words.ended : words.lead)
      key.setError(null)
      setText(fault, failure === null ? '' : failureText(failure))
      key.control.focus()
    },
  }
}
