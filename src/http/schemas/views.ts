/** The JSON that the API answers with; `satisfies` keeps each schema in step with the type that the line fills. */
import * as z from 'zod'
import { EVENT_STATUSES, QUEUEINGS } from '../../core/event-config.ts'
import { ADMISSION_STATES, OUTCOMES, PLACE_STATES } from '../../core/views.ts'
import type { Admission, EventDetail, EventStatus, Place, Progress } from '../../core/views.ts'
import type { PoolConfig } from '../../ports/registry.ts'
import { responseSchemas } from './named.ts'

const count = z.int().nonnegative()
const instant = z.iso.datetime()
const etaSeconds = z.object({ low: z.number().nonnegative(), high: z.number().nonnegative() }).nullable()

const lottery = z
  .object({ commitment: z.string(), seed: z.string().nullable(), entrants: count.nullable() })
  .register(responseSchemas, { id: 'Lottery' })

export const eventStatus = z.object({
  eventId: z.string(),
  name: z.string(),
  status: z.enum(EVENT_STATUSES),
  queueing: z.enum(QUEUEINGS),
  capacity: count,
  waiting: count,
  admitted: count,
  nowServing: count,
  admitPerMinute: count.nullable(),
  opensAt: instant.nullable(),
  closesAt: instant.nullable(),
  etaSeconds,
  updatedAt: instant,
  holding: z.boolean(),
  lottery: z.exactOptional(lottery),
}) satisfies z.ZodType<EventStatus>
eventStatus.register(responseSchemas, { id: 'EventStatus' })

export const progress = z.object({
  eventId: z.string(),
  status: z.enum(EVENT_STATUSES),
  holding: z.boolean(),
  waiting: count,
  nowServing: count,
  pacePerMinute: z.object({ low: z.number().positive(), high: z.number().positive() }).nullable(),
  steps: z.array(z.tuple([count, count])),
  updatedAt: instant,
}) satisfies z.ZodType<Progress>
progress.register(responseSchemas, { id: 'Progress' })

export const eventList = z
  .object({ events: z.array(eventStatus) })
  .register(responseSchemas, { id: 'EventList' })

export const place = z.object({
  eventId: z.string(),
  userId: z.string(),
  state: z.enum(PLACE_STATES),
  position: z.int().positive().nullable(),
  totalWaiting: count,
  etaSeconds,
  pollAfterMs: count,
  joinedAt: instant,
  joinNumber: z.int().positive(),
  number: z.int().positive().nullable(),
  admissionId: z.string().nullable(),
  entryToken: z.string().nullable(),
  entryTokenExpiresAt: instant.nullable(),
  leaseExpiresAt: instant.nullable(),
}) satisfies z.ZodType<Place>
place.register(responseSchemas, { id: 'Place' })

export const admission = z.object({
  admissionId: z.string(),
  eventId: z.string(),
  userId: z.string(),
  state: z.enum(ADMISSION_STATES),
  admittedAt: instant,
  redeemedAt: instant.nullable(),
  leaseExpiresAt: instant,
  endedAt: instant.nullable(),
  outcome: z.enum(OUTCOMES).nullable(),
}) satisfies z.ZodType<Admission>
admission.register(responseSchemas, { id: 'Admission' })

export const eventDetail = z.object({
  eventId: z.string(),
  name: z.string(),
  capacity: count,
  poolId: z.string().nullable(),
  admitPerMinute: count.nullable(),
  batchSizeMax: count,
  entryTokenTtlSeconds: count,
  leaseTtlSeconds: count,
  maxSessionSeconds: count,
  disconnectGraceSeconds: count,
  queueing: z.enum(QUEUEINGS),
  status: z.enum(EVENT_STATUSES),
  opensAt: instant.nullable(),
  closesAt: instant.nullable(),
  public: z.boolean(),
  expectedPeak: count.nullable(),
  waiting: count,
  present: count,
  admitted: count,
  streams: count,
  nowServing: count,
  joinedTotal: count,
  admittedTotal: count,
  holding: z.boolean(),
  createdAt: instant,
  updatedAt: instant,
}) satisfies z.ZodType<EventDetail>
eventDetail.register(responseSchemas, { id: 'EventDetail' })

export const eventDetailList = z
  .object({ events: z.array(eventDetail), unanswered: z.exactOptional(z.array(z.string())) })
  .register(responseSchemas, { id: 'EventDetailList' })

export const pool = z.object({
  poolId: z.string(),
  capacity: count,
  admitPerMinute: count.nullable(),
  version: count,
}) satisfies z.ZodType<PoolConfig>
pool.register(responseSchemas, { id: 'Pool' })

export const poolList = z.object({ pools: z.array(pool) }).register(responseSchemas, { id: 'PoolList' })

export const session = z
  .object({ userId: z.string(), token: z.string(), expiresAt: instant })
  .register(responseSchemas, { id: 'Session' })

const check = z.enum(['ok', 'failing'])
export const health = z
  .object({ status: z.enum(['ok', 'degraded']), checks: z.object({ registry: check, redis: check }) })
  .register(responseSchemas, { id: 'Health' })

export const jsonWebKeySet = z
  .object({
    keys: z.array(
      z.object({
        kty: z.literal('EC'),
        crv: z.literal('P-256'),
        x: z.string(),
        y: z.string(),
        kid: z.string(),
        alg: z.literal('ES256'),
        use: z.literal('sig'),
      }),
    ),
  })
  .register(responseSchemas, { id: 'JsonWebKeySet' })

export const problem = z
  .looseObject({
    type: z.url(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string(),
    code: z.string(),
    errors: z.exactOptional(z.array(z.object({ pointer: z.string(), detail: z.string() }))),
  })
  .register(responseSchemas, { id: 'Problem' })
