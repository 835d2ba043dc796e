/** Whom to count requests against when no user is known: the address that Cloudflare saw. */
export function clientAddressOf(headers: Headers): string {
  const address = headers.get('CF-Connecting-IP') ?? 'unknown'
  return address.includes(':') ? networkOf(address) : address
}

/** One household or host owns a whole /64 of IPv6, so its single addresses say nothing. */
function networkOf(address: string): string {
  const [head = '', tail] = address.split('::', 2)
  const front = head === '' ? [] : head.split(':')
  if (tail === undefined) return front.slice(0, 4).join(':')
  const back = tail === '' ? [] : tail.split(':')
  const zeros = Array.from({ length: Math.max(0, 8 - front.length - back.length) }, () => '0')
  return [...front, ...zeros, ...back].slice(0, 4).join(':')
}
