/** Small graphs made of letters. */

const BAR_FULL = '█'
const BAR_EMPTY = '░'
const SPARKS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const

/** `width` cells of which the share `value / max` is full; with a `max` of 0, none is. */
export function bar(value: number, max: number, width: number): string {
  const share = max > 0 ? Math.min(1, Math.max(0, value / max)) : 0
  const full = Math.round(share * width)
  return BAR_FULL.repeat(full) + BAR_EMPTY.repeat(width - full)
}

/** One cell a value, the last `width` of them, the largest as the full cell. Zero is the lowest cell, null a space. */
export function sparkline(values: readonly (number | null)[], width: number): string {
  const shown = width > 0 ? values.slice(-width) : []
  const max = Math.max(0, ...shown.map((value) => value ?? 0))
  return shown.map((value) => (value === null ? ' ' : sparkOf(value, max))).join('')
}

function sparkOf(value: number, max: number): string {
  if (value <= 0 || max <= 0) return SPARKS[0]
  return SPARKS[Math.max(1, Math.ceil((value / max) * SPARKS.length) - 1)] ?? BAR_FULL
}
