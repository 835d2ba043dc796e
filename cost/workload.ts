/** The sale that a bill is for. */

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
  /** Objects that are awake all the time; null: by the rule of `objectsOf`. */
  readonly objects: number | null
}

/** Everybody who comes: those who wait, and one for each who was admitted. */
export function visitorsOf({ waiting: inLine, hours, admitPerMinute }: Workload): number {
  return inLine + admitPerMinute * 60 * hours
}
