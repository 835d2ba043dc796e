import type { SimHost } from './host.ts'

/** 1-based, counted the slow way; null before a lottery's draw. */
export function rankOf(host: SimHost, number: number | null): number | null {
  if (number === null) return null
  let rank = 0
  for (const other of host.rows.places.values()) {
    if (other.state === 'WAITING' && (other.number ?? Infinity) <= number) rank += 1
  }
  return rank
}
