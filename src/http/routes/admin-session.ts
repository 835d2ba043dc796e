/** How an operator signs in from a browser: the key is traded for a cookie, and no page keeps it. */
import { CallLane } from '../../call-lane.ts'
import { err, ok } from '../../core/result.ts'
import { isoTime } from '../../core/time.ts'
import { Overloaded } from '../../ports/overloaded.ts'
import { factsOf, writeEntry } from '../audited.ts'
import { OPERATOR_NAME } from '../credentials.ts'
import { sameSecret } from '../digest.ts'
import { endpoint } from '../endpoint.ts'
import type { AnyCall, Caller, Endpoint } from '../endpoint.ts'
import { forgottenOperatorCookie, operatorCookie, operatorSessionOf } from '../operator-cookie.ts'
import { json, noContent } from '../reply.ts'
import { operatorSession, signInBody } from '../schemas/operator.ts'

const PATH = '/api/v1/admin/session'

/** Refused sign-ins of one isolate that are being written at once. Guessing must not hold up the log of operators. */
const REFUSED_LANE = { width: 4, waiting: 0, waitMs: 0 }

/** A function, because refused sign-ins have a lane of their own. */
export function adminSessionEndpoints(): Endpoint[] {
  const lane = new CallLane(REFUSED_LANE)
  return [
    endpoint({
      method: 'POST',
      path: PATH,
      auth: 'anybody',
      tag: 'Operators',
      summary: 'Sign in from a browser: trades the key for a cookie of thirty minutes.',
      body: signInBody,
      limit: 'session',
      responses: { 201: { description: 'The cookie `usher_operator` is set.', schema: operatorSession } },
      problems: ['unauthenticated', 'store-unavailable'],
      async handler(call) {
        const { config, operatorSessions, nowMs, request } = call
        const name = call.body.name ?? OPERATOR_NAME
        if (!sameSecret(call.body.key, config.adminApiKey)) {
          await recordRefusal(lane, call, name)
          return err({ reason: 'unauthenticated' })
        }
        const signed = await operatorSessions.start(name, nowMs())
        const caller = { kind: 'operator', name, session: signed.session } as const
        if (!(await recordSession(call, 'session.start', caller))) return err({ reason: 'store-unavailable' })
        const expiresAt = isoTime(signed.session.expiresAtMs)
        const cookie = operatorCookie(signed, request.url, nowMs())
        return ok(json(201, { operator: name, expiresAt }, { 'Set-Cookie': cookie }))
      },
    }),
    endpoint({
      method: 'GET',
      path: PATH,
      auth: 'operator',
      tag: 'Operators',
      summary: 'Who is signed in, and until when.',
      responses: {
        200: { description: '`expiresAt` is null for a bearer.', schema: operatorSession },
      },
      async handler({ caller }) {
        if (caller.kind === 'visitor') return ok(json(200, { operator: caller.userId, expiresAt: null }))
        const { name, session } = caller
        const expiresAt = session === null ? null : isoTime(session.expiresAtMs)
        return ok(json(200, { operator: name, expiresAt }))
      },
    }),
    endpoint({
      method: 'DELETE',
      path: PATH,
      auth: 'anybody',
      tag: 'Operators',
      summary: 'Sign out: the browser forgets the cookie.',
      responses: { 204: { description: 'Signed out, whether or not that was so before.' } },
      async handler(call) {
        const session = (await operatorSessionOf(call.request.headers, call)) ?? null
        // Whoever wants to be signed out is, also when it cannot be written down.
        if (session !== null) {
          await recordSession(call, 'session.end', { kind: 'operator', name: session.name, session })
        }
        const response = noContent()
        response.headers.set('Set-Cookie', forgottenOperatorCookie(call.request.url))
        return ok(response)
      },
    }),
  ]
}

type SessionCall = Pick<AnyCall, 'audit' | 'log' | 'request' | 'requestId' | 'params'>

async function recordSession(
  call: SessionCall,
  action: 'session.start' | 'session.end',
  caller: Caller,
): Promise<boolean> {
  const ending = { outcome: 'done', problem: null, changes: [] } as const
  return (await writeEntry(call, factsOf(action, { ...call, caller }), ending)) !== null
}

/** Policy: a guess is refused whether or not it can be written down; the structured log has those that could not. */
async function recordRefusal(lane: CallLane, call: SessionCall, name: string): Promise<void> {
  const facts = { ...factsOf('session.start', { ...call, caller: null }), operator: nobody(name) }
  try {
    await lane.run(() =>
      writeEntry(call, facts, { outcome: 'refused', problem: 'unauthenticated', changes: [] }),
    )
  } catch (error) {
    if (!(error instanceof Overloaded)) throw error
    call.log.warn('sign_in_refused', { requestId: facts.requestId, address: facts.address })
  }
}

function nobody(name: string): { kind: 'nobody'; name: string } {
  return { kind: 'nobody', name }
}
