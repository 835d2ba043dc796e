/** What an operator can do about webhooks that the shop did not take. */
import { changedFields } from '../../core/field-changes.ts'
import { ok } from '../../core/result.ts'
import { endpoint } from '../../http/endpoint.ts'
import { json } from '../../http/reply.ts'
import type { DeadLetter } from '../dead-letters-api.ts'
import { deadLetterList, deadLettersQuery, deadLetterView } from './schemas.ts'

const PATH = '/api/v1/admin/webhooks/dead-letters'
const PAGE_MAX = 100

export const webhookEndpoints = [
  endpoint({
    method: 'GET',
    path: PATH,
    auth: 'operator',
    tag: 'Operators',
    summary: 'Webhooks that the shop did not take, the newest first.',
    query: deadLettersQuery,
    responses: { 200: { description: `At most ${PAGE_MAX}.`, schema: deadLetterList } },
    async handler({ deadLetters, query }) {
      const letters = await deadLetters.list(query.before ?? null, PAGE_MAX)
      return ok(json(200, { deadLetters: letters.map(viewOf) }))
    },
  }),
  endpoint({
    method: 'POST',
    path: `${PATH}/{webhookId}/replay`,
    auth: 'operator',
    tag: 'Operators',
    summary: 'Have one delivered again. It leaves the list once the shop has taken it. May be repeated.',
    audit: 'webhook.replay',
    responses: { 202: { description: 'On its way.', schema: deadLetterView } },
    problems: ['dead-letter-not-found'],
    async handler(call) {
      const replayed = await call.deadLetters.replay(call.params.webhookId)
      if (!replayed.ok) return replayed
      const { id: webhookId, eventId } = replayed.value
      call.recordChanges(changedFields(null, { webhookId, eventId }))
      return ok(json(202, viewOf(replayed.value)))
    },
  }),
]

/** `body` was made by us, and is shown as what it is. */
function viewOf({ body, ...letter }: DeadLetter): object {
  return { ...letter, webhook: JSON.parse(body) as unknown }
}
