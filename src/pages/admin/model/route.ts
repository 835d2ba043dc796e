/** Where the operator is: the fragment of the URL, so that reloading, going back and sending a link all work. */

export type Route =
  | { readonly page: 'events' }
  | { readonly page: 'new-event' }
  | { readonly page: 'event'; readonly eventId: string }
  | { readonly page: 'edit-event'; readonly eventId: string }
  /** `query`: a visitor's id or an admission's; '' when nothing has been looked for yet. */
  | { readonly page: 'look-up'; readonly eventId: string | null; readonly query: string }
  | { readonly page: 'audit'; readonly eventId: string | null }
  | { readonly page: 'unknown' }

/** @param hash with or without its `#`. Parameters that are missing or empty count as not given. */
export function routeOf(hash: string): Route {
  const [path = '', search = ''] = hash.replace(/^#/, '').split('?', 2)
  const parameters = new URLSearchParams(search)
  const given = (name: string): string | null => parameters.get(name) || null
  const steps = path.split('/').filter((step) => step !== '')
  const [first, second, third] = steps.map(decoded)
  if (steps.length > 3) return { page: 'unknown' }
  if (first === undefined || (first === 'events' && second === undefined)) return { page: 'events' }
  if (first === 'new-event' && second === undefined) return { page: 'new-event' }
  if (first === 'events' && second !== undefined) {
    if (third === undefined) return { page: 'event', eventId: second }
    return third === 'edit' ? { page: 'edit-event', eventId: second } : { page: 'unknown' }
  }
  if (first === 'look-up' && second === undefined)
    return { page: 'look-up', eventId: given('event'), query: given('id') ?? '' }
  if (first === 'audit' && second === undefined) return { page: 'audit', eventId: given('event') }
  return { page: 'unknown' }
}

/** The fragment that leads there, with its `#`: the inverse of `routeOf`. */
export function hashOf(route: Route): string {
  switch (route.page) {
    case 'events':
      return '#/events'
    case 'new-event':
      return '#/new-event'
    case 'event':
      return `#/events/${encodeURIComponent(route.eventId)}`
    case 'edit-event':
      return `#/events/${encodeURIComponent(route.eventId)}/edit`
    case 'look-up':
      return `#/look-up${search({ event: route.eventId, id: route.query })}`
    case 'audit':
      return `#/audit${search({ event: route.eventId })}`
    case 'unknown':
      return '#/'
  }
}

function search(parameters: Readonly<Record<string, string | null>>): string {
  const given = Object.entries(parameters).flatMap(([name, value]) =>
    value === null || value === '' ? [] : [[name, value]],
  )
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`
}

/** A fragment can hold anything, also a percent sign that means nothing. */
function decoded(step: string): string {
  try {
    return decodeURIComponent(step)
  } catch {
    return step
  }
}
