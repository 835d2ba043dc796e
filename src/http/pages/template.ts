/** The frame around the waiting room: ours, or the operator's own (docs/waiting-page.md). */

/** `head` and `room` have to be there; each may be there more than once, or not, but `room` is of use once only. */
export const PLACEHOLDERS = ['language', 'direction', 'title', 'event', 'head', 'brand', 'room'] as const
type Placeholder = (typeof PLACEHOLDERS)[number]
const REQUIRED: readonly Placeholder[] = ['head', 'room']

/** A page is loaded by people on bad networks; ours is 500 characters. */
const CHARS_MAX = 20_000

export const OWN_TEMPLATE = `<!doctype html>
<html lang="{{language}}" dir="{{direction}}">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>{{title}}</title>
    {{head}}
  </head>
  <body>
    {{brand}}
    {{room}}
  </body>
</html>
`

/** What is wrong with a template, or null. */
export function templateFault(template: string): string | null {
  if (template.length > CHARS_MAX) return `has more than ${CHARS_MAX} characters`
  const missing = REQUIRED.find((name) => !template.includes(`{{${name}}}`))
  if (missing !== undefined) return `has no {{${missing}}}`
  const known: readonly string[] = PLACEHOLDERS
  const unknown = Array.from(template.matchAll(/\{\{(\w+)\}\}/g), ([, name = '']) => name).find(
    (name) => !known.includes(name),
  )
  return unknown === undefined ? null : `has {{${unknown}}}, which is no placeholder`
}

/** In one pass: a value that looks like a placeholder stays what it is. `values` are HTML. */
export function fillTemplate(template: string, values: Readonly<Record<Placeholder, string>>): string {
  return template.replaceAll(/\{\{(\w+)\}\}/g, (whole, name: Placeholder) => values[name] ?? whole)
}
