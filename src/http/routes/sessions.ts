import { isoTime } from '../../core/time.ts'
import { err, ok } from '../../core/result.ts'
import { endpoint } from '../endpoint.ts'
import { json } from '../reply.ts'
import { emptyBody } from '../schemas/requests.ts'
import { session } from '../schemas/views.ts'
import { sessionCookie } from '../session-cookie.ts'

export const sessionEndpoints = [
  endpoint({
    method: 'POST',
    path: '/api/v1/sessions',
    auth: 'anybody',
    tag: 'Visitors',
    summary: 'Start a guest session. Refused where an identity provider is configured.',
    body: emptyBody,
    idempotent: 'by gateway',
    limit: 'session',
    responses: {
      201: { description: 'The session; the cookie `usher_visitor` holds the same token.', schema: session },
    },
    problems: ['forbidden'],
    async handler({ request, config, visitorTokens, nowMs }) {
      const guest = await visitorTokens.createGuest(nowMs())
      if (guest === null) return err({ reason: 'forbidden' })
      const { userId, token, expiresAtMs } = guest
      const cookie = sessionCookie(token, config.visitorTokenTtlSeconds, request.url)
      return ok(json(201, { userId, token, expiresAt: isoTime(expiresAtMs) }, { 'Set-Cookie': cookie }))
    },
  }),
]
