/** The end of a place or an admission, by whichever door. */
import type { LineResult } from '../ports/lines.ts'
import type { GatewayDeps } from './gateway-deps.ts'

/**
 * An admission that somebody has left gives its seats back with it.
 * @returns `left` as it came.
 */
export async function withSeatsGivenBack(
  { purchase }: Pick<GatewayDeps, 'purchase'>,
  eventId: string,
  left: LineResult<{ readonly admissionId: string | null }>,
): Promise<typeof left> {
  if (left.ok && left.value.admissionId !== null) await purchase.left(eventId, left.value.admissionId)
  return left
}
