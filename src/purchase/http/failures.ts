/** From what an office refuses to what a client is told. */
import { invalidRequest } from '../../http/failure.ts'
import type { Failure } from '../../http/failure.ts'
import type { OfficeResult } from '../ports.ts'

type OfficeRefusal = Extract<OfficeResult<null>, { ok: false }>['error']

export function failureOf(refusal: OfficeRefusal): Failure {
  switch (refusal.reason) {
    case 'seat-unknown':
      return invalidRequest(
        ...refusal.seatIds.map((seatId) => ({ pointer: '/seatIds', detail: `There is no seat ${seatId}.` })),
      )
    case 'section-unknown':
      return invalidRequest({ pointer: '/section', detail: `There is no section ${refusal.section}.` })
    case 'other-admission':
      return { reason: 'entry-token-required', fault: 'other-admission' }
    case 'not-inside':
      return refusal.why
    default:
      return refusal
  }
}
