/** Who comes in a crowd, and what is measured of it. */
import { readFileSync } from 'node:fs'
import { createGuestTokens } from '../../src/tokens/guest-token.ts'
import type { TestUsher } from '../support/usher.ts'

/** What one scenario found, in the words of its table. */
export type Figures = Readonly<Record<string, string | number>>

/** Bearer tokens of so many guests. Signed here: thousands of sessions are not what is being tried. */
export async function guestTokens(usher: TestUsher, count: number): Promise<string[]> {
  const tokens = createGuestTokens({
    sessionSecret: usher.runtime.variables['SESSION_SECRET'] ?? '',
    visitorTokenTtlSeconds: 3_600,
  })
  const guests = await Promise.all(Array.from({ length: count }, () => tokens.createGuest(Date.now())))
  return guests.flatMap((guest) => (guest === null ? [] : [guest.token]))
}

/** Resident memory of the runtime in MB; 0 where there is no /proc. */
export function memoryMb(usher: TestUsher): number {
  const pid = usher.runtime.workerdPid()
  if (pid === null) return 0
  const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]
  return Math.round(Number(kilobytes) / 1_024)
}

/** The value that `share` of the sample does not exceed; 0 of an empty one. */
export function quantile(sample: readonly number[], share: number): number {
  const sorted = sample.toSorted((a, b) => a - b)
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0)
}

/** The numbers from 0 up to `count`. */
export function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index)
}
