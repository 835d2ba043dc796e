/** How far two clocks are apart. Pure. */
import { failing, good, warning } from './check.ts'
import type { Check } from './check.ts'

/** Entry tokens are compared with the shop's clock, without tolerance unless it is asked for. */
const SKEW_MS_WARN = 2_000
/** From here on entry tokens of five minutes begin to be useless. */
const SKEW_MS_FAIL = 60_000

export type ClockReading = {
  readonly theirsMs: number
  /** What their clock cannot tell apart: a second for the Date header. */
  readonly resolutionMs: number
  readonly askedAtMs: number
  readonly answeredAtMs: number
}

/** @param whose in words, such as "the server". */
export function clockCheck(name: string, whose: string, reading: ClockReading): Check {
  const { theirsMs, resolutionMs, askedAtMs, answeredAtMs } = reading
  // Theirs was read somewhere between asking and answering, and may be up to a step later than it says.
  const behindMs = askedAtMs - (theirsMs + resolutionMs)
  const aheadMs = theirsMs - answeredAtMs
  const skewMs = Math.max(0, behindMs, aheadMs)
  if (skewMs < SKEW_MS_WARN)
    return good(name, `${whose} and this machine agree within ${SKEW_MS_WARN / 1_000} s`)
  const detail = `${whose} is at least ${Math.floor(skewMs / 1_000)} s ${behindMs > 0 ? 'behind' : 'ahead of'} this machine`
  const action = 'synchronise this clock (NTP); if it is right, the other one is wrong'
  return skewMs < SKEW_MS_FAIL ? warning(name, detail, action) : failing(name, detail, action)
}
