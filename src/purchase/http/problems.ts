/** Why the purchase service refuses, and the problems that this becomes. */
import type { ProblemKind } from '../../http/problem-catalog.ts'
import type { OfficeFailure } from '../core/office.ts'
import type { PaymentFailure } from '../ports.ts'

/** What nobody is told as a problem of its own: faults of the body, or of the entry token. */
type RequestFault = 'seat-unknown' | 'section-unknown' | 'other-admission'

export type PurchaseFailure =
  | Exclude<OfficeFailure, { readonly reason: RequestFault }>
  | PaymentFailure
  | { readonly reason: 'signature-invalid' }

export const PURCHASE_PROBLEMS: Readonly<Record<PurchaseFailure['reason'], ProblemKind>> = {
  'insufficient-balance': {
    status: 402,
    title: 'Insufficient balance',
    detail: 'The wallet does not have the amount. The seats stay held; charge the wallet and pay again.',
  },
  'reservation-not-found': {
    status: 404,
    title: 'Reservation not found',
    detail: 'This visitor has no reservation with this id.',
  },
  'seat-taken': {
    status: 409,
    title: 'Seat taken',
    detail: 'Somebody else has some of the seats, named in `seatIds`; none was held.',
  },
  'section-sold-out': {
    status: 409,
    title: 'Section sold out',
    detail: 'The section does not have so many free seats at the moment; none was held.',
  },
  'too-many-seats': {
    status: 409,
    title: 'Too many seats',
    detail: 'With these, the admission would have more than `seatsMax` seats.',
  },
  'seats-in-use': {
    status: 409,
    title: 'Seats in use',
    detail: 'The new catalogue lacks seats that are held or sold, named in `seatIds`; nothing was changed.',
  },
  'reservation-paid': {
    status: 409,
    title: 'Reservation paid',
    detail: 'The seats are sold; they cannot be released.',
  },
  'payment-in-progress': {
    status: 409,
    title: 'Payment in progress',
    detail: 'A payment of this reservation is under way; ask again when it is settled.',
    retryAfterSeconds: 1,
  },
  'signature-invalid': {
    status: 401,
    title: 'Signature invalid',
    detail: 'The webhook was not signed with a secret of ours, or not in the last minutes.',
  },
  'payment-not-found': {
    status: 404,
    title: 'Payment not found',
    detail: 'There is no payment with this id.',
  },
  'payment-method-unavailable': {
    status: 409,
    title: 'Payment method unavailable',
    detail: 'This service has no payment provider; pay by wallet.',
  },
  'payment-not-stuck': {
    status: 409,
    title: 'Payment not stuck',
    detail: 'The payment is in `state`, which nobody has to decide.',
  },
  'payment-refused': {
    status: 502,
    title: 'Payment refused by the provider',
    detail:
      'The payment provider opened no checkout for this. The seats stay held for the rest of their time.',
  },
  'payment-provider-unavailable': {
    status: 503,
    title: 'Payment provider unavailable',
    detail: 'The payment provider does not answer at the moment; repeat the request, nothing is paid twice.',
    retryAfterSeconds: 2,
  },
  'reservation-expired': {
    status: 410,
    title: 'Reservation expired',
    detail: 'The seats were held for as long as they could be, and are not any more.',
  },
}

/** What a problem says beside its text. */
export function purchaseExtensions(failure: { readonly reason: string }): Record<string, unknown> {
  const { reason: _reason, ...extensions } = failure
  return Object.hasOwn(PURCHASE_PROBLEMS, failure.reason) ? extensions : {}
}
