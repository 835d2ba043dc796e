/**
 * The admission rate: a generic cell rate algorithm whose burst and spacing are chosen so that no half-open minute
 * ever holds more than the configured number. lua/reserve_leases.lua computes the same for a shared pool; both are
 * checked against test/vectors/rate.json.
 */
import type { EpochMs } from './time.ts'

/** When the next admission is due in theory; 0 before the first. */
export type RateState = { readonly tatMs: number }

const MINUTE_MS = 60_000
/** Guards the floor against the last bit of a division. */
const EPSILON = 1e-6

export function spacing(ratePerMinute: number): { burst: number; intervalMs: number } {
  const burst = Math.max(1, Math.floor(ratePerMinute / 60))
  return { burst, intervalMs: MINUTE_MS / (ratePerMinute - burst + 1) }
}

/** How many of `wanted` may be admitted now. */
export function allowance(state: RateState, ratePerMinute: number, nowMs: EpochMs, wanted: number): number {
  const { burst, intervalMs } = spacing(ratePerMinute)
  const slackMs = nowMs + (burst - 1) * intervalMs - due(state, nowMs)
  if (slackMs < -EPSILON) return 0
  return Math.min(wanted, Math.floor(slackMs / intervalMs + EPSILON) + 1)
}

/** The state after `admitted` were admitted. */
export function spend(state: RateState, ratePerMinute: number, nowMs: EpochMs, admitted: number): RateState {
  if (admitted === 0) return state
  return { tatMs: due(state, nowMs) + admitted * spacing(ratePerMinute).intervalMs }
}

/** A due time more than a minute ahead can only come from a clock that jumped back: it costs a minute, not more. */
function due(state: RateState, nowMs: EpochMs): number {
  return Math.min(Math.max(state.tatMs, nowMs), nowMs + MINUTE_MS)
}
