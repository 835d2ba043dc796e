/** The middle and the ends of a few figures, and of the ratios of pairs of them. */

export type Spread = { readonly median: number; readonly min: number; readonly max: number }

/** @throws Error for no values: a path that measured nothing has no result. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  const [min, max] = [sorted[0], sorted.at(-1)]
  if (min === undefined || max === undefined) throw new Error('nothing was measured')
  const middle = (sorted.length - 1) / 2
  const [below, above] = [sorted[Math.floor(middle)], sorted[Math.ceil(middle)]]
  return { median: ((below ?? min) + (above ?? max)) / 2, min, max }
}

/**
 * The ratios of figures that were taken side by side, round by round: noise that lasts longer than a round strikes both
 * and leaves the ratio alone, which it would not leave a ratio of two medians.
 * @throws Error when they are not pairs, or a floor is 0.
 */
export function ratioSpread(figures: readonly number[], floors: readonly number[]): Spread {
  if (figures.length !== floors.length) throw new Error('a ratio needs as many floors as figures')
  return spreadOf(
    figures.map((figure, index) => {
      const floor = floors[index] ?? 0
      if (floor <= 0) throw new Error('the floor measured nothing')
      return figure / floor
    }),
  )
}

/** Each round's order: A B, B A, A B ..., so that a drift of the machine favours neither. */
export function orderOfRound<T>(round: number, first: T, second: T): readonly [T, T] {
  return round % 2 === 0 ? [first, second] : [second, first]
}
