/** Figures for people. */

const WHOLE = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })

/** 12,345 */
export function count(value: number): string {
  return WHOLE.format(value)
}

/** One decimal below ten, none from there on; a dash for what is not known yet. */
export function rate(perSecond: number | null): string {
  if (perSecond === null) return '-'
  return perSecond < 10 ? perSecond.toFixed(1) : count(perSecond)
}

/** 45 s, 3 min, 2 h 5 min: as precise as somebody who waits needs. */
export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 90) return `${minutes} min`
  const rest = minutes % 60
  return rest === 0 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 60)} h ${rest} min`
}

/** A range of waiting times, or a dash when there is no estimate. */
export function wait(etaSeconds: { readonly low: number; readonly high: number } | null): string {
  if (etaSeconds === null) return '-'
  const [low, high] = [duration(etaSeconds.low), duration(etaSeconds.high)]
  return low === high ? low : `${low} to ${high}`
}
