/** What operators look up about an event: its charts, single visitors, and everything as a table. */
import { withTimeout } from '../../bounded.ts'
import { ok } from '../../core/result.ts'
import { EXPORT_COLUMNS } from '../../ports/line-console.ts'
import type { ExportPage } from '../../ports/line-console.ts'
import type { LineResult } from '../../ports/lines.ts'
import { csvResponse } from '../csv.ts'
import { endpoint } from '../endpoint.ts'
import { withSeatsGivenBack } from '../leaving.ts'
import { json, noContent } from '../reply.ts'
import { exportQuery, series, seriesQuery, visitorHistory } from '../schemas/operator.ts'

const EVENT = '/api/v1/admin/events/{eventId}'
const VISITOR = `${EVENT}/visitors/{userId}` as const

const PAGE_TIMEOUT_MS = 10_000

export const adminLookupEndpoints = [
  endpoint({
    method: 'GET',
    path: `${EVENT}/series`,
    auth: 'operator',
    tag: 'Operators',
    summary: 'The last hours of an event in steps, for charts.',
    query: seriesQuery,
    responses: { 200: { description: 'Oldest first; steps without a sample are left out.', schema: series } },
    problems: ['event-not-found'],
    async handler({ line, params, query }) {
      const found = await line(params.eventId).series(query.minutes)
      return found.ok ? ok(json(200, found.value)) : found
    },
  }),
  endpoint({
    method: 'GET',
    path: VISITOR,
    auth: 'operator',
    tag: 'Operators',
    summary: "A visitor's places in this event; no sign of life of the visitor.",
    responses: { 200: { description: 'Newest first, at most 50.', schema: visitorHistory } },
    problems: ['event-not-found', 'not-in-queue'],
    async handler({ line, params }) {
      const found = await line(params.eventId).visitor(params.userId)
      return found.ok ? ok(json(200, found.value)) : found
    },
  }),
  endpoint({
    method: 'DELETE',
    path: VISITOR,
    auth: 'operator',
    tag: 'Operators',
    summary: "End a visitor's place or admission, as if the visitor had left.",
    audit: 'visitor.remove',
    responses: { 204: { description: 'Not in the line, whether or not that was so before.' } },
    problems: ['event-not-found'],
    async handler(call) {
      const { eventId, userId } = call.params
      const removed = await withSeatsGivenBack(call, eventId, await call.line(eventId).removeVisitor(userId))
      return removed.ok ? ok(noContent()) : removed
    },
  }),
  endpoint({
    method: 'GET',
    path: `${EVENT}/export.csv`,
    auth: 'operator',
    tag: 'Operators',
    summary: 'All places, or all admissions, as a table; never a token.',
    audit: 'event.export',
    query: exportQuery,
    responses: { 200: { description: 'CSV (RFC 4180), oldest first.', contentType: 'text/csv' } },
    problems: ['event-not-found'],
    async handler({ line, params, query, log }) {
      const { what } = query
      const pageAfter = (after: number): Promise<LineResult<ExportPage>> =>
        withTimeout(line(params.eventId).exportPage(what, after), PAGE_TIMEOUT_MS)
      const first = await pageAfter(0)
      if (!first.ok) return first
      const nextPage = async (after: number): Promise<ExportPage> => {
        const page = await pageAfter(after)
        if (!page.ok) throw new Error('the event was deleted during its export')
        return page.value
      }
      const name = `${params.eventId}-${what}.csv`
      return ok(csvResponse({ name, columns: EXPORT_COLUMNS[what], first: first.value }, nextPage, log))
    },
  }),
]
