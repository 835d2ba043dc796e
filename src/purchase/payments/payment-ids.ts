/**
 * A payment's id names its event, as an admission's does (src/core/ids.ts): `<eventId>.<22 base64url characters>`. So a
 * provider's webhook, which has nothing else, finds the right object.
 */
import { eventIdOfAdmission } from '../../core/ids.ts'

/** The event of a payment, or null when the text is no payment's id. */
export function eventIdOfPayment(paymentId: string): string | null {
  return eventIdOfAdmission(paymentId)
}
