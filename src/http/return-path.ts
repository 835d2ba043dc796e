/** Where in the shop a visitor wanted to go. What leads anywhere else is dropped: the room is no open redirect. */

const CHARS_MAX = 2_000

/**
 * @param wanted a path of the shop, or an address of its origin; from `?return=` or `?t=`
 * @returns the path with query and fragment; null when there is none, or none of the shop's
 */
export function returnPathOf(wanted: string | null, shopUrl: string | null): string | null {
  if (wanted === null || shopUrl === null || wanted.length > CHARS_MAX) return null
  // Browsers drop tabs and line breaks, and read a backslash as a slash.
  if (/[\\\s]/.test(wanted) || !URL.canParse(wanted, shopUrl)) return null
  const { protocol, origin, pathname, search, hash } = new URL(wanted, shopUrl)
  // `blob:` addresses have the origin of whoever made them.
  if (origin !== new URL(shopUrl).origin || !/^https?:$/.test(protocol)) return null
  // Whoever reads the path next must not take its start for a host.
  return pathname.startsWith('//') ? null : pathname + search + hash
}
