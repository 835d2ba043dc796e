/** The bodies of the drops: what comes in, with ranges, and what goes out. */
import * as z from 'zod'
import { DROP_STATUSES } from '../../core/drop-news.ts'
import { ID_PATTERN } from '../../core/ids.ts'
import { eventName, instant } from '../../http/schemas/event-config.ts'
import { requestSchemas, responseSchemas } from '../../http/schemas/named.ts'
import { CODE_CHARS_MAX, STOCK_MAX } from '../core/limits.ts'
import { STRATEGIES } from '../core/records.ts'

/** Printable, and no space at either end that nobody sees. */
const CODE_PATTERN = new RegExp(`^(?!\\s)[^\\p{C}]{1,${CODE_CHARS_MAX}}(?<!\\s)$`, 'u')

const code = z
  .string()
  .regex(CODE_PATTERN, `Must be 1 to ${CODE_CHARS_MAX} printable characters, without a space at either end.`)

const codes = z
  .array(code)
  .min(1)
  .max(STOCK_MAX)
  .superRefine((all, context) => {
    const seen = new Set<string>()
    for (const [index, one] of all.entries()) {
      if (seen.has(one)) context.addIssue({ code: 'custom', message: 'Is there twice.', path: [index] })
      seen.add(one)
    }
  })

export const dropBody = z
  .strictObject({
    // Without one, the drop's id.
    name: z.exactOptional(eventName),
    stock: z.exactOptional(z.int().min(1).max(STOCK_MAX)),
    codes: z.exactOptional(codes),
    opensAt: instant.nullable().default(null),
    closesAt: instant.nullable().default(null),
    // Without one, a new drop issues by its object, and an existing one as it does.
    strategy: z.exactOptional(z.enum(STRATEGIES)),
    eventId: z.string().regex(ID_PATTERN, `Must match ${ID_PATTERN.source}`).nullable().default(null),
  })
  .superRefine((body, context) => {
    const fault = (field: string, message: string): void =>
      context.addIssue({ code: 'custom', message, path: [field] })
    if (body.stock === undefined && body.codes === undefined)
      fault('stock', 'Is needed where no codes are given.')
    if (body.codes !== undefined && body.stock !== undefined && body.codes.length !== body.stock)
      fault('stock', 'Must be the number of the codes, where both are given.')
    if (body.opensAt !== null && body.closesAt !== null && body.closesAt <= body.opensAt)
      fault('closesAt', 'Must be later than opensAt.')
  })
  .register(requestSchemas, { id: 'DropConfig' })

export const codesBody = z.strictObject({ codes }).register(requestSchemas, { id: 'DropCodes' })

const count = z.int().nonnegative()
const time = z.iso.datetime()
const status = z.enum(DROP_STATUSES)

export const dropStatus = z
  .object({
    dropId: z.string(),
    name: z.string(),
    status,
    remaining: count,
    opensAt: time.nullable(),
    closesAt: time.nullable(),
    eventId: z.string().nullable(),
  })
  .register(responseSchemas, { id: 'DropStatus' })

export const dropDetail = z
  .object({
    dropId: z.string(),
    name: z.string(),
    status,
    strategy: z.enum(STRATEGIES),
    codes: z.enum(['given', 'generated']),
    eventId: z.string().nullable(),
    opensAt: time.nullable(),
    closesAt: time.nullable(),
    stock: count,
    issued: count,
    pending: count,
    failed: count,
    remaining: count,
    epoch: z.int().positive(),
    createdAt: time,
  })
  .register(responseSchemas, { id: 'DropDetail' })

export const dropList = z
  .object({ drops: z.array(dropDetail), unanswered: z.exactOptional(z.array(z.string())) })
  .register(responseSchemas, { id: 'DropList' })

export const claim = z
  .object({
    claimId: z.string(),
    dropId: z.string(),
    state: z.enum(['issued', 'pending']),
    code: z.exactOptional(z.string()),
    claimedAt: time,
  })
  .register(responseSchemas, { id: 'Claim' })

export const reconciliation = z
  .object({
    stock: count,
    issued: count,
    pending: count,
    failed: count,
    remaining: count,
    consistent: z.boolean(),
    missing: count,
    extra: count,
    checkedAt: time,
  })
  .register(responseSchemas, { id: 'DropReconciliation' })

export const retried = z.object({ retried: count }).register(responseSchemas, { id: 'ClaimsRetried' })
