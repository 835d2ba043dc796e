import type { QueueItConfig } from '../tokens/queue-it-config.ts'

const TARGET_CHARS_MAX = 4_000

/** An address that visitors may be sent to with a token, or null: anybody can write one into a link. */
export function allowedTarget(text: string | null, queueIt: QueueItConfig | null): URL | null {
  if (queueIt === null || text === null || text.length > TARGET_CHARS_MAX || !URL.canParse(text)) return null
  const url = new URL(text)
  // A name and a password before the host make an address look like another.
  return queueIt.targets.includes(url.origin) && url.username === '' && url.password === '' ? url : null
}

/** The target with the token that the connector there looks for, in place of any that it has already. */
export function withToken(target: URL, token: string): string {
  const url = new URL(target)
  // As text: the shop's own parameters stay as they were written.
  const others = url.search
    .slice(1)
    .split('&')
    .filter((pair) => pair !== '' && !/^queueittoken=/i.test(pair))
  url.search = [...others, `queueittoken=${token}`].join('&')
  return url.href
}

/** A path and not an address: the page is here, whatever host we are reached by. */
export function waitPath(eventId: string, target: URL | null): string {
  const query = target === null ? '' : `?return=${encodeURIComponent(target.href)}`
  return `/wait/${eventId}${query}`
}

/** The link that takes an admitted visitor in. */
export function queueItEntryPath(eventId: string, target: URL | null): string {
  const wanted = target === null ? '' : `&t=${encodeURIComponent(target.href)}`
  return `/queue-it/enter?e=${eventId}${wanted}`
}
