/** The parameters that stand in paths: their grammar, and what one that breaks it is answered with. */
import { ADMISSION_ID_PATTERN, ID_PATTERN, USER_ID_PATTERN } from '../core/ids.ts'
import { err, ok } from '../core/result.ts'
import type { Result } from '../core/result.ts'
import { invalidRequest } from './failure.ts'
import type { Failure } from './failure.ts'

type ParamKind = { readonly pattern: RegExp; readonly description: string; failure(name: string): Failure }

const ID: ParamKind = {
  pattern: ID_PATTERN,
  description: '1 to 64 letters, digits, hyphens and underscores; the first is a letter or a digit.',
  failure: (name) => invalidRequest({ pointer: `/${name}`, detail: `Must match ${ID_PATTERN.source}` }),
}

export const PARAMS: Readonly<Record<string, ParamKind>> = {
  eventId: ID,
  poolId: ID,
  dropId: ID,
  admissionId: {
    pattern: ADMISSION_ID_PATTERN,
    description: 'As in the claim `jti` of the entry token.',
    // What cannot be an admission id is not the id of any admission.
    failure: () => ({ reason: 'admission-not-found' }),
  },
  userId: {
    pattern: USER_ID_PATTERN,
    description: "The visitor's `sub`, percent-encoded.",
    // What cannot be a user id has joined nothing.
    failure: () => ({ reason: 'not-in-queue' }),
  },
  reservationId: {
    // Made like an admission's id.
    pattern: ADMISSION_ID_PATTERN,
    description: 'As in the answer to the hold.',
    failure: () => ({ reason: 'reservation-not-found' }),
  },
  webhookId: {
    pattern: /^[0-9a-f]{32}$/,
    description: 'The `id` of the webhook.',
    failure: () => ({ reason: 'dead-letter-not-found' }),
  },
  paymentId: {
    // Made like an admission's id.
    pattern: ADMISSION_ID_PATTERN,
    description: 'As in the answer to the payment.',
    failure: () => ({ reason: 'payment-not-found' }),
  },
}

/** The names in `{braces}`, in order. */
export function paramNames(path: string): string[] {
  return Array.from(path.matchAll(/\{(\w+)\}/g), ([, name = '']) => name)
}

/** Checks every parameter of a path against its grammar. */
export function checkParams(params: Readonly<Record<string, string>>): Result<null, Failure> {
  for (const [name, value] of Object.entries(params)) {
    const kind = PARAMS[name]
    if (kind !== undefined && !kind.pattern.test(value)) return err(kind.failure(name))
  }
  return ok(null)
}
