/**
 * The admission rate: a generic cell rate algorithm whose burst and spacing are chosen so that no half-open minute
 * ever holds more than the configured number. lua/reserve_leases.lua computes the same for a shared pool; both are
 * checked against test/vectors/rate.json.
 */
import type { EpochMs } from './time.ts'

/** When the next admission is due in theory; 0 before the first. */
export type RateState = { readonly tatMs: number }

const MINUTE_US = 60_000_000

/** Below this rate a burst would cost more of the minute than a tick's rounding does. */
const EVEN_BELOW_PER_MINUTE = 8

/**
 * `burst` admissions may come at once, then one each interval: a half-open minute holds at most
 * burst + (rate - burst). The burst is one tick's worth and one more, so that asking once a second does not lose what
 * falls between two ticks. The interval is rounded up to whole microseconds, and all arithmetic is in them: exact.
 */
function spacing(ratePerMinute: number): { burst: number; intervalUs: number } {
  const burst = ratePerMinute < EVEN_BELOW_PER_MINUTE ? 1 : Math.ceil(ratePerMinute / 60) + 1
  return { burst, intervalUs: Math.ceil(MINUTE_US / (ratePerMinute - burst + 1)) }
}

/** How many of `wanted` may be admitted now. */
export function allowance(state: RateState, ratePerMinute: number, nowMs: EpochMs, wanted: number): number {
  const { burst, intervalUs } = spacing(ratePerMinute)
  const slackUs = nowMs * 1_000 + (burst - 1) * intervalUs - dueUs(state, nowMs)
  return Math.max(0, Math.min(wanted, Math.floor(slackUs / intervalUs) + 1))
}

/** The state after `admitted` were admitted; 0 only brings a state from another clock back to this one. */
export function spend(state: RateState, ratePerMinute: number, nowMs: EpochMs, admitted: number): RateState {
  return { tatMs: (dueUs(state, nowMs) + admitted * spacing(ratePerMinute).intervalUs) / 1_000 }
}

/** A due time more than a minute ahead can only come from a clock that jumped back: it costs a minute, not more. */
function dueUs(state: RateState, nowMs: EpochMs): number {
  const nowUs = nowMs * 1_000
  return Math.min(Math.max(Math.round(state.tatMs * 1_000), nowUs), nowUs + MINUTE_US)
}
