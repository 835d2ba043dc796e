/** What the operator's console says and is answered. */
import * as z from 'zod'
import { ID_PATTERN } from '../../core/ids.ts'
import { SERIES_MINUTES_MAX } from '../../core/line-series.ts'
import { PLACE_STATES } from '../../core/views.ts'
import { AUDIT_ACTIONS, AUDIT_OUTCOMES, OPERATOR_KINDS } from '../../ports/audit.ts'
import type { AuditEntry, AuditPage } from '../../ports/audit.ts'
import { EXPORT_COLUMNS } from '../../ports/line-console.ts'
import type { SampleView, SeriesView, VisitorHistory } from '../../core/console-views.ts'
import type { ExportKind } from '../../ports/line-console.ts'
import { requestSchemas, responseSchemas } from './named.ts'
import { admission } from './views.ts'
import { wholeNumber } from './whole-number.ts'

/** No key of anybody is longer; the bound keeps hostile ones away from the hash. */
const KEY_CHARS_MAX = 1_024
const NAME_CHARS_MAX = 64
const AUDIT_LIMIT = { byDefault: 50, max: 200 }
const SERIES_MINUTES = 60

const count = z.int().nonnegative()
const instant = z.iso.datetime()
const eventId = z.string().regex(ID_PATTERN, `Must match ${ID_PATTERN.source}`)

export const signInBody = z
  .strictObject({
    key: z.string().min(1).max(KEY_CHARS_MAX),
    name: z.exactOptional(
      z
        .string()
        .min(1)
        .max(NAME_CHARS_MAX)
        .regex(/^[^\p{C}\p{Z}]+(?: [^\p{C}\p{Z}]+)*$/u, 'Must be words, of printable characters.'),
    ),
  })
  .register(requestSchemas, { id: 'SignIn' })

export const operatorSession = z
  .object({ operator: z.string(), expiresAt: instant.nullable() })
  .register(responseSchemas, { id: 'OperatorSession' })

const shownValue = z.union([z.string(), z.number(), z.boolean(), z.null()])

const auditEntry = z.object({
  entryId: z.string(),
  at: instant,
  operator: z.object({ kind: z.enum(OPERATOR_KINDS), name: z.string() }),
  address: z.string(),
  requestId: z.string(),
  action: z.enum(AUDIT_ACTIONS),
  eventId: z.string().nullable(),
  poolId: z.string().nullable(),
  admissionId: z.string().nullable(),
  userId: z.string().nullable(),
  changes: z.array(z.object({ field: z.string(), before: shownValue, after: shownValue })).readonly(),
  outcome: z.enum(AUDIT_OUTCOMES),
  problem: z.string().nullable(),
}) satisfies z.ZodType<AuditEntry>
auditEntry.register(responseSchemas, { id: 'AuditEntry' })

export const auditPage = z.object({
  entries: z.array(auditEntry).readonly(),
  next: z.string().nullable(),
}) satisfies z.ZodType<AuditPage>
auditPage.register(responseSchemas, { id: 'AuditPage' })

const sample = z.object({
  at: instant,
  waiting: count,
  inside: count,
  capacity: count,
  streams: count,
  joined: count,
  admitted: count,
  ended: count,
  noShows: count,
  errors: count,
  waitSecondsP50: z.number().nonnegative().nullable(),
  waitSecondsP95: z.number().nonnegative().nullable(),
}) satisfies z.ZodType<SampleView>
sample.register(responseSchemas, { id: 'Sample' })

export const series = z.object({
  stepSeconds: z.int().positive(),
  samples: z.array(sample).readonly(),
}) satisfies z.ZodType<SeriesView>
series.register(responseSchemas, { id: 'Series' })

const visitorPlace = z
  .object({
    joinNumber: z.int().positive(),
    number: z.int().positive().nullable(),
    state: z.enum(PLACE_STATES),
    joinedAt: instant,
    endedAt: instant.nullable(),
    absentSince: instant.nullable(),
    streaming: z.boolean(),
    position: z.int().positive().nullable(),
    admission: admission.nullable(),
  })
  .register(responseSchemas, { id: 'VisitorPlace' })

export const visitorHistory = z.object({
  userId: z.string(),
  eventId: z.string(),
  places: z.array(visitorPlace).readonly(),
}) satisfies z.ZodType<VisitorHistory>
visitorHistory.register(responseSchemas, { id: 'VisitorHistory' })

// --- Parameters: texts, since they come from an address -------------------------------------------------------------

export const auditQuery = z.strictObject({
  eventId: z.exactOptional(eventId),
  before: z.exactOptional(z.string().regex(/^\d{1,15}$/, 'Must be the `next` of another page.')),
  limit: wholeNumber(1, AUDIT_LIMIT.max).default(AUDIT_LIMIT.byDefault),
})

export const auditExportQuery = z.strictObject({ eventId: z.exactOptional(eventId) })

export const seriesQuery = z.strictObject({
  minutes: wholeNumber(1, SERIES_MINUTES_MAX).default(SERIES_MINUTES),
})

const EXPORT_KINDS = Object.keys(EXPORT_COLUMNS) as ExportKind[]
export const exportQuery = z.strictObject({ what: z.enum(EXPORT_KINDS) })
