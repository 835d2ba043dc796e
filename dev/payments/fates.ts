/**
 * What goes wrong at the fake provider on purpose. Everything follows from the seed and the payment's id, so a payment
 * has the same fate in every run, whatever else happens.
 */
import { createHash } from 'node:crypto'

export type Fates = {
  readonly seed: number
  /** How long after a change its webhook is sent. */
  readonly delayMsMin: number
  readonly delayMsMax: number
  /** The share of webhooks, 0 to 1, that are delivered twice. */
  readonly duplicateShare: number
  /** The share of webhooks that come `lateMs` later than the others. */
  readonly lateShare: number
  readonly lateMs: number
  /** The share of payments whose first webhook (opened) comes after the last one. */
  readonly outOfOrderShare: number
  /** The share of payments that are declined although the visitor agreed. */
  readonly declineShare: number
}

export const NO_FATES: Fates = {
  seed: 1,
  delayMsMin: 0,
  delayMsMax: 0,
  duplicateShare: 0,
  lateShare: 0,
  lateMs: 0,
  outOfOrderShare: 0,
  declineShare: 0,
}

/** What happens to one webhook of a payment. */
export type WebhookFate = { readonly delayMs: number; readonly copies: 1 | 2 }

export function isDeclined(fates: Fates, paymentId: string): boolean {
  return chance(fates, paymentId, 'decline') < fates.declineShare
}

/** @param state what the webhook tells: each has a fate of its own. */
export function webhookFateOf(fates: Fates, paymentId: string, state: string): WebhookFate {
  const { delayMsMin, delayMsMax, lateMs } = fates
  const isLate = chance(fates, paymentId, `late ${state}`) < fates.lateShare
  const isOvertaken = state === 'open' && chance(fates, paymentId, 'order') < fates.outOfOrderShare
  const spread = Math.floor(chance(fates, paymentId, `delay ${state}`) * (delayMsMax - delayMsMin + 1))
  return {
    delayMs: delayMsMin + spread + (isLate ? lateMs : 0) + (isOvertaken ? OVERTAKEN_MS : 0),
    copies: chance(fates, paymentId, `copies ${state}`) < fates.duplicateShare ? 2 : 1,
  }
}

/** Longer than a quick payer takes. */
const OVERTAKEN_MS = 3_000

/** In [0, 1), the same for the same words. */
function chance({ seed }: Fates, paymentId: string, what: string): number {
  const digest = createHash('sha256').update(`${seed} ${paymentId} ${what}`).digest()
  return digest.readUInt32BE(0) / 2 ** 32
}
