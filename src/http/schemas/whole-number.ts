/** Numbers in an address. */
import * as z from 'zod'

/** A parameter that is a whole number within both bounds, as a number. */
export function wholeNumber(min: number, max: number) {
  return z
    .string()
    .regex(/^\d{1,16}$/, 'Must be a whole number.')
    .transform(Number)
    .pipe(z.int().min(min).max(max))
}
