/**
 * Signatures of webhooks, as Stripe writes them: `t=<epoch seconds>,v1=<hex>[,v1=..]`, where v1 is the HMAC-SHA256 of
 * `<t>.<body>`. The time is signed too, so that a delivery that was overheard cannot be sent again later.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'

/** How far a delivery's time may be from ours, either way: longer than any retry of one request, and clock errors. */
export const SIGNATURE_TOLERANCE_SECONDS = 300

/** More signatures than any rotation needs; each one costs a comparison. */
const SIGNATURES_MAX = 8

/** The header's value for a body that is sent at `atMs` (epoch milliseconds); of several secrets each one signs. */
export function signatureOf(body: string, secrets: string | readonly string[], atMs: number): string {
  const seconds = Math.floor(atMs / 1_000)
  const signatures = [secrets].flat().map((secret) => `v1=${digest(seconds, body, secret).toString('hex')}`)
  return [`t=${seconds}`, ...signatures].join(',')
}

/** Whether one of the secrets has signed this body, not long before `nowMs`. */
export function isSigned(
  header: string | null,
  body: string,
  secrets: readonly string[],
  nowMs: number,
): boolean {
  const parts = (header ?? '').split(',').map((part) => part.trim())
  const time = parts.find((part) => part.startsWith('t='))?.slice(2) ?? ''
  if (!/^\d{1,12}$/.test(time)) return false
  const seconds = Number(time)
  if (Math.abs(nowMs / 1_000 - seconds) > SIGNATURE_TOLERANCE_SECONDS) return false
  const signatures = parts
    .filter((part) => /^v1=[0-9a-f]{64}$/.test(part))
    .slice(0, SIGNATURES_MAX)
    .map((part) => Buffer.from(part.slice(3), 'hex'))
  return secrets.some((secret) => {
    const ours = digest(seconds, body, secret)
    return signatures.some((theirs) => timingSafeEqual(ours, theirs))
  })
}

function digest(seconds: number, body: string, secret: string): Buffer {
  return createHmac('sha256', secret).update(`${seconds}.${body}`).digest()
}
