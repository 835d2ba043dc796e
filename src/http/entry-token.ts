/** Who is inside: the entry token in the header `Entry-Token`, fresh or redeemed. */
import { err, ok } from '../core/result.ts'
import type { Result } from '../core/result.ts'
import type { Admission } from '../core/views.ts'
import type { LineResult } from '../ports/lines.ts'
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
  // One session of a visitor for all that is behind the waiting room here. The word is kept: it is in digests by now.
  const sessionDigest = sha256Base64Url(`purchase:${entrance.caller.userId}`)
  const redeemed = await line.redeem({ admissionId: admission.value, sessionDigest })
  // By the shop's own session: it let the visitor in.
  if (!redeemed.ok && redeemed.error.reason === 'token-already-redeemed')
    return alive(await line.admission(admission.value))
  return alive(redeemed)
}

/** As admissionOf, and the admission is alive. One call to the line. */
export async function stayInside(entrance: Entrance): Promise<Result<string, Failure>> {
  const admission = await admissionOf(entrance)
  if (!admission.ok) return admission
  return alive(await entrance.line(entrance.params.eventId).admission(admission.value))
}

function alive(asked: LineResult<Admission>): Result<string, Failure> {
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

function refused(fault: EntryTokenFault): Result<never, Failure> {
  return err({ reason: 'entry-token-required', fault })
}
