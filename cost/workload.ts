/** The sale that a bill is for. */
import type { PaymentMethod } from '../src/purchase/core/records.ts'

export type PayBy = PaymentMethod

export type Workload = {
  /** The line is this long all the time: for each visitor who goes in, another one comes. */
  readonly waiting: number
  readonly hours: number
  readonly admitPerMinute: number
  /** How long a visitor shops. */
  readonly sessionMinutes: number
  /** In how many seconds those who wait have come. */
  readonly joinSeconds: number
  /** Share of the requests and calls that leave a log event, 0..1. */
  readonly logSampling: number
  /** Share of those admitted who buy a seat from the purchase service, 0..1; the others buy at the shop. */
  readonly buyShare: number
  readonly payBy: PayBy
  /** Whether the shop is told by webhooks. */
  readonly isShopTold: boolean
  /** Objects that are awake all the time; null: the line, and shards by its own rule. */
  readonly objects: number | null
}

/** Everybody who comes: those who wait, and one for each who was admitted. */
export function visitorsOf(load: Workload): number {
  return load.waiting + admissionsOf(load)
}

export function admissionsOf({ hours, admitPerMinute }: Workload): number {
  return admitPerMinute * 60 * hours
}

export function secondsOf({ hours }: Workload): number {
  return hours * 3_600
}

/** Streams at once, when `streamsShare` (0..1) of those who wait have one. */
export function streamsOf({ waiting: inLine }: Workload, streamsShare: number): number {
  return Math.round(inLine * streamsShare)
}

/** While those who wait come. */
export function joinsPerSecondOf({ waiting: inLine, joinSeconds }: Workload): number {
  return inLine / joinSeconds
}
