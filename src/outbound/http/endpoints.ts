/** What an operator can do about webhooks that the shop did not take. */
import { err, ok } from '../../core/result.ts'
import type { Result } from '../../core/result.ts'
import { endpoint } from '../../http/endpoint.ts'
import { invalidRequest } from '../../http/failure.ts'
import type { Failure } from '../../http/failure.ts'
import { json } from '../../http/reply.ts'
import type { DeadLetter } from '../dead-letters-api.ts'
import { deadLetterList, deadLetterView } from './schemas.ts'

const PATH = '/api/v1/admin/webhooks/dead-letters'
const PAGE_MAX = 100

export const webhookEndpoints = [
  endpoint({
    method: 'GET',
    path: PATH,
    auth: 'operator',
    tag: 'Operators',
    summary: 'Webhooks that the shop did not take, the newest first.',
    query: {
      before: {
        description: 'Only those before this `number`.',
        minimum: 1,
        maximum: Number.MAX_SAFE_INTEGER,
      },
    },
    responses: { 200: { description: `At most ${PAGE_MAX}.`, schema: deadLetterList } },
    async handler({ deadLetters, request }) {
      const before = beforeOf(new URL(request.url).searchParams.get('before'))
      if (!before.ok) return before
      const letters = await deadLetters.list(before.value, PAGE_MAX)
      return ok(json(200, { deadLetters: letters.map(viewOf) }))
    },
  }),
  endpoint({
    method: 'POST',
    path: `${PATH}/{webhookId}/replay`,
    auth: 'operator',
    tag: 'Operators',
    summary: 'Have one delivered again. It leaves the list once the shop has taken it. May be repeated.',
    responses: { 202: { description: 'On its way.', schema: deadLetterView } },
    problems: ['dead-letter-not-found'],
    async handler({ deadLetters, params }) {
      const replayed = await deadLetters.replay(params.webhookId)
      return replayed.ok ? ok(json(202, viewOf(replayed.value))) : replayed
    },
  }),
]

/** `body` was made by us, and is shown as what it is. */
function viewOf({ body, ...letter }: DeadLetter): object {
  return { ...letter, webhook: JSON.parse(body) as unknown }
}

function beforeOf(text: string | null): Result<number | null, Failure> {
  if (text === null) return ok(null)
  const before = /^\d{1,16}$/.test(text) ? Number(text) : 0
  if (before >= 1 && before <= Number.MAX_SAFE_INTEGER) return ok(before)
  return err(invalidRequest({ pointer: '/before', detail: 'Must be the `number` of a dead letter.' }))
}
