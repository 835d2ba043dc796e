import type { JWTPayload } from 'jose'
import { USER_ID_CHARS_MAX } from '../core/ids.ts'
import { err, ok } from '../core/result.ts'
import type { Result } from '../core/result.ts'
import type { VisitorClaims } from '../ports/tokens.ts'

/** What a verified payload says of its bearer. */
export function visitorClaims(payload: JWTPayload): Result<VisitorClaims, 'token-invalid'> {
  const { sub, role } = payload
  if (typeof sub !== 'string' || sub === '' || sub.length > USER_ID_CHARS_MAX) return err('token-invalid')
  // JSON can carry half of a surrogate pair and UTF-8 cannot: stored, two such users would become one.
  if (!sub.isWellFormed()) return err('token-invalid')
  return ok({ userId: sub, isOperator: role === 'ADMIN' })
}
