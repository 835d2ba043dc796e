/** What operators do: make drops, look at them, and put right what failed. */
import { mapBounded, withTimeout } from '../../bounded.ts'
import { changedFields } from '../../core/field-changes.ts'
import { ok } from '../../core/result.ts'
import { isoTime } from '../../core/time.ts'
import type * as z from 'zod'
import { csvResponse, type CsvPage } from '../../http/csv.ts'
import { endpoint } from '../../http/endpoint.ts'
import { FAN_OUT_WIDTH } from '../../http/gateway-deps.ts'
import { json } from '../../http/reply.ts'
import { emptyBody } from '../../http/schemas/requests.ts'
import { errorFields } from '../../observability/log.ts'
import type { PutDrop } from '../core/records.ts'
import type { ClaimsPage, DropDetail, DropResult } from '../ports.ts'
import { codesBody, dropBody, dropDetail, dropList, reconciliation, retried } from './schemas.ts'
import { claimIdOf, detailView, settingsOf } from './views.ts'

const DROPS = '/api/v1/admin/drops'
const DROP = '/api/v1/admin/drops/{dropId}'
const DETAIL = { description: 'The drop with its counts.', schema: dropDetail }
const RECONCILIATION = { description: 'What was found.', schema: reconciliation }
const CSV_COLUMNS = ['claimId', 'userId', 'code', 'claimedAt']

const DETAIL_TIMEOUT_MS = 3_000
const PAGE_TIMEOUT_MS = 10_000

export const adminDropEndpoints = [
  endpoint({
    method: 'PUT',
    path: DROP,
    auth: 'operator',
    tag: 'Drops',
    summary: 'Make a drop, change its times or name, or give it more stock.',
    audit: 'drop.put',
    body: dropBody,
    responses: { 201: { ...DETAIL, description: 'Made.' }, 200: { ...DETAIL, description: 'As asked for.' } },
    problems: [
      'drop-strategy-fixed',
      'drop-stock-reduced',
      'drop-codes-fixed',
      'drop-strategy-unavailable',
      'store-unavailable',
    ],
    async handler(call) {
      const { drops, params, body } = call
      const { dropId } = params
      call.recordChanges(changedFields(null, { dropId }))
      await drops.directory.add(dropId)
      const put = await drops.drop(dropId).put(requestOf(dropId, body))
      if (!put.ok) return put
      const { created, before, detail } = put.value
      call.recordChanges(changedFields(before === null ? null : settingsOf(before), settingsOf(detail.plan)))
      return ok(json(created ? 201 : 200, detailView(detail)))
    },
  }),
  endpoint({
    method: 'POST',
    path: `${DROP}/codes`,
    auth: 'operator',
    tag: 'Drops',
    summary:
      'More codes for a drop of given codes. Those that it has already change nothing, so it may be repeated.',
    audit: 'drop.put',
    body: codesBody,
    responses: { 200: DETAIL },
    problems: ['drop-not-found', 'drop-codes-fixed', 'drop-full', 'store-unavailable'],
    async handler(call) {
      const { drops, params, body } = call
      call.recordChanges(changedFields(null, params))
      const added = await drops.drop(params.dropId).addCodes(body.codes)
      if (!added.ok) return added
      const { before, detail } = added.value
      call.recordChanges(changedFields(before, { stock: detail.plan.stock }))
      return ok(json(200, detailView(detail)))
    },
  }),
  endpoint({
    method: 'GET',
    path: DROP,
    auth: 'operator',
    tag: 'Drops',
    summary: 'A drop with its counts.',
    responses: { 200: DETAIL },
    problems: ['drop-not-found', 'store-unavailable'],
    async handler({ drops, params }) {
      const detail = await drops.drop(params.dropId).detail()
      return detail.ok ? ok(json(200, detailView(detail.value))) : detail
    },
  }),
  endpoint({
    method: 'GET',
    path: DROPS,
    auth: 'operator',
    tag: 'Drops',
    summary: 'All drops.',
    responses: {
      200: { description: 'Ordered by id; `unanswered`: those that gave no answer.', schema: dropList },
    },
    async handler({ drops, log }) {
      const unanswered: string[] = []
      const details = await mapBounded(await drops.directory.all(), FAN_OUT_WIDTH, async (dropId) => {
        try {
          const detail = await withTimeout(drops.drop(dropId).detail(), DETAIL_TIMEOUT_MS)
          if (!detail.ok && detail.error.reason !== 'drop-not-found') unanswered.push(dropId)
          return detail
        } catch (error) {
          log.warn('drop_unlisted', { dropId, ...errorFields(error) })
          unanswered.push(dropId)
          return null
        }
      })
      const shown = details.flatMap((detail: DropResult<DropDetail> | null) =>
        detail?.ok === true ? [detailView(detail.value)] : [],
      )
      return ok(json(200, { drops: shown, ...(unanswered.length > 0 && { unanswered }) }))
    },
  }),
  endpoint({
    method: 'GET',
    path: `${DROP}/reconciliation`,
    auth: 'operator',
    tag: 'Drops',
    summary: 'Compare the issuer with the records, claim by claim. Changes nothing.',
    responses: { 200: RECONCILIATION },
    problems: ['drop-not-found', 'store-unavailable'],
    async handler({ drops, params }) {
      const found = await drops.drop(params.dropId).reconcile(false)
      return found.ok ? ok(json(200, found.value)) : found
    },
  }),
  endpoint({
    method: 'POST',
    path: `${DROP}/reconciliation`,
    auth: 'operator',
    tag: 'Drops',
    summary: 'The same, and what is missing in a store is brought there again.',
    audit: 'drop.reconcile',
    body: emptyBody,
    responses: { 200: RECONCILIATION },
    problems: ['drop-not-found', 'store-unavailable'],
    async handler(call) {
      call.recordChanges(changedFields(null, call.params))
      const found = await call.drops.drop(call.params.dropId).reconcile(true)
      return found.ok ? ok(json(200, found.value)) : found
    },
  }),
  endpoint({
    method: 'POST',
    path: `${DROP}/failed/retry`,
    auth: 'operator',
    tag: 'Drops',
    summary: 'Have the claims recorded whose recording was given up. May be repeated.',
    audit: 'drop.retry',
    body: emptyBody,
    responses: { 200: { description: 'How many are on their way again.', schema: retried } },
    problems: ['drop-not-found', 'store-unavailable'],
    async handler(call) {
      call.recordChanges(changedFields(null, call.params))
      const retriedNow = await call.drops.drop(call.params.dropId).retryFailed()
      return retriedNow.ok ? ok(json(200, retriedNow.value)) : retriedNow
    },
  }),
  endpoint({
    method: 'GET',
    path: `${DROP}/claims.csv`,
    auth: 'operator',
    tag: 'Drops',
    summary: 'All claims that are recorded, as a table.',
    audit: 'drop.export',
    responses: { 200: { description: 'CSV (RFC 4180), by user id.', contentType: 'text/csv' } },
    problems: ['drop-not-found', 'store-unavailable'],
    async handler(call) {
      const { drops, params, log } = call
      const { dropId } = params
      call.recordChanges(changedFields(null, { dropId }))
      const pageAfter = (userId: string): Promise<DropResult<ClaimsPage>> =>
        withTimeout(drops.drop(dropId).exportPage(userId), PAGE_TIMEOUT_MS)
      const first = await pageAfter('')
      if (!first.ok) return first
      const nextPage = async (userId: string): Promise<CsvPage<string>> => {
        const page = await pageAfter(userId)
        if (!page.ok) throw new Error(`an export ended with ${page.error.reason}`)
        return csvPage(dropId, page.value)
      }
      const file = {
        name: `${dropId}-claims.csv`,
        columns: CSV_COLUMNS,
        first: csvPage(dropId, first.value),
      }
      return ok(csvResponse(file, nextPage, log))
    },
  }),
]

function requestOf(dropId: string, body: z.output<typeof dropBody>): PutDrop {
  const { name = dropId, stock, codes = null, opensAt, closesAt, strategy = null, eventId } = body
  return {
    dropId,
    name,
    stock: stock ?? codes?.length ?? 0,
    codes,
    opensAtMs: opensAt === null ? null : Date.parse(opensAt),
    closesAtMs: closesAt === null ? null : Date.parse(closesAt),
    strategy,
    eventId,
  }
}

function csvPage(dropId: string, { claims, next }: ClaimsPage): CsvPage<string> {
  const rows = claims.map(({ userId, code, claimedAtMs }) => [
    claimIdOf(dropId, userId),
    userId,
    code,
    isoTime(claimedAtMs),
  ])
  return { rows, next }
}
