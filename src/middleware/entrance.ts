/** Where the waiting room sends the admitted: a ticket becomes a session of the shop. */
import { EntryTokenError } from '../verify/verify.ts'
import type { EntryTicket, Verify } from '../verify/verify.ts'
import type { Admissions, Trouble } from './admissions.ts'
import { isNavigation, newBrowserId, readBrowser } from './answers.ts'
import type { Answers } from './answers.ts'
import { bodyText } from './body-text.ts'
import type { Leases } from './leases.ts'
import { safeReturnPath } from './return-path.ts'
import type { Session } from './session.ts'

export type EntranceDeps = {
  readonly verify: Verify
  readonly admissions: Admissions
  readonly answers: Answers
  readonly leases: Leases
  readonly enterPath: string
  readonly homePath: string
  /** The events of this shop; null when only code knows. */
  readonly events: ReadonlySet<string> | null
  readonly nowMs: () => number
  readonly onTrouble: (trouble: Trouble) => void
  readSession(request: Request, eventId: string): Promise<Session | null>
  /** The `Set-Cookie` of a session. */
  sessionCookie(request: Request, session: Session): Promise<string>
}

type Fields = { readonly token: string; readonly returnPath: string | null; readonly isCarried: boolean }

/**
 * Takes the ticket from a form (`token`, `return`) or, by a small page, from the fragment (`usher_token`, `return`).
 *
 * The ticket is redeemed for an id that the browser holds already, in a cookie. An answer that is lost on the way then
 * costs nothing: the same browser may ask again, and no other may. A browser without one is given it by a small page
 * that posts the ticket once more, from this site, which also is what makes browsers send `SameSite` cookies along.
 */
export async function enter(request: Request, deps: EntranceDeps): Promise<Response> {
  const { answers } = deps
  if (request.method === 'GET' || request.method === 'HEAD')
    return answers.carry(request, { token: '', returnPath: null })
  if (request.method !== 'POST')
    return new Response(null, { status: 405, headers: { Allow: 'GET, HEAD, POST' } })
  const fields = await readFields(request)
  if (fields === null) return answers.notice(request, 'invalid-request', null)
  const browser = readBrowser(request)
  if (browser === null && isNavigation(request)) {
    if (fields.isCarried) return answers.notice(request, 'cookies-required', null)
    return answers.carry(request, fields)
  }
  const ticket = await readTicket(fields.token, deps)
  if (ticket === 'token-invalid') return answers.notice(request, ticket, null)
  if (ticket === 'usher-unavailable') return answers.notice(request, ticket, null, fields.token)
  const wanted = fields.returnPath ?? browser?.returnPath ?? deps.homePath
  const target = wanted.startsWith(deps.enterPath) ? deps.homePath : wanted
  return admit(
    request,
    { ticket, token: fields.token, sessionId: browser?.id ?? newBrowserId(), target },
    deps,
  )
}

type Entry = {
  readonly ticket: EntryTicket
  readonly token: string
  readonly sessionId: string
  readonly target: string
}

async function admit(request: Request, entry: Entry, deps: EntranceDeps): Promise<Response> {
  const { ticket, token, target } = entry
  const { eventId, admissionId, userId } = ticket
  const { answers, leases } = deps
  const present = await deps.readSession(request, eventId)
  if (present !== null && present.admissionId !== admissionId) {
    // A visit that goes on is not exchanged for another: the ticket may be somebody else's doing.
    const state = await leases.confirm(present)
    if (state.state === 'alive') return entered(request, state.session, target, deps)
  }
  // Who is inside already by this ticket is the session that redeemed it, whatever else the browser has forgotten.
  const sessionId = present?.admissionId === admissionId ? present.sessionId : entry.sessionId
  const answer = await deps.admissions.redeem(token, sessionId)
  switch (answer.state) {
    case 'alive': {
      const session = { eventId, admissionId, userId, sessionId, sinceMs: deps.nowMs() }
      const begun = { ...session, expiresAtMs: answer.expiresAtMs }
      leases.begin(begun)
      return entered(request, begun, target, deps)
    }
    case 'ended':
      return isNavigation(request)
        ? answers.toRoom(request, eventId, { returnPath: target })
        : answers.notice(request, 'admission-ended', eventId)
    case 'taken':
      return answers.notice(request, 'token-already-redeemed', eventId)
    case 'invalid':
      return answers.notice(request, 'token-invalid', eventId)
    case 'unavailable':
      return answers.notice(request, 'usher-unavailable', eventId, token)
  }
}

async function entered(
  request: Request,
  session: Session,
  target: string,
  deps: EntranceDeps,
): Promise<Response> {
  const headers = new Headers({ 'Cache-Control': 'no-store' })
  headers.append('Set-Cookie', await deps.sessionCookie(request, session))
  if (isNavigation(request)) {
    headers.set('Location', target)
    return new Response(null, { status: 303, headers })
  }
  const { eventId, admissionId, expiresAtMs } = session
  const leaseExpiresAt = new Date(expiresAtMs).toISOString()
  headers.set('Content-Type', 'application/json')
  return new Response(JSON.stringify({ eventId, admissionId, leaseExpiresAt }), { headers })
}

/** The signature alone does not say that the admission is alive, or nobody's else; but it costs no request. */
async function readTicket(
  token: string,
  { verify, events, onTrouble }: EntranceDeps,
): Promise<EntryTicket | 'token-invalid' | 'usher-unavailable'> {
  try {
    const ticket = await verify(token)
    return events === null || events.has(ticket.eventId) ? ticket : 'token-invalid'
  } catch (error) {
    if (!(error instanceof EntryTokenError)) throw error
    if (error.code !== 'ERR_KEYS_UNAVAILABLE') return 'token-invalid'
    onTrouble({ call: 'keys', detail: error.message })
    return 'usher-unavailable'
  }
}

/** Null for what is no form of the waiting room. */
async function readFields(request: Request): Promise<Fields | null> {
  const type = request.headers.get('Content-Type') ?? ''
  if (!type.startsWith('application/x-www-form-urlencoded')) return null
  const text = await bodyText(request)
  if (text === null) return null
  const form = new URLSearchParams(text)
  const token = form.get('token') ?? ''
  if (token === '') return null
  const returnPath = safeReturnPath(form.get('return'), new URL(request.url).host)
  return { token, returnPath, isCarried: form.get('carried') === '1' }
}
