/** What operators say of events and pools: defaults and ranges. Unknown fields are refused: a typo is no setting. */
import * as z from 'zod'
import { QUEUEINGS } from '../../core/event-config.ts'
import type { EventConfig } from '../../core/event-config.ts'
import { EVENT_DEFAULTS, EVENT_RANGES, NAME_CHARS_MAX } from '../../core/event-fields.ts'
import type { Range } from '../../core/event-fields.ts'
import { ID_PATTERN } from '../../core/ids.ts'
import { invalidRequest } from '../failure.ts'
import type { GatewayFailure } from '../failure.ts'
import { requestSchemas } from './named.ts'

/** No control characters, and no half of a surrogate pair, which UTF-8 cannot carry. */
const NAME_PATTERN = /^[^\p{Cc}\p{Cs}]*$/u

export const instant = z.iso
  .datetime({ offset: true, error: 'Must be an ISO 8601 time with an offset, such as 2026-01-01T18:00:00Z.' })
  .transform((text) => new Date(text).toISOString())

const within = ({ min, max }: Range): z.ZodInt => z.int().min(min).max(max)

const capacity = within(EVENT_RANGES.capacity)
const admitPerMinute = within(EVENT_RANGES.admitPerMinute).nullable()

export const eventName = z
  .string()
  .min(1)
  .max(NAME_CHARS_MAX)
  .regex(NAME_PATTERN, 'Must not contain control characters.')

const FIELDS = {
  name: eventName,
  capacity,
  poolId: z.string().regex(ID_PATTERN, `Must match ${ID_PATTERN.source}`).nullable(),
  admitPerMinute,
  batchSizeMax: within(EVENT_RANGES.batchSizeMax),
  entryTokenTtlSeconds: within(EVENT_RANGES.entryTokenTtlSeconds),
  leaseTtlSeconds: within(EVENT_RANGES.leaseTtlSeconds),
  maxSessionSeconds: within(EVENT_RANGES.maxSessionSeconds),
  disconnectGraceSeconds: within(EVENT_RANGES.disconnectGraceSeconds),
  queueing: z.enum(QUEUEINGS),
  // An event sells out by the operator's action, never by configuration.
  status: z.enum(['scheduled', 'open', 'paused', 'closed']),
  opensAt: instant.nullable(),
  closesAt: instant.nullable(),
  public: z.boolean(),
  expectedPeak: within(EVENT_RANGES.expectedPeak).nullable(),
}

export const eventConfigBody = z
  .strictObject({
    // Without one, the event's id.
    name: z.exactOptional(FIELDS.name),
    capacity: FIELDS.capacity,
    poolId: FIELDS.poolId.default(EVENT_DEFAULTS.poolId),
    admitPerMinute: FIELDS.admitPerMinute.default(EVENT_DEFAULTS.admitPerMinute),
    batchSizeMax: FIELDS.batchSizeMax.default(EVENT_DEFAULTS.batchSizeMax),
    entryTokenTtlSeconds: FIELDS.entryTokenTtlSeconds.default(EVENT_DEFAULTS.entryTokenTtlSeconds),
    leaseTtlSeconds: FIELDS.leaseTtlSeconds.default(EVENT_DEFAULTS.leaseTtlSeconds),
    maxSessionSeconds: FIELDS.maxSessionSeconds.default(EVENT_DEFAULTS.maxSessionSeconds),
    disconnectGraceSeconds: FIELDS.disconnectGraceSeconds.default(EVENT_DEFAULTS.disconnectGraceSeconds),
    queueing: FIELDS.queueing.default(EVENT_DEFAULTS.queueing),
    // Without one, a new event is open and an existing one stays as it is.
    status: z.exactOptional(FIELDS.status),
    opensAt: FIELDS.opensAt.default(EVENT_DEFAULTS.opensAt),
    closesAt: FIELDS.closesAt.default(EVENT_DEFAULTS.closesAt),
    public: FIELDS.public.default(EVENT_DEFAULTS.public),
    expectedPeak: FIELDS.expectedPeak.default(EVENT_DEFAULTS.expectedPeak),
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
  return { ...body, name: body.name ?? eventId, status: body.status ?? EVENT_DEFAULTS.status }
}

/** What is wrong between fields that are each fine, judged on the configuration as it would become. */
export function scheduleFault(config: Pick<EventConfig, 'opensAt' | 'closesAt'>): GatewayFailure | null {
  const { opensAt, closesAt } = config
  if (opensAt === null || closesAt === null || Date.parse(closesAt) > Date.parse(opensAt)) return null
  return invalidRequest({ pointer: '/closesAt', detail: 'Must be later than opensAt.' })
}
