/** Holding seats, giving them back, paying for them. */
import { err, ok } from '../../core/result.ts'
import type { Result } from '../../core/result.ts'
import { endpoint } from '../../http/endpoint.ts'
import type { Failure } from '../../http/failure.ts'
import { admissionOf, sessionDigestOf, type Entrance } from '../../http/entry-token.ts'
import { isKeyed, keptJson, operationOf } from '../../http/idempotency.ts'
import { json, noContent } from '../../http/reply.ts'
import type { Kept } from '../../ports/idempotency.ts'
import type { Checkout, OfficeResult, Reservation } from '../ports.ts'
import { failureOf } from './failures.ts'
import { checkout, payment, paymentBody, reservation, reservationBody, selectionOf } from './schemas.ts'

const RESERVATIONS = '/api/v1/events/{eventId}/reservations'
const RESERVATION = '/api/v1/events/{eventId}/reservations/{reservationId}'

export const reservationEndpoints = [
  endpoint({
    method: 'POST',
    path: RESERVATIONS,
    auth: 'visitor',
    tag: 'Purchase',
    summary: 'Hold one to four seats, all or none: by their ids, or the best of a section.',
    body: reservationBody,
    idempotent: 'by object',
    entryToken: true,
    responses: { 201: { description: 'Held.', schema: reservation } },
    problems: ['seat-taken', 'section-sold-out', 'too-many-seats', 'store-unavailable'],
    async handler(call) {
      const { purchase, params, caller, body } = call
      const office = purchase.office(params.eventId)
      const operation = operationOf(call)
      const selection = selectionOf(body)
      if (selection === null) throw new Error('a body that names nothing')
      const wanted = { operation, userId: caller.userId, selection, holdMs: purchase.holdMs }
      const held = await inside(call, async (admissionId) =>
        answered(
          await office.hold({ ...wanted, admissionId, sessionDigest: sessionDigestOf(caller) }),
          (reservation) => ok(keptJson(201, reservation)),
        ),
      )
      if (held.kind === 'answered') return held.answer
      const earlier = isKeyed(call.request) ? await office.answered(operation) : null
      return earlier === null ? err(held.why) : answeredBefore(earlier, 201)
    },
  }),
  endpoint({
    method: 'GET',
    path: RESERVATION,
    auth: 'visitor',
    tag: 'Purchase',
    summary: "How one of the visitor's own reservations stands.",
    responses: { 200: { description: 'The reservation.', schema: reservation } },
    problems: ['reservation-not-found'],
    async handler({ purchase, params, caller }) {
      const found = await purchase.office(params.eventId).reservation(params.reservationId, caller.userId)
      return found.ok ? ok(json(200, found.value)) : err(failureOf(found.error))
    },
  }),
  endpoint({
    method: 'DELETE',
    path: RESERVATION,
    auth: 'visitor',
    tag: 'Purchase',
    summary: 'Give the seats back; the admission stays. May be repeated.',
    entryToken: true,
    responses: { 204: { description: 'Not held any more, or not once the payment under way is closed.' } },
    problems: ['reservation-not-found', 'reservation-paid', 'payment-in-progress'],
    async handler(call) {
      const admission = await admissionOf(call)
      if (!admission.ok) return admission
      const { purchase, params, caller } = call
      const given = await purchase.office(params.eventId).giveUp(params.reservationId, caller.userId)
      return given.ok ? ok(noContent()) : err(failureOf(given.error))
    },
  }),
  endpoint({
    method: 'POST',
    path: `${RESERVATION}/payment`,
    auth: 'visitor',
    tag: 'Purchase',
    summary: 'Pay for the seats. Paying ends the admission as completed; a failed payment costs nothing.',
    body: paymentBody,
    idempotent: 'by object',
    entryToken: true,
    responses: {
      200: { description: 'Paid.', schema: payment },
      202: { description: 'Begun: the visitor pays at `checkoutUrl`.', schema: checkout },
    },
    problems: [
      'reservation-not-found',
      'reservation-expired',
      'payment-in-progress',
      'insufficient-balance',
      'payment-method-unavailable',
      'payment-refused',
      'payment-provider-unavailable',
      'store-unavailable',
    ],
    async handler(call) {
      const { purchase, params, caller, body, request } = call
      const office = purchase.office(params.eventId)
      const operation = operationOf(call)
      const { reservationId } = params
      const wanted = { operation, reservationId, userId: caller.userId }
      const paid = await inside(call, async (admissionId) =>
        body.method === 'provider'
          ? answered(
              await office.payByProvider({ ...wanted, admissionId, origin: new URL(request.url).origin }),
              checkedOut,
            )
          : answered(await office.payByWallet({ ...wanted, admissionId }), (made) => ok(keptJson(200, made))),
      )
      if (paid.kind === 'answered') return paid.answer
      // Paying has ended the admission; whoever asks again is told what the first answer was, or should have been.
      const earlier = isKeyed(call.request) ? await office.answered(operation) : null
      return earlier === null
        ? paidBefore(paid.why, await office.reservation(reservationId, caller.userId))
        : answeredBefore(earlier, body.method === 'provider' ? 202 : 200)
    },
  }),
]

type Outside = { readonly kind: 'outside'; readonly why: Failure }
type Answered = { readonly kind: 'answered'; readonly answer: Result<Response, Failure> }

/** Asks the office on behalf of somebody who shows a token of ours; the office finds out whether they are inside. */
async function inside(
  entrance: Entrance,
  ask: (admissionId: string) => Promise<Answered | Outside>,
): Promise<Answered | Outside> {
  const admission = await admissionOf(entrance)
  return admission.ok ? ask(admission.value) : { kind: 'outside', why: admission.error }
}

function answered<T>(
  result: OfficeResult<T>,
  view: (value: T) => Result<Response, Failure>,
): Answered | Outside {
  if (result.ok) return { kind: 'answered', answer: view(result.value) }
  return result.error.reason === 'not-inside'
    ? { kind: 'outside', why: result.error.why }
    : { kind: 'answered', answer: err(failureOf(result.error)) }
}

function checkedOut({ answer, isReplay }: Kept<Checkout>): Result<Response, Failure> {
  const { checkoutUrl: _, ...payment } = answer
  // Asked with another key after it was paid.
  return ok(
    answer.state === 'pending'
      ? keptJson(202, { answer, isReplay })
      : keptJson(200, { answer: payment, isReplay }),
  )
}

function paidBefore(refusal: Failure, found: OfficeResult<Reservation>): Result<Response, Failure> {
  if (!found.ok || found.value.state !== 'paid') return err(refusal)
  const { paymentId, state, amount } = found.value
  return ok(json(200, { paymentId, state, amount }))
}

/** What was answered before is answered again, also when the admission is over by now. */
function answeredBefore(earlier: OfficeResult<Kept<unknown>>, status: number): Result<Response, Failure> {
  return earlier.ok ? ok(keptJson(status, earlier.value)) : err(failureOf(earlier.error))
}
