/** lua/lib/rate.lua in TypeScript: the rate of a pool, as the scripts keep it (text, in milliseconds). */
const MINUTE_US = 60_000_000
const EVEN_BELOW = 8

function spacing(rate: number): { burst: number; intervalUs: number } {
  const burst = rate < EVEN_BELOW ? 1 : Math.ceil(rate / 60) + 1
  return { burst, intervalUs: Math.ceil(MINUTE_US / (rate - burst + 1)) }
}

function tatText(tatUs: number): string {
  return (tatUs / 1_000).toFixed(3)
}

/** The state in which the whole burst has just been used. */
export function spentTat(rate: number, nowMs: number): string {
  const { burst, intervalUs } = spacing(rate)
  return tatText(nowMs * 1_000 + burst * intervalUs)
}

/** How many of `wanted` may be admitted now, and the state after that. A missing state counts as spent. */
export function allowance(
  tat: string | null,
  rate: number,
  nowMs: number,
  wanted: number,
): { count: number; tatMs: string } {
  const { burst, intervalUs } = spacing(rate)
  const nowUs = nowMs * 1_000
  const storedUs = Math.floor(Number(tat ?? spentTat(rate, nowMs)) * 1_000 + 0.5)
  const tatUs = Math.max(nowUs, Math.min(storedUs, nowUs + MINUTE_US))
  const slackUs = nowUs + (burst - 1) * intervalUs - tatUs
  const count = Math.max(0, Math.min(wanted, Math.floor(slackUs / intervalUs) + 1))
  return { count, tatMs: tatText(tatUs + count * intervalUs) }
}
