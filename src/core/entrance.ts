/** Whether an admission that a good token names lets its visitor in. */
import type { LineFailure } from './failures.ts'
import { err, ok, type Result } from './result.ts'
import type { Admission } from './views.ts'

/** `expired` and `ended` are said of the token, since that is what the visitor shows. */
export type EntranceFailure =
  | { readonly reason: 'entry-token-required'; readonly fault: 'expired' | 'ended' }
  | LineFailure

/** The id of an admission that is alive; `asked`: what the line says of it. */
export function entranceOf(asked: Result<Admission, LineFailure>): Result<string, EntranceFailure> {
  if (asked.ok) return asked.value.state === 'ended' ? refused('ended') : ok(asked.value.admissionId)
  switch (asked.error.reason) {
    case 'token-expired':
      return refused('expired')
    // A good token of an event that has been deleted, or of an admission that is long forgotten.
    case 'admission-ended':
    case 'admission-not-found':
    case 'event-not-found':
      return refused('ended')
    default:
      return asked
  }
}

function refused(fault: 'expired' | 'ended'): Result<never, EntranceFailure> {
  return err({ reason: 'entry-token-required', fault })
}
