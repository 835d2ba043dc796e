import type { Shop } from './room.ts'

/** The shop's address with the token where no server and no log sees it. */
export function fragmentUrl({ url, returnPath }: Shop, token: string): string {
  const fragment = new URLSearchParams({ usher_token: token })
  if (returnPath !== null) fragment.set('return', returnPath)
  const address = new URL(url)
  address.hash = fragment.toString()
  return address.href
}
