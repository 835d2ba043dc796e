/** Making and changing elements. Text is only ever set as text, never parsed as HTML. */

export type Child = Node | string | null
/** `true` is an attribute without a value; `false` and `null` leave it out. */
export type Attributes = Readonly<Record<string, string | number | boolean | null>>

export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  return fill(document.createElement(tag), attributes, children)
}

export function svg<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[Tag] {
  return fill(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children)
}

function fill<E extends Element>(element: E, attributes: Attributes, children: readonly Child[]): E {
  for (const [name, value] of Object.entries(attributes)) setAttribute(element, name, value)
  element.append(...children.filter((child) => child !== null))
  return element
}

/** Sets, or with `false` and `null` removes. An attribute that is so already is left alone. */
export function setAttribute(element: Element, name: string, value: string | number | boolean | null): void {
  if (value === false || value === null) element.removeAttribute(name)
  else {
    const text = value === true ? '' : String(value)
    if (element.getAttribute(name) !== text) element.setAttribute(name, text)
  }
}

/** Text that has not changed is left alone: a live region does not say it again, and a selection stays. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text
}

export function setChildren(element: Element, ...children: readonly Child[]): void {
  element.replaceChildren(...children.filter((child) => child !== null))
}

/** A button with a handler; its type is `button`, so that it never submits a form by accident. */
export function button(
  text: string,
  onClick: (event: MouseEvent) => void,
  attributes: Attributes = {},
): HTMLButtonElement {
  const made = h('button', { type: 'button', ...attributes }, text)
  made.addEventListener('click', onClick)
  return made
}

/** A time as the operator reads it, with the instant for machines. */
export function time(atMs: number, text: string): HTMLTimeElement {
  return h('time', { datetime: new Date(atMs).toISOString() }, text)
}
