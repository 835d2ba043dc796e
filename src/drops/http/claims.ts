/** What visitors do: look at a drop, claim their coupon, and see it again. */
import { unreachable } from '../../core/assert.ts'
import { err, ok, type Result } from '../../core/result.ts'
import { isoTime, type EpochMs } from '../../core/time.ts'
import { endpoint } from '../../http/endpoint.ts'
import { enter } from '../../http/entry-token.ts'
import type { Failure } from '../../http/failure.ts'
import { json } from '../../http/reply.ts'
import { emptyBody } from '../../http/schemas/requests.ts'
import type { ClaimOutcome } from '../core/records.ts'
import type { Standing } from '../ports.ts'
import { claim, dropStatus } from './schemas.ts'
import { claimView, statusView } from './views.ts'

const DROP = '/api/v1/drops/{dropId}'
const CLAIMS = '/api/v1/drops/{dropId}/claims'

/** Until so long before the opening the gateway itself says that it is too early; then the issuer's clock decides. */
const NEAR_OPENING_MS = 5_000

const SOLD_OUT = { reason: 'sold-out' } as const

export const claimEndpoints = [
  endpoint({
    method: 'GET',
    path: DROP,
    auth: 'anybody',
    tag: 'Drops',
    summary: 'How a drop stands.',
    responses: { 200: { description: 'May be cached for a second.', schema: dropStatus } },
    problems: ['drop-not-found', 'store-unavailable'],
    async handler({ drops, params }) {
      const standing = await drops.drop(params.dropId).shown()
      if (!standing.ok) return standing
      return ok(json(200, statusView(standing.value), { 'Cache-Control': 'public, max-age=1' }))
    },
  }),
  endpoint({
    method: 'POST',
    path: CLAIMS,
    auth: 'visitor',
    tag: 'Drops',
    summary:
      'Claim a coupon: one for each visitor, as long as there are any. Again, it answers the same claim.',
    body: emptyBody,
    idempotent: 'by gateway',
    limit: 'join',
    entryToken: 'if-behind-an-event',
    responses: {
      201: { description: 'Issued.', schema: claim },
      202: {
        description: 'Taken; its code is shown once it is recorded. Ask `claims/me` again.',
        schema: claim,
      },
      200: { description: 'Had been claimed before.', schema: claim },
    },
    problems: ['drop-not-found', 'drop-not-open', 'sold-out', 'store-unavailable'],
    refuse: ({ drops }, { params, caller }) =>
      drops.isRefused(params.dropId, caller.userId) ? SOLD_OUT : null,
    async handler(call) {
      const { dropId } = call.params
      const { userId } = call.caller
      const drop = call.drops.drop(dropId)
      const standing = await drop.known()
      if (!standing.ok) return standing
      // It may have become known just now.
      if (call.drops.isRefused(dropId, userId)) return err(SOLD_OUT)
      const early = tooEarly(standing.value, call.nowMs())
      if (early !== null) return err(early)
      const { eventId } = standing.value.plan
      if (eventId !== null) {
        const inside = await enter({ ...call, params: { eventId } })
        if (!inside.ok) return inside
      }
      const claimed = await drop.claim(userId)
      return claimed.ok ? answerOf({ dropId, userId }, claimed.value, call.nowMs()) : claimed
    },
  }),
  endpoint({
    method: 'GET',
    path: `${CLAIMS}/me`,
    auth: 'visitor',
    tag: 'Drops',
    summary: "The visitor's claim.",
    responses: { 200: { description: 'The claim; with its code when it is issued.', schema: claim } },
    problems: ['drop-not-found', 'claim-not-found', 'store-unavailable'],
    async handler({ drops, params, caller }) {
      const { dropId } = params
      const asked = await drops.drop(dropId).claimOf(caller.userId)
      if (!asked.ok) return asked
      const found = asked.value
      switch (found.kind) {
        case 'found':
          return ok(json(200, claimView(dropId, caller.userId, found.claim)))
        case 'none':
          return err({ reason: 'claim-not-found' })
        case 'retry':
          return err({ reason: 'store-unavailable', retryAfterSeconds: found.afterSeconds })
        default:
          return unreachable(found)
      }
    },
  }),
]

function answerOf(
  { dropId, userId }: { readonly dropId: string; readonly userId: string },
  outcome: ClaimOutcome,
  nowMs: EpochMs,
): Result<Response, Failure> {
  switch (outcome.kind) {
    case 'claimed': {
      const status = outcome.isNew ? (outcome.claim.state === 'issued' ? 201 : 202) : 200
      return ok(json(status, claimView(dropId, userId, outcome.claim)))
    }
    case 'sold-out':
      return err(SOLD_OUT)
    case 'not-open':
      return err(notOpenBefore(outcome.opensAtMs, nowMs))
    case 'closed':
      return err({ reason: 'drop-not-open', opensAt: null })
    case 'retry':
      return err({ reason: 'store-unavailable', retryAfterSeconds: outcome.afterSeconds })
    default:
      return unreachable(outcome)
  }
}

/** Null when the issuer has to say: it is near, or somebody has a claim already. */
function tooEarly({ status, remaining, plan }: Standing, nowMs: EpochMs): Failure | null {
  const { opensAtMs, stock } = plan
  if (status !== 'scheduled' || remaining < stock || opensAtMs === null) return null
  return opensAtMs - nowMs > NEAR_OPENING_MS ? notOpenBefore(opensAtMs, nowMs) : null
}

function notOpenBefore(opensAtMs: EpochMs, nowMs: EpochMs): Failure {
  const retryAfterSeconds = Math.max(1, Math.ceil((opensAtMs - nowMs) / 1_000))
  return { reason: 'drop-not-open', opensAt: isoTime(opensAtMs), retryAfterSeconds }
}
