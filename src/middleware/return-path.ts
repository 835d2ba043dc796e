/** Where in the shop a visitor wanted to go. It travels through the browser, so it is a stranger's word. */

const PATH_CHARS_MAX = 2_000

/**
 * The path, query and fragment of an address of this shop, fit for `Location`; null for any other address. `host` is
 * the shop's, as in the `Host` header.
 */
export function safeReturnPath(text: string | null | undefined, host: string): string | null {
  if (text === null || text === undefined || text === '' || text.length > PATH_CHARS_MAX) return null
  const base = `http://${host}`
  if (!URL.canParse(text, base)) return null
  const url = new URL(text, base)
  if (url.host !== host || !/^https?:$/.test(url.protocol)) return null
  // `/.//evil.example` resolves to `//evil.example`, which a browser would take for another host.
  if (url.pathname.startsWith('//')) return null
  return url.pathname + url.search + url.hash
}
