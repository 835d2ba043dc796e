/** Who is inside: the entry token in the header `Entry-Token`, fresh or redeemed. */
import { entranceOf } from '../core/entrance.ts'
import { err, ok } from '../core/result.ts'
import type { Result } from '../core/result.ts'
import { sha256Base64Url } from './digest.ts'
import type { Visitor } from './endpoint.ts'
import type { EntryTokenFault, Failure } from './failure.ts'
import type { GatewayDeps } from './gateway-deps.ts'

const ENTRY_TOKEN_HEADER = 'Entry-Token'
/** A token of ours has a few hundred characters; the bound keeps hostile ones away from the verifier. */
const TOKEN_CHARS_MAX = 4_096

export type Entrance = Pick<GatewayDeps, 'line' | 'entryTokens'> & {
  readonly request: Request
  readonly params: { readonly eventId: string }
  readonly caller: Visitor
}

/**
 * The admission that the token names: signed by us, of this event and of this visitor. Whether it is alive is not asked,
 * which is enough to give seats back.
 */
export async function admissionOf({
  request,
  params,
  caller,
  entryTokens,
}: Entrance): Promise<Result<string, Failure>> {
  const token = request.headers.get(ENTRY_TOKEN_HEADER)
  if (token === null || token === '') return refused('missing')
  if (token.length > TOKEN_CHARS_MAX) return refused('invalid')
  const verified = await entryTokens.verify(token)
  if (!verified.ok) return refused('invalid')
  const { eventId, userId, admissionId } = verified.value
  if (eventId !== params.eventId) return err({ reason: 'entry-token-wrong-event' })
  return userId === caller.userId ? ok(admissionId) : refused('invalid')
}

/**
 * As admissionOf, and the admission is alive and redeemed, by this service if by nobody before. One call to the line, two
 * when the shop's server has redeemed it.
 */
export async function enter(entrance: Entrance): Promise<Result<string, Failure>> {
  const admission = await admissionOf(entrance)
  if (!admission.ok) return admission
  const line = entrance.line(entrance.params.eventId)
  const sessionDigest = sessionDigestOf(entrance.caller)
  const redeemed = await line.redeem({ admissionId: admission.value, sessionDigest })
  // By the shop's own session: it let the visitor in.
  if (!redeemed.ok && redeemed.error.reason === 'token-already-redeemed')
    return entranceOf(await line.admission(admission.value))
  return entranceOf(redeemed)
}

/** One session of a visitor for all that is behind the waiting room here. The word is kept: it is in digests by now. */
export function sessionDigestOf({ userId }: Visitor): string {
  return sha256Base64Url(`purchase:${userId}`)
}

function refused(fault: EntryTokenFault): Result<never, Failure> {
  return err({ reason: 'entry-token-required', fault })
}
