/** The address that a provider sends the visitor's browser back to, paid or not. */
import type { ProviderPayment, Returned } from './port.ts'
import { eventIdOfPayment } from './payment-ids.ts'

export const RETURN_PATH = '/api/v1/payments/return'

export function returnUrlOf({ origin, paymentId }: ProviderPayment): string {
  return `${origin}${RETURN_PATH}?${new URLSearchParams({ paymentId }).toString()}`
}

/** For providers that add nothing of their own to the address. */
export function readReturnedId(query: URLSearchParams): Returned | null {
  const paymentId = query.get('paymentId') ?? ''
  return eventIdOfPayment(paymentId) === null ? null : { paymentId, proof: null }
}
