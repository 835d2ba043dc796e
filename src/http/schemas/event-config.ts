/** What operators say of events and pools: defaults and ranges. Unknown fields are refused: a typo is no setting. */
import * as z from 'zod'
import { QUEUEINGS } from '../../core/event-config.ts'
import type { EventConfig } from '../../core/event-config.ts'
import { ID_PATTERN } from '../../core/ids.ts'
import { EXPECTED_PEAK_JOINS_PER_SECOND } from '../../core/limits.ts'
import { invalidRequest } from '../failure.ts'
import type { GatewayFailure } from '../failure.ts'
import { requestSchemas } from './named.ts'

/** More than any venue, and still exact in every number format on the way. */
const CAPACITY_MAX = 1_000_000
const RATE_PER_MINUTE_MAX = 1_000_000
/** Admissions in one tick; they reach Redis in script calls of at most BATCH_MEMBERS_MAX. */
const BATCH_MAX = 100_000
/** An entry token is carried from the line to the shop, which takes minutes at most. */
const ENTRY_TOKEN_TTL_SECONDS_MAX = 3_600
/** Half a day: the longest that a forgotten session may keep a slot. */
const SESSION_SECONDS_MAX = 43_200
const GRACE_SECONDS_MAX = 3_600
const NAME_CHARS_MAX = 200

/** No control characters, and no half of a surrogate pair, which UTF-8 cannot carry. */
const NAME_PATTERN = /^[^\p{Cc}\p{Cs}]*$/u

const instant = z.iso
  .datetime({ offset: true, error: 'Must be an ISO 8601 time with an offset, such as 2026-01-01T18:00:00Z.' })
  .transform((text) => new Date(text).toISOString())

const capacity = z.int().min(0).max(CAPACITY_MAX)
const admitPerMinute = z.int().min(1).max(RATE_PER_MINUTE_MAX).nullable()

const FIELDS = {
  name: z.string().min(1).max(NAME_CHARS_MAX).regex(NAME_PATTERN, 'Must not contain control characters.'),
  capacity,
  poolId: z.string().regex(ID_PATTERN, `Must match ${ID_PATTERN.source}`).nullable(),
  admitPerMinute,
  batchSizeMax: z.int().min(1).max(BATCH_MAX),
  entryTokenTtlSeconds: z.int().min(1).max(ENTRY_TOKEN_TTL_SECONDS_MAX),
  leaseTtlSeconds: z.int().min(1).max(SESSION_SECONDS_MAX),
  maxSessionSeconds: z.int().min(1).max(SESSION_SECONDS_MAX),
  disconnectGraceSeconds: z.int().min(0).max(GRACE_SECONDS_MAX),
  queueing: z.enum(QUEUEINGS),
  // An event sells out by the operator's action, never by configuration.
  status: z.enum(['scheduled', 'open', 'paused', 'closed']),
  opensAt: instant.nullable(),
  closesAt: instant.nullable(),
  public: z.boolean(),
  expectedPeak: z.int().min(1).max(EXPECTED_PEAK_JOINS_PER_SECOND).nullable(),
}

export const eventConfigBody = z
  .strictObject({
    // Without one, the event's id.
    name: z.exactOptional(FIELDS.name),
    capacity: FIELDS.capacity,
    poolId: FIELDS.poolId.default(null),
    admitPerMinute: FIELDS.admitPerMinute.default(null),
    batchSizeMax: FIELDS.batchSizeMax.default(1_000),
    entryTokenTtlSeconds: FIELDS.entryTokenTtlSeconds.default(300),
    leaseTtlSeconds: FIELDS.leaseTtlSeconds.default(600),
    maxSessionSeconds: FIELDS.maxSessionSeconds.default(1_800),
    disconnectGraceSeconds: FIELDS.disconnectGraceSeconds.default(60),
    queueing: FIELDS.queueing.default('fifo'),
    // Without one, a new event is open and an existing one stays as it is.
    status: z.exactOptional(FIELDS.status),
    opensAt: FIELDS.opensAt.default(null),
    closesAt: FIELDS.closesAt.default(null),
    public: FIELDS.public.default(true),
    expectedPeak: FIELDS.expectedPeak.default(null),
  })
  .register(requestSchemas, { id: 'EventConfig' })

export const eventConfigPatchBody = z
  .strictObject({
    name: z.exactOptional(FIELDS.name),
    capacity: z.exactOptional(FIELDS.capacity),
    poolId: z.exactOptional(FIELDS.poolId),
    admitPerMinute: z.exactOptional(FIELDS.admitPerMinute),
    batchSizeMax: z.exactOptional(FIELDS.batchSizeMax),
    entryTokenTtlSeconds: z.exactOptional(FIELDS.entryTokenTtlSeconds),
    leaseTtlSeconds: z.exactOptional(FIELDS.leaseTtlSeconds),
    maxSessionSeconds: z.exactOptional(FIELDS.maxSessionSeconds),
    disconnectGraceSeconds: z.exactOptional(FIELDS.disconnectGraceSeconds),
    queueing: z.exactOptional(FIELDS.queueing),
    status: z.exactOptional(FIELDS.status),
    opensAt: z.exactOptional(FIELDS.opensAt),
    closesAt: z.exactOptional(FIELDS.closesAt),
    public: z.exactOptional(FIELDS.public),
    expectedPeak: z.exactOptional(FIELDS.expectedPeak),
  })
  .register(requestSchemas, { id: 'EventConfigPatch' })

export const poolBody = z
  .strictObject({ capacity, admitPerMinute: admitPerMinute.default(null) })
  .register(requestSchemas, { id: 'PoolConfig' })

/** The whole configuration of an event that was described by `body`. */
export function eventConfigOf(eventId: string, body: z.output<typeof eventConfigBody>): EventConfig {
  return { ...body, name: body.name ?? eventId, status: body.status ?? 'open' }
}

/** What is wrong between fields that are each fine, judged on the configuration as it would become. */
export function scheduleFault(config: Pick<EventConfig, 'opensAt' | 'closesAt'>): GatewayFailure | null {
  const { opensAt, closesAt } = config
  if (opensAt === null || closesAt === null || Date.parse(closesAt) > Date.parse(opensAt)) return null
  return invalidRequest({ pointer: '/closesAt', detail: 'Must be later than opensAt.' })
}
