/** The `data:` of each event of a stream, for the OpenAPI document. `timestamp` is epoch milliseconds. */
import * as z from 'zod'
import { DROP_STATUSES } from '../../core/drop-news.ts'
import { EVENT_STATUSES } from '../../core/event-config.ts'
import { responseSchemas } from './named.ts'

const timestamp = z.int().nonnegative()

const position = z
  .object({
    type: z.literal('QUEUE_POSITION'),
    eventId: z.string(),
    position: z.int().positive().nullable(),
    totalWaiting: z.int().nonnegative(),
    etaSeconds: z.object({ low: z.number(), high: z.number() }).nullable(),
    timestamp,
  })
  .register(responseSchemas, { id: 'StreamPosition' })

const promotion = z
  .object({
    type: z.literal('PROMOTED'),
    eventId: z.string(),
    admissionId: z.string(),
    entryToken: z.string(),
    expiresAt: z.iso.datetime(),
    message: z.string(),
    timestamp,
  })
  .register(responseSchemas, { id: 'StreamPromotion' })

const seats = z
  .object({
    type: z.literal('SEATS'),
    eventId: z.string(),
    version: z.int().positive(),
    previousVersion: z.int().nonnegative(),
    seats: z.array(z.object({ seatId: z.string(), state: z.enum(['free', 'held', 'sold']) })),
    timestamp,
  })
  .register(responseSchemas, { id: 'StreamSeats' })

const drop = z
  .object({
    type: z.literal('DROP'),
    eventId: z.string(),
    dropId: z.string(),
    status: z.enum(DROP_STATUSES),
    epoch: z.int().positive(),
    timestamp,
  })
  .register(responseSchemas, { id: 'StreamDrop' })

const heartbeat = z
  .object({ type: z.literal('HEARTBEAT'), timestamp })
  .register(responseSchemas, { id: 'StreamHeartbeat' })

const status = z
  .object({ type: z.literal('EVENT_STATUS'), status: z.enum(EVENT_STATUSES), timestamp })
  .register(responseSchemas, { id: 'StreamStatus' })

const end = z
  .object({
    type: z.literal('END'),
    reason: z.enum(['left', 'expired', 'completed', 'sold_out', 'closed', 'replaced']),
    timestamp,
  })
  .register(responseSchemas, { id: 'StreamEnd' })

export const streamEvent = z
  .discriminatedUnion('type', [position, promotion, seats, drop, heartbeat, status, end])
  .register(responseSchemas, { id: 'StreamEvent' })
