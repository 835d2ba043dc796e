/**
 * The way in. The key leaves the input when it is sent and is kept nowhere: what signs the operator in from then on is
 * a cookie that no script can read.
 */
import type { Api } from '../api.ts'
import { h, setText } from '../dom/element.ts'
import { field, input } from '../dom/field.ts'
import type { Field } from '../dom/field.ts'
import { onSubmit, showErrors, showFailure } from '../dom/form.ts'
import type { FormParts } from '../dom/form.ts'
import type { OperatorSession } from '../model/answers.ts'
import { failureText, isSignedOut } from '../model/failure.ts'
import type { Failure } from '../model/failure.ts'
import type { FieldSpec } from '../model/fields.ts'
import { texts } from '../texts.ts'

const words = texts.signIn
const NAME_CHARS_MAX = 64

type Name = 'key' | 'name'
const SPECS: readonly FieldSpec<Name>[] = [
  { name: 'key', kind: 'text' },
  { name: 'name', kind: 'text' },
]

export type SignIn = {
  readonly element: HTMLElement
  /**
   * @param hadSession it has ended, rather than never begun.
   * @param failure why it is not known whether somebody is signed in.
   */
  show(hadSession: boolean, failure: Failure | null): void
}

export function createSignIn(api: Api, onSignedIn: (session: OperatorSession) => void): SignIn {
  const key = field(
    words.key,
    '',
    input({ type: 'password', name: 'key', required: true, spellcheck: 'false' }),
  )
  const nameInput = input({ type: 'text', name: 'name', maxlength: NAME_CHARS_MAX, autocomplete: 'username' })
  const name = field(words.name, words.nameHint, nameInput)
  const fields: ReadonlyMap<Name, Field> = new Map([
    ['key', key],
    ['name', name],
  ])
  const fault = h('p', { class: 'fault', role: 'alert' })
  const lead = h('p', { class: 'lead' })
  const submit = h('button', { class: 'primary' }, words.submit)
  const form = h('form', { method: 'post' }, key.element, name.element, fault, submit)
  const parts: FormParts<Name> = { form, specs: SPECS, fields, fault, submit }

  onSubmit(parts, async () => {
    const given = key.value()
    key.setValue('')
    if (given === '') return showErrors(parts, { key: words.keyMissing })
    const answer = await api.signIn(given, name.value().trim().replaceAll(/\s+/g, ' '))
    showErrors(parts, null)
    if (answer.ok) return onSignedIn(answer.value)
    if (isSignedOut(answer.error)) return showErrors(parts, { key: words.wrongKey })
    showFailure(parts, answer.error)
    key.control.focus()
  })

  return {
    element: h(
      'main',
      { class: 'sign-in card' },
      h('p', { class: 'brand' }, texts.console),
      h('h1', { tabindex: -1 }, words.title),
      lead,
      form,
    ),
    show(hadSession, failure) {
      setText(lead, hadSession ? words.ended : words.lead)
      showErrors(parts, null)
      setText(fault, failure === null ? '' : failureText(failure))
      key.control.focus()
    },
  }
}
