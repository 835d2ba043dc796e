/** A labelled input with its hint and its error, tied together for those who hear the page. */
import { h, setAttribute, setText } from './element.ts'
import type { Attributes } from './element.ts'

export type Control = HTMLInputElement | HTMLSelectElement

export type Field = {
  readonly element: HTMLElement
  readonly control: Control
  value(): string
  setValue(value: string): void
  /** null: nothing is wrong. */
  setError(error: string | null): void
  setHint(hint: string): void
}

let made = 0

/** @param hint '' for none. A checkbox's value is 'true' or 'false'. */
export function field(label: string, hint: string, control: Control): Field {
  made += 1
  const id = `f${made}`
  const isToggle = control instanceof HTMLInputElement && control.type === 'checkbox'
  const hintElement = h('p', { id: `${id}-hint`, class: 'hint' }, hint)
  const errorElement = h('p', { id: `${id}-error`, class: 'fault' })
  setAttribute(control, 'id', id)
  const labelElement = h('label', { for: id }, label)
  const row = isToggle ? h('div', { class: 'toggle' }, control, labelElement) : null
  const element = h(
    'div',
    { class: 'field' },
    ...(row === null ? [labelElement, control] : [row]),
    hintElement,
    errorElement,
  )
  const describe = (): void => {
    const ids = [
      hintElement.textContent === '' ? [] : [hintElement.id],
      errorElement.textContent === '' ? [] : [errorElement.id],
    ].flat()
    setAttribute(control, 'aria-describedby', ids.length === 0 ? null : ids.join(' '))
    hintElement.hidden = hintElement.textContent === ''
    errorElement.hidden = errorElement.textContent === ''
  }
  describe()
  return {
    element,
    control,
    value: () => (isToggle ? String(control.checked) : control.value),
    setValue(value) {
      if (isToggle) control.checked = value === 'true'
      else control.value = value
    },
    setError(error) {
      setText(errorElement, error ?? '')
      setAttribute(control, 'aria-invalid', error === null ? null : 'true')
      describe()
    },
    setHint(text) {
      setText(hintElement, text)
      describe()
    },
  }
}

export function input(attributes: Attributes): HTMLInputElement {
  return h('input', { autocomplete: 'off', ...attributes })
}

export function select(options: readonly (readonly [value: string, text: string])[]): HTMLSelectElement {
  return h('select', {}, ...options.map(([value, text]) => h('option', { value }, text)))
}
