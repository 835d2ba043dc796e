import type { Shop } from './room.ts'

/** The address of the way in: the shop's, with the token where no server and no log sees it, or a link without it. */
export function entryUrl({ url, tokenBy, returnPath }: Shop, token: string): string {
  if (tokenBy === 'link') return url
  const fragment = new URLSearchParams({ usher_token: token })
  if (returnPath !== null) fragment.set('return', returnPath)
  const address = new URL(url)
  address.hash = fragment.toString()
  return address.href
}
