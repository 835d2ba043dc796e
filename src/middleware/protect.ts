/** Which paths of the shop belong to which event. */
import { isId } from '../core/ids.ts'

/** `path`: one path (`/cart`), or a folder and all below it (`/tickets/*`). `eventId` null: open to everybody. */
export type Rule = { readonly path: string; readonly eventId: string | null }

/** An event for the whole shop; rules, of which the first that fits counts and without which a path is open; or code. */
export type Protect = string | readonly Rule[] | ((url: URL) => string | null)

/** Answers the event that a visitor needs an admission of, or null. @throws {TypeError} for rules that cannot be. */
export function eventFinder(protect: Protect): (url: URL) => string | null {
  if (typeof protect === 'function') return protect
  const rules = typeof protect === 'string' ? [{ path: '/*', eventId: protect }] : protect
  for (const { path, eventId } of rules) {
    if (!/^\/[^*]*\*?$/.test(path) || (path.endsWith('*') && !path.endsWith('/*')))
      throw new TypeError(`protect: a path is /one or /all/below/*, not ${path}`)
    if (eventId !== null && !isId(eventId)) throw new TypeError(`protect: ${eventId} is no event's id`)
  }
  return (url) => {
    const usual = usualForm(url.pathname)
    const found = rules.find(({ path, eventId }) => {
      const fitsUsual = fits(path.toLowerCase(), usual)
      // Routers differ in what they take for the same path. In doubt a path is protected: one is open only as written.
      return eventId === null ? fitsUsual && fits(path, url.pathname) : fitsUsual
    })
    return found?.eventId ?? null
  }
}

/** The events that are known beforehand; null when only code knows. */
export function eventsOf(protect: Protect): ReadonlySet<string> | null {
  if (typeof protect === 'function') return null
  if (typeof protect === 'string') return new Set([protect])
  return new Set(protect.flatMap(({ eventId }) => (eventId === null ? [] : [eventId])))
}

function fits(path: string, pathname: string): boolean {
  if (!path.endsWith('/*')) return pathname === path
  const folder = path.slice(0, -1)
  return pathname.startsWith(folder) || pathname === folder.slice(0, -1)
}

/** Decoded, in small letters, without empty or dotted parts: what the most lenient router may make of a path. */
function usualForm(pathname: string): string {
  let text = pathname
  try {
    text = decodeURIComponent(pathname)
  } catch {
    // Not UTF-8: as it is.
  }
  const base = 'http://shop.invalid'
  const { pathname: resolved } = new URL(base + text.replaceAll(/[\\/]+/g, '/').replaceAll(/[?#]/g, '_'))
  const usual = resolved.toLowerCase()
  return usual.length > 1 && usual.endsWith('/') ? usual.slice(0, -1) : usual
}
