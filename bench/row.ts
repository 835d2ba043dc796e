/** What one measured path says, in the words of the report. */
import type { LatencySummary } from './measure/latency.ts'
import type { Spread } from './measure/spread.ts'

export type Unit = 'us CPU' | 'ms CPU' | 'ms' | 'per second' | 'bytes' | 'USD'

/** Where Usher's side ran: the production bundle, the same objects with the bench's door, or this Node process. */
export type Place = 'production' | 'inside' | 'node'

export type Target = {
  readonly of: 'ratio' | 'value'
  readonly kind: 'at most' | 'at least'
  readonly limit: number
}

export type Row = {
  /** The name that `--only` takes. */
  readonly path: string
  /** What the latencies are called; the path's name without it. */
  readonly series?: string
  readonly what: string
  readonly place: Place
  readonly unit: Unit
  readonly usher: Spread
  readonly usherLatency?: LatencySummary | null
  readonly floor?: { readonly what: string; readonly value: Spread; readonly latency?: LatencySummary | null }
  /** Round by round, Usher over its floor. */
  readonly ratio?: Spread
  readonly target?: Target
  readonly notes?: readonly string[]
}

/** Whether the median keeps the target; null without one. */
export function isMet({ target, ratio, usher }: Row): boolean | null {
  if (target === undefined) return null
  const found = target.of === 'ratio' ? ratio?.median : usher.median
  if (found === undefined) return false
  return target.kind === 'at most' ? found <= target.limit : found >= target.limit
}
