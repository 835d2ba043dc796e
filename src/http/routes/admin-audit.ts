import { withTimeout } from '../../bounded.ts'
import { ok } from '../../core/result.ts'
import type { AuditApi, AuditEntry, AuditPage } from '../../ports/audit.ts'
import { csvResponse } from '../csv.ts'
import type { CsvCell, CsvPage } from '../csv.ts'
import { endpoint } from '../endpoint.ts'
import { json } from '../reply.ts'
import { auditExportQuery, auditPage, auditQuery } from '../schemas/operator.ts'

/** Entries of one page of an export. */
const EXPORT_ENTRIES = 500
const PAGE_TIMEOUT_MS = 10_000

const COLUMNS = [
  'entryId',
  'at',
  'operatorKind',
  'operatorName',
  'address',
  'requestId',
  'action',
  'eventId',
  'poolId',
  'admissionId',
  'userId',
  'outcome',
  'problem',
  'changes',
]

export const adminAuditEndpoints = [
  endpoint({
    method: 'GET',
    path: '/api/v1/admin/audit',
    auth: 'operator',
    tag: 'Operators',
    summary: 'Who did what, newest first.',
    query: auditQuery,
    responses: { 200: { description: '`next` is the `before` of the next page.', schema: auditPage } },
    async handler({ audit, query }) {
      const { eventId = null, before = null, limit } = query
      return ok(json(200, await withTimeout(audit.page({ eventId, before, limit }), PAGE_TIMEOUT_MS)))
    },
  }),
  endpoint({
    method: 'GET',
    path: '/api/v1/admin/audit.csv',
    auth: 'operator',
    tag: 'Operators',
    summary: 'The same as a table.',
    query: auditExportQuery,
    responses: { 200: { description: 'CSV (RFC 4180), newest first.', contentType: 'text/csv' } },
    async handler({ audit, query, log }) {
      const { eventId = null } = query
      const nextPage = (before: string | null): Promise<CsvPage<string>> => pageOf(audit, eventId, before)
      const name = eventId === null ? 'audit.csv' : `audit-${eventId}.csv`
      return ok(csvResponse({ name, columns: COLUMNS, first: await nextPage(null) }, nextPage, log))
    },
  }),
]

async function pageOf(
  audit: AuditApi,
  eventId: string | null,
  before: string | null,
): Promise<CsvPage<string>> {
  const page: AuditPage = await withTimeout(
    audit.page({ eventId, before, limit: EXPORT_ENTRIES }),
    PAGE_TIMEOUT_MS,
  )
  return { rows: page.entries.map(cellsOf), next: page.next }
}

/** In the order of COLUMNS. */
function cellsOf(entry: AuditEntry): CsvCell[] {
  return [
    entry.entryId,
    entry.at,
    entry.operator.kind,
    entry.operator.name,
    entry.address,
    entry.requestId,
    entry.action,
    entry.eventId,
    entry.poolId,
    entry.admissionId,
    entry.userId,
    entry.outcome,
    entry.problem,
    JSON.stringify(entry.changes),
  ]
}
